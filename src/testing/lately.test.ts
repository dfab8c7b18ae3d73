import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench } from './invariant-bench.ts';
import { Lately } from './lately.ts';
import { lateMilliseconds } from './limits.ts';

test('the most that was wanted lately counts, and what is wanted now counts for ever', async () => {
  const { world } = await bench();
  const lately = new Lately();
  const most = (at: number) => lately.most(world, 'a', { at, otherwise: 7 });
  assert.equal(most(0), 7);
  lately.note(world, 'a', { value: 5, at: 0 });
  lately.note(world, 'a', { value: 2, at: 1000 });
  lately.note(world, 'a', { value: 3, at: 2000 });
  assert.deepEqual(
    [most(2000), most(1000 + lateMilliseconds), most(1001 + lateMilliseconds), most(10 * lateMilliseconds)],
    [5, 5, 3, 3],
  );
  assert.equal(lately.most(world, 'b', { at: 0, otherwise: 7 }), 7);
});
