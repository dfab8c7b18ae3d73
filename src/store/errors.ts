import { UserError, WherryError } from '../lib/errors.ts';

/** The revision asked for is older than what compaction has left. */
export class CompactedError extends WherryError {
  /** The oldest revision that can still be asked for. */
  readonly oldestRevision: number;

  constructor(asked: number, oldestRevision: number) {
    super(
      'STORE_COMPACTED',
      `revision ${asked} has been compacted; the oldest that is kept is ${oldestRevision}`,
    );
    this.oldestRevision = oldestRevision;
  }
}

/** The revision asked for has not happened yet. */
export class FutureRevisionError extends WherryError {
  constructor(asked: number, newest: number) {
    super('STORE_FUTURE_REVISION', `revision ${asked} is in the future; the newest is ${newest}`);
  }
}

/** No space is left on the device: writes are refused until there is, reads go on. */
export class StoreFullError extends WherryError {
  constructor(cause?: unknown) {
    super(
      'STORE_FULL',
      'no space is left on the disk that holds the data; writes are refused until there is',
      { cause },
    );
  }
}

/** The store has been closed, or its file has failed for good. */
export class StoreClosedError extends WherryError {
  constructor(cause?: unknown) {
    super('STORE_CLOSED', 'the store is closed', { cause });
  }
}

/** Another process holds this data directory. */
export class StoreLockedError extends UserError {
  constructor(directory: string) {
    super(
      'STORE_LOCKED',
      `the data directory ${directory} is in use by another wherry process; stop that one, or give this one a --data-dir of its own`,
    );
  }
}

/** More is under way than `limits.ts` allows: nothing was done, try again. */
export class StoreBusyError extends WherryError {
  constructor(what: string, limit: number) {
    super('STORE_BUSY', `too many ${what} are under way; at most ${limit} may be`);
  }
}

/** A commit larger than `limits.ts` allows: nothing was written, and trying again does not help. */
export class CommitTooLargeError extends WherryError {
  constructor(what: string, found: number, limit: number) {
    super('STORE_COMMIT_TOO_LARGE', `the commit has ${found} ${what}; at most ${limit} are possible`);
  }
}

/** One commit writes a key twice: which of the two is meant cannot be said. */
export class DuplicateKeyError extends WherryError {
  constructor(key: string) {
    super('STORE_DUPLICATE_KEY', `the commit writes the key ${JSON.stringify(key)} more than once`);
  }
}

/** Keys are neither empty nor half a character. */
export class InvalidKeyError extends WherryError {
  constructor(key: string) {
    super('STORE_INVALID_KEY', `${JSON.stringify(key)} cannot be a key; it must be non-empty, valid Unicode`);
  }
}

/** The data directory or the database in it cannot be used. */
export class StoreOpenError extends UserError {
  constructor(message: string, cause?: unknown) {
    super('STORE_OPEN', message, { cause });
  }
}
