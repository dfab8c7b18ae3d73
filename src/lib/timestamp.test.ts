import assert from 'node:assert/strict';
import { test } from 'node:test';
import { microTimestamp, timestamp } from './timestamp.ts';

test('seconds are cut off, not rounded, and microseconds have six digits', () => {
  const time = Date.UTC(2026, 0, 1) + 1999;
  assert.equal(timestamp(time), '2026-01-01T00:00:01Z');
  assert.equal(microTimestamp(time), '2026-01-01T00:00:01.999000Z');
});
