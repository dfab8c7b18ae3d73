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
