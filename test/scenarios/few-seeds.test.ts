/** A few random histories for the inner loop, `npm run ok`: seeds.test.ts has the thousand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playSeeds } from './seed-pool.ts';
import { failureText, replayCommand } from './seeds.ts';

const seeds = [1, 2, 3, 4, 5, 6];

test(`seeds ${seeds.join(' ')}`, async () => {
  const failures: string[] = [];
  let played = 0;
  await playSeeds(seeds, (answer) => {
    played++;
    const text = failureText(answer);
    if (text !== undefined) failures.push(text);
  });
  assert.equal(failures.join('\n'), '');
  assert.equal(played, seeds.length);
});

test('a failure is told with its seed and the command that plays it again', () => {
  const outcome = { seed: 42, actions: [], violations: ['one', 'two'], revision: 1, faults: 0, digest: '' };
  assert.equal(
    failureText({ outcome }),
    'seed 42 fails:\none\ntwo\nagain: node_modules/.bin/node test/scenarios/seeds.ts --seed 42\n',
  );
  assert.equal(failureText({ outcome: { ...outcome, violations: [] } }), undefined);
  assert.equal(
    failureText({ seed: 7, failure: 'Error: x' }),
    `seed 7 fails:\nError: x\nagain: ${replayCommand(7)}\n`,
  );
});
