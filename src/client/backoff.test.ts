import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMilliseconds } from './backoff.ts';

const limits = { baseMilliseconds: 10, maxMilliseconds: 100, factor: 2, jitter: 0.5 };
const random = (value: number) => ({ next: () => value, uuid: () => '' });

test('waits grow to their maximum, and jitter lengthens them', () => {
  const waits = (value: number) =>
    [0, 1, 3, 4, 5000].map((attempt) => backoffMilliseconds(limits, attempt, random(value)));
  assert.deepEqual(waits(0), [10, 20, 80, 100, 100]);
  assert.deepEqual(waits(0.5), [12.5, 25, 100, 125, 125]);
});
