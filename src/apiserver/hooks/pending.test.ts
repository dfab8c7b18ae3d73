import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from '../../lib/manual-clock.ts';
import { pendingAllocationMs, pendingAllocationsMax } from './limits.ts';
import { Pending } from './pending.ts';

test('a value is pending for a while, or until it is seen', () => {
  const clock = createManualClock();
  const pending = new Pending<number>(clock);
  pending.add(1);
  clock.advance(pendingAllocationMs - 1);
  pending.add(2);
  assert.deepEqual(
    [1, 2, 3].map((value) => pending.has(value)),
    [true, true, false],
  );
  clock.advance(1);
  assert.deepEqual([pending.has(1), pending.has(2)], [false, true]);
  pending.delete(2);
  assert.equal(pending.has(2), false);
});

test('adding again starts the while anew', () => {
  const clock = createManualClock();
  const pending = new Pending<number>(clock);
  pending.add(1);
  clock.advance(pendingAllocationMs - 1);
  pending.add(1);
  clock.advance(pendingAllocationMs - 1);
  assert.equal(pending.has(1), true);
});

test('no more than so many are remembered: the oldest goes', () => {
  const pending = new Pending<number>(createManualClock());
  for (let value = 0; value <= pendingAllocationsMax; value++) pending.add(value);
  assert.deepEqual([pending.has(0), pending.has(1), pending.has(pendingAllocationsMax)], [false, true, true]);
});
