import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lane } from './lane.ts';

test('work goes one after another, in the order in which it came, whatever fails', async () => {
  const lane = new Lane();
  const log: string[] = [];
  const work = (name: string, turns: number, fails = false) =>
    lane.run(async () => {
      log.push(`${name} begins`);
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([work('a', 3), work('b', 2, true), work('c', 0)]);
  assert.deepEqual(log, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});

test('it is idle when nothing is under way', async () => {
  const lane = new Lane();
  assert.equal(lane.idle, true);
  const run = lane.run(async () => {});
  assert.equal(lane.idle, false);
  await run;
  assert.equal(lane.idle, true);
});
