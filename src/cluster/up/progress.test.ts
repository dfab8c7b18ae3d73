import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress } from './progress.ts';

function progressOn(isTerminal: boolean): { progress: Progress; text: () => string; pass(ms: number): void } {
  let text = '';
  let now = 0;
  const write = (more: string) => {
    text += more;
  };
  return {
    progress: new Progress({ write, isTerminal, columns: 40 }, () => now),
    text: () => text,
    pass: (milliseconds) => {
      now += milliseconds;
    },
  };
}

test('without a terminal a step is one line, when it is over', async () => {
  const { progress, text, pass } = progressOn(false);
  progress.line('cluster x');
  const value = await progress.step('server', 'starting', async (step) => {
    step.tell('still starting');
    pass(1250);
    step.result('ready');
    return 7;
  });
  assert.equal(value, 7);
  await assert.rejects(
    progress.step('nodes', '', async () => {
      throw new Error('no');
    }),
  );
  assert.equal(text().replaceAll(/ +/g, ' '), 'cluster x\n server ready 1.3 s\n nodes failed 0.0 s\n');
});

test('on a terminal the last line tells what is under way, in its width', async () => {
  const { progress, text } = progressOn(true);
  await progress.step('images', 'nginx (1 of 2)', async (step) => {
    step.tell('a text that is longer than the terminal is wide');
  });
  assert.deepEqual(text().split('\r\u001b[K'), [
    '  images: nginx (1 of 2)',
    '  images: a text that is longer than t',
    `  ${'images'.padEnd(9)} ${'done'.padEnd(66)}  0.0 s\n`,
  ]);
});
