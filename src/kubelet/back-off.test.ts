import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BackOffEntry, nextBackOff, remainingWait } from './back-off.ts';

const limits = { millisecondsMin: 10_000, millisecondsMax: 300_000 };

test('the wait doubles with every failure up to five minutes', () => {
  let entry: BackOffEntry | undefined;
  let now = 0;
  const waits = Array.from({ length: 8 }, () => {
    // It runs for a second each time.
    entry = nextBackOff(entry, { since: now, now }, limits);
    now += 1000;
    const wait = remainingWait(entry, { since: now, now }, limits);
    now += wait;
    return wait / 1000;
  });
  assert.deepEqual(waits, [10, 20, 40, 80, 160, 300, 300, 300]);
});

test('a wait counts from the failure', () => {
  const entry = { milliseconds: 10_000, setAt: 0 };
  assert.equal(remainingWait(entry, { since: 5000, now: 5000 }, limits), 10_000);
  assert.equal(remainingWait(entry, { since: 5000, now: 14_999 }, limits), 1);
  assert.equal(remainingWait(entry, { since: 5000, now: 15_000 }, limits), 0);
  assert.equal(remainingWait(undefined, { since: 5000, now: 5000 }, limits), 0);
});

test('what ran well for ten minutes begins anew', () => {
  const entry = { milliseconds: 300_000, setAt: 0 };
  const after = (since: number) => ({
    wait: remainingWait(entry, { since, now: since }, limits),
    next: nextBackOff(entry, { since, now: since }, limits).milliseconds,
  });
  assert.deepEqual(after(600_000), { wait: 300_000, next: 300_000 });
  assert.deepEqual(after(600_001), { wait: 0, next: 10_000 });
});
