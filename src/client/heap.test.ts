import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Heap } from './heap.ts';

test('a heap gives the least first, and equal ones in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (ranks) => {
      const heap = new Heap<[number, number]>();
      for (const [index, rank] of ranks.entries()) heap.push(rank, [rank, index]);
      const expected = ranks.map((rank, index): [number, number] => [rank, index]).sort(([a], [b]) => a - b);
      assert.equal(heap.size, ranks.length);
      const popped: unknown[] = [];
      while (heap.size > 0) {
        assert.equal(heap.leastRank, expected[popped.length]?.[0]);
        popped.push(heap.pop());
      }
      assert.deepEqual(popped, expected);
      assert.equal(heap.pop(), undefined);
    }),
    { interruptAfterTimeLimit: 2000 },
  );
});
