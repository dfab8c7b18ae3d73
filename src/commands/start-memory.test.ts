import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createManualClock } from '../lib/manual-clock.ts';
import { releaseStartMemory } from './start-memory.ts';

/** What is asked of V8, instead of V8. */
function collections(context: TestContext): unknown[] {
  const asked: unknown[] = [];
  const before = globalThis.gc;
  context.after(() => {
    globalThis.gc = before;
  });
  globalThis.gc = ((options: unknown) => {
    asked.push(options);
  }) as typeof globalThis.gc;
  return asked;
}

const all = { type: 'major', flavor: 'last-resort' };

test('the memory of a start is given back once, after control loops have listed', async (context) => {
  const asked = collections(context);
  const clock = createManualClock();
  releaseStartMemory(clock, () => 0);
  assert.deepEqual(asked, []);
  await clock.advance(60_000);
  assert.deepEqual(asked, [all]);
});

test('a busy process waits for a quiet moment', async (context) => {
  const asked = collections(context);
  const clock = createManualClock();
  let share = 0.9;
  releaseStartMemory(clock, () => share);
  await clock.advance(10_000);
  assert.deepEqual(asked, []);
  share = 0.1;
  await clock.advance(1500);
  assert.deepEqual(asked, [all]);
});

test('who is always busy is left alone for good', async (context) => {
  const asked = collections(context);
  const clock = createManualClock();
  let looks = 0;
  releaseStartMemory(clock, () => {
    looks++;
    return 1;
  });
  await clock.advance(600_000);
  assert.deepEqual(asked, []);
  assert.equal(looks, 21);
});

test('without --expose-gc nothing happens', async (context) => {
  collections(context);
  globalThis.gc = undefined;
  const clock = createManualClock();
  releaseStartMemory(clock, () => 0);
  await clock.advance(60_000);
});
