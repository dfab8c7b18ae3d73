/**
 * The store is a log: one increasing revision per commit, compare-and-set per key, an ordered watch from any
 * revision that is kept, compaction. It knows nothing about Kubernetes: keys are strings, values are bytes.
 *
 * An empty store is at revision 1 and its first commit is 2, as in etcd: 0 stays free to mean "any" or "absent".
 * Revisions grow by one and never go back, whatever is compacted. Keys are non-empty, well-formed Unicode in the order
 * of their UTF-8 bytes. The store keeps the byte arrays that it is given and hands the same ones on, some as views of
 * a larger buffer: nobody changes them.
 *
 * Every implementation passes `contract.ts`. An acknowledged commit is durable where the store is (sqlite: it
 * survives kill -9 and power loss).
 */

export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  /** The revision of the commit that created the key (again, after a delete). */
  readonly createRevision: number;
  /** The revision of the last commit that put the key. */
  readonly revision: number;
}

export interface RangeRequest {
  /** Keys from here on, in byte order. */
  readonly from: string;
  /** Keys below this; left out: only the key `from` itself. */
  readonly to?: string;
  /** At most so many entries; 0 asks for the revision alone and costs no I/O in the embedded stores; `more` is then false. */
  readonly limit?: number;
  /** The state as of this revision; left out: the newest, linearizable. */
  readonly revision?: number;
}

export interface RangeResult {
  readonly entries: readonly Entry[];
  /** The newest revision of the store when it answered. */
  readonly revision: number;
  /** There are more entries than `limit`. */
  readonly more: boolean;
}

export interface Operation {
  readonly type: 'put' | 'delete' | 'check';
  readonly key: string;
  /** For `put`. */
  readonly value?: Uint8Array;
  /**
   * The revision that the key must have now: 0 means it must not exist; left out: whatever it is.
   * `check` only compares, so that a commit can depend on a key it does not write.
   */
  readonly expect?: number;
}

export type CommitResult =
  | { readonly committed: true; readonly revision: number }
  /** Nothing was written. `key` is the first operation's whose expectation failed, `actual` its revision (0: absent). */
  | { readonly committed: false; readonly key: string; readonly actual: number };

export interface StoreEvent {
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** Empty for a delete. */
  readonly value: Uint8Array;
  /** The revision of the commit; several events share it when the commit had several operations. */
  readonly revision: number;
  /** For a put: equals `revision` when the key is new. 0 for a delete. */
  readonly createRevision: number;
}

/** Called synchronously, so that no queue can grow. One that throws ends its watch with what it threw. */
export interface WatchHandlers {
  /** All events of one or more whole commits, in order. Each commit is delivered once and never split. */
  onEvents(events: readonly StoreEvent[]): void;
  /** Everything up to `revision` has been delivered, though nothing may have happened: after each page of the past and each group of commits. */
  onProgress?(revision: number): void;
  /** The watch has ended on its own: the store closed or failed, or the watcher fell too far behind. Start anew from a range. */
  onEnd(error: Error): void;
}

export interface Store {
  /** Reads one key or a range, now or as of a kept revision. Throws CompactedError, FutureRevisionError. */
  range(request: RangeRequest): Promise<RangeResult>;

  /**
   * All operations or none, at one new revision. Resolves when the commit is durable, and after the watchers in this
   * process have been called with it. A `delete` of an absent key without `expect` is a no-op; a commit in which no
   * operation changes anything takes no revision and answers the current one.
   * A key may be written once in a commit, and checked beside that.
   * Throws StoreFullError (disk full: nothing was written, reads go on), StoreClosedError (when the disk has failed
   * while the commit was under way, it may yet have been written), StoreBusyError (too many wait: try again later),
   * CommitTooLargeError, DuplicateKeyError, InvalidKeyError.
   */
  commit(operations: readonly Operation[]): Promise<CommitResult>;

  /**
   * Calls back with every event on keys in [from, to) after `afterRevision`, in order, first what is past, then what
   * comes. Never calls back before this returns. Returns the function that ends the watch.
   * A revision that is compacted ends the watch with CompactedError, one that has not happened with FutureRevisionError.
   */
  watch(range: { from: string; to: string; afterRevision: number }, handlers: WatchHandlers): () => void;

  /**
   * Forgets the history before `revision`: the state as of `revision` and all later events stay. Gives space
   * back, in steps between which commits go on. Throws FutureRevisionError, StoreFullError.
   */
  compact(revision: number): Promise<void>;

  /** Ends watches, waits for what is under way, releases files. Idempotent. */
  close(): Promise<void>;
}
