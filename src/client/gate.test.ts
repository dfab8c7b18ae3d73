import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from './gate.ts';

test('no more than the most are let in, in their order, and a failure makes room too', async () => {
  const gate = new Gate(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  let under = 0;
  const all = Array.from({ length: 6 }, (_, index) =>
    gate.run(async () => {
      begun.push(index);
      assert.ok(++under <= 2);
      await new Promise<void>((resolve) => ends.push(resolve));
      under--;
      if (index === 1) throw new Error('refused');
      return index;
    }),
  );
  const settled = Promise.allSettled(all);
  assert.equal(gate.waiting, 4);
  for (let turn = 0; turn < 6; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    ends.shift()?.();
  }
  const results = (await settled).map((each) => (each.status === 'fulfilled' ? each.value : 'refused'));
  assert.deepEqual(results, [0, 'refused', 2, 3, 4, 5]);
  assert.deepEqual([begun, gate.waiting, under], [[0, 1, 2, 3, 4, 5], 0, 0]);
});
