import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../lib/errors.ts';
import {
  CommitTooLargeError,
  CompactedError,
  DuplicateKeyError,
  FutureRevisionError,
  InvalidKeyError,
  StoreBusyError,
  StoreClosedError,
  StoreFullError,
  StoreLockedError,
  StoreOpenError,
} from './errors.ts';

test('what each error says', () => {
  const errors = [
    new CompactedError(3, 7),
    new FutureRevisionError(9, 7),
    new StoreFullError(),
    new StoreClosedError(),
    new StoreBusyError('commits', 10),
    new CommitTooLargeError('bytes', 11, 10),
    new DuplicateKeyError('a\nb'),
    new InvalidKeyError('\ud800'),
    new StoreLockedError('data'),
    new StoreOpenError('it is damaged'),
  ];
  const kind = (error: Error) => (error instanceof UserError ? 'user' : 'system');
  assert.deepEqual(
    errors.map((error) => `${kind(error)} ${error.name} ${error.code}: ${error.message}`),
    [
      'system CompactedError STORE_COMPACTED: revision 3 has been compacted; the oldest that is kept is 7',
      'system FutureRevisionError STORE_FUTURE_REVISION: revision 9 is in the future; the newest is 7',
      'system StoreFullError STORE_FULL: no space is left on the disk that holds the data; writes are refused until there is',
      'system StoreClosedError STORE_CLOSED: the store is closed',
      'system StoreBusyError STORE_BUSY: too many commits are under way; at most 10 may be',
      'system CommitTooLargeError STORE_COMMIT_TOO_LARGE: the commit has 11 bytes; at most 10 are possible',
      'system DuplicateKeyError STORE_DUPLICATE_KEY: the commit writes the key "a\\nb" more than once',
      'system InvalidKeyError STORE_INVALID_KEY: "\\ud800" cannot be a key; it must be non-empty, valid Unicode',
      'user StoreLockedError STORE_LOCKED: the data directory data is in use by another wherry process; stop that one, or give this one a --data-dir of its own',
      'user StoreOpenError STORE_OPEN: it is damaged',
    ],
  );
});
