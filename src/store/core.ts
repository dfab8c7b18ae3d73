import type { Backend, CommitOutcome, LogState, PageRequest } from './backend.ts';
import { CommitQueue } from './commit-queue.ts';
import { CompactedError, FutureRevisionError, StoreBusyError, StoreClosedError } from './errors.ts';
import { History } from './history.ts';
import { checkKey } from './keys.ts';
import type { StoreLimits } from './limits.ts';
import type {
  CommitResult,
  Entry,
  Operation,
  RangeRequest,
  RangeResult,
  Store,
  StoreEvent,
  WatchHandlers,
} from './store.ts';
import { checkCommit } from './transaction.ts';
import { Watches } from './watches.ts';

/** Numbers for the metrics page. */
export interface StoreStats extends LogState {
  readonly watchers: number;
  readonly commitsWaiting: number;
  /** Commits that changed something, since the store was opened. */
  readonly commits: number;
  /** Flushes to disk that they took. */
  readonly groups: number;
}

interface Read {
  readonly revision: number;
}

/** The store on top of a backend: all that does not depend on where the log is kept. */
export class StoreCore implements Store {
  readonly #backend: Backend;
  readonly #limits: StoreLimits;
  readonly #state: { revision: number; compacted: number };
  readonly #history: History;
  readonly #watches: Watches;
  readonly #queue: CommitQueue;
  /** Ranges under way: a compaction lets those finish that read an older state. */
  readonly #reads = new Set<Read>();
  #readEnded: (() => void)[] = [];
  #compaction: Promise<void> = Promise.resolve();
  /** A compaction is marked and not known to be done: also one that a full disk or the end of a process stopped. */
  #mayForget: boolean;
  #commits = 0;
  /** Set when nothing new is taken any more. */
  #closed: StoreClosedError | undefined;
  #closing: Promise<void> | undefined;

  constructor(backend: Backend, state: LogState, limits: StoreLimits) {
    this.#backend = backend;
    this.#limits = limits;
    this.#state = { ...state };
    this.#mayForget = state.compacted > 0;
    this.#history = new History(state.revision, limits);
    const fail = (error: Error) => this.fail(error);
    this.#watches = new Watches({
      limits,
      history: this.#history,
      state: this.#state,
      replay: (request) => backend.replay(request),
      fail,
    });
    this.#queue = new CommitQueue({ backend, limits, apply: (outcomes) => this.#apply(outcomes), fail });
  }

  stats(): StoreStats {
    return {
      ...this.#state,
      watchers: this.#watches.count,
      commitsWaiting: this.#queue.waiting,
      commits: this.#commits,
      groups: this.#queue.groups,
    };
  }

  async range(request: RangeRequest): Promise<RangeResult> {
    this.#checkOpen();
    const { limit = Number.POSITIVE_INFINITY, revision } = request;
    if (revision !== undefined) this.#checkRevision(revision);
    if (limit <= 0) return { entries: [], revision: this.#state.revision, more: false };
    checkKey(request.from);
    if (request.to !== undefined) checkKey(request.to);
    if (this.#reads.size >= this.#limits.readsMax) throw new StoreBusyError('reads', this.#limits.readsMax);
    const read: Read = { revision: revision ?? this.#state.revision };
    this.#reads.add(read);
    try {
      return await this.#rangePages(request, limit);
    } finally {
      this.#reads.delete(read);
      const ended = this.#readEnded;
      this.#readEnded = [];
      for (const resolve of ended) resolve();
    }
  }

  async commit(operations: readonly Operation[]): Promise<CommitResult> {
    this.#checkOpen();
    return this.#queue.push(operations, checkCommit(operations, this.#limits));
  }

  watch(range: { from: string; to: string; afterRevision: number }, handlers: WatchHandlers): () => void {
    checkKey(range.from);
    checkKey(range.to);
    return this.#watches.add(range, handlers, this.#closed);
  }

  compact(revision: number): Promise<void> {
    const done = this.#compaction.then(() => this.#compact(revision));
    this.#compaction = done.catch(() => {});
    return done;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The backend has failed for good: what is under way is rejected, watches end, nothing works from here on. */
  fail(cause: unknown): void {
    const error = new StoreClosedError(cause);
    this.#closed ??= error;
    this.#queue.rejectAll(error);
    this.#watches.endAll(error);
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreClosedError(this.#closed.cause);
  }

  #checkRevision(revision: number): void {
    if (revision > this.#state.revision) throw new FutureRevisionError(revision, this.#state.revision);
    if (revision < this.#state.compacted) throw new CompactedError(revision, this.#state.compacted);
  }

  /** The first page says which state is read; the others read the same one. */
  async #rangePages(request: RangeRequest, limit: number): Promise<RangeResult> {
    const { from, to, revision } = request;
    const pageOf = (fromKey: string, asOf: number | undefined, left: number): PageRequest => ({
      from: fromKey,
      to,
      limit: Math.min(left, this.#limits.pageEntriesMax),
      revision: asOf,
    });
    const first = await this.#backend.range(pageOf(from, revision, limit));
    if (!first.more || first.entries.length >= limit) return first;
    const entries: Entry[] = [...first.entries];
    let more = true;
    while (more && entries.length < limit) {
      const next = `${entries[entries.length - 1]!.key}\0`;
      const page = await this.#backend.range(
        pageOf(next, revision ?? first.revision, limit - entries.length),
      );
      for (const entry of page.entries) entries.push(entry);
      more = page.more;
    }
    return { entries, revision: first.revision, more };
  }

  #apply(outcomes: readonly CommitOutcome[]): void {
    const events: StoreEvent[] = [];
    for (const outcome of outcomes) {
      if (!outcome.committed || outcome.events.length === 0) continue;
      this.#commits++;
      this.#state.revision = outcome.revision;
      this.#history.push(outcome.revision, outcome.events);
      for (const event of outcome.events) events.push(event);
    }
    if (events.length > 0) this.#watches.dispatch(events, this.#state.revision);
  }

  async #compact(revision: number): Promise<void> {
    this.#checkOpen();
    if (revision > this.#state.revision) throw new FutureRevisionError(revision, this.#state.revision);
    if (revision > this.#state.compacted) {
      await this.#backend.compact(revision);
      this.#state.compacted = revision;
      this.#mayForget = true;
    }
    if (!this.#mayForget) return;
    const { compacted } = this.#state;
    while (!this.#closed && this.#readsBefore(compacted))
      await new Promise<void>((resolve) => this.#readEnded.push(resolve));
    while (!this.#closed && this.#mayForget) this.#mayForget = !(await this.#backend.compact(compacted));
  }

  #readsBefore(revision: number): boolean {
    for (const read of this.#reads) if (read.revision < revision) return true;
    return false;
  }

  async #close(): Promise<void> {
    const closed = new StoreClosedError();
    this.#closed ??= closed;
    await this.#queue.drained();
    this.#watches.endAll(closed);
    await this.#compaction;
    while (this.#reads.size > 0) await new Promise<void>((resolve) => this.#readEnded.push(resolve));
    await this.#backend.close();
  }
}
