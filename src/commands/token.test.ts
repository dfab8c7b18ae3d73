import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeToLive } from './token.ts';
import { UsageError } from './usage-error.ts';

test('how long a token is good', () => {
  assert.deepEqual(['24h', '90m', '30s', '0'].map(timeToLive), [86_400_000, 5_400_000, 30_000, undefined]);
  for (const text of ['', '1', '1d', '-1h', '0h', '1.5h'])
    assert.throws(
      () => timeToLive(text),
      (error) => error instanceof UsageError && /^--ttl is /.test(error.message),
    );
});
