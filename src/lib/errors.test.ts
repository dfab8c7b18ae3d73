import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError, WherryError } from './errors.ts';

class DiskError extends WherryError {}

test('an error says what it is by its class and its code', () => {
  const cause = new Error('ENOSPC');
  const error = new DiskError('DISK_FULL', 'no room', { cause });
  assert.deepEqual(
    [error.name, error.code, error.message, error.cause],
    ['DiskError', 'DISK_FULL', 'no room', cause],
  );
  assert.ok(error instanceof WherryError && error instanceof Error);
  assert.match(String(error.stack), /^DiskError: no room\n|^Error: no room\n/);
});

test('faults of the user can be told from ours', () => {
  assert.ok(new UserError('BAD_FLAG', 'what?') instanceof WherryError);
  assert.equal(new WherryError('BROKEN', 'oh') instanceof UserError, false);
});
