import type { Backend, CommitOutcome, Page, PageRequest, ReplayPage, ReplayRequest } from './backend.ts';
import { StoreCore } from './core.ts';
import { rangeMatcher } from './keys.ts';
import { type StoreLimits, storeLimits } from './limits.ts';
import { SortedKeys } from './sorted-keys.ts';
import type { Entry, Operation, StoreEvent } from './store.ts';
import { evaluate, type KeyState } from './transaction.ts';

export interface MemoryStoreOptions {
  /** For tests that want to reach a bound. */
  readonly limits?: Partial<StoreLimits>;
}

/** A store that lives as long as the process: for tests and throw-away clusters. Ready when this returns. */
export function createMemoryStore(options: MemoryStoreOptions = {}): StoreCore {
  const limits = { ...storeLimits, ...options.limits };
  return new StoreCore(new MemoryBackend(limits), { revision: 1, compacted: 0 }, limits);
}

interface PastCommit {
  readonly revision: number;
  readonly events: readonly StoreEvent[];
}

/** Exported for its test. */
export class MemoryBackend implements Backend {
  readonly #limits: StoreLimits;
  #revision = 1;
  #compacted = 0;
  /** The kept events of a key, oldest first; a delete is one. A key is here and in `#keys`, or in neither. */
  readonly #versions = new Map<string, StoreEvent[]>();
  readonly #keys = new SortedKeys();
  /** All commits after the compacted revision, and those before that have yet to be forgotten. */
  #log: PastCommit[] = [];

  constructor(limits: StoreLimits) {
    this.#limits = limits;
  }

  commit(
    group: readonly (readonly Operation[])[],
    done: (outcomes: readonly CommitOutcome[] | Error) => void,
  ): void {
    done(group.map((operations) => this.#commitOne(operations)));
  }

  async range({ from, to, limit, revision = this.#revision }: PageRequest): Promise<Page> {
    const keys = to === undefined ? [from] : this.#keys.range(from, to);
    const entries: Entry[] = [];
    for (const key of keys) {
      const version = this.#versionAt(key, revision);
      if (version === undefined || version.type === 'delete') continue;
      if (entries.length === limit) return { entries, revision: this.#revision, more: true };
      const { value, createRevision } = version;
      entries.push({ key, value, createRevision, revision: version.revision });
    }
    return { entries, revision: this.#revision, more: false };
  }

  async replay({ from, to, afterRevision }: ReplayRequest): Promise<ReplayPage> {
    await turn();
    const matches = rangeMatcher(from, to);
    const start = firstAfter(this.#log, afterRevision);
    const end = Math.min(this.#log.length, start + this.#limits.replayRevisionsMax);
    const events: StoreEvent[] = [];
    for (let index = start; index < end; index++)
      for (const event of this.#log[index]!.events) if (matches(event.key)) events.push(event);
    return { events, through: end === this.#log.length ? this.#revision : this.#log[end - 1]!.revision };
  }

  async compact(revision: number): Promise<boolean> {
    if (revision > this.#compacted) {
      this.#compacted = revision;
      return false;
    }
    await turn();
    const end = Math.min(firstAfter(this.#log, this.#compacted), this.#limits.compactionRowsMax);
    const forgotten = this.#log.slice(0, end);
    this.#log = this.#log.slice(end);
    for (const { events } of forgotten) for (const { key } of events) this.#forget(key);
    return this.#log.length === 0 || this.#log[0]!.revision > this.#compacted;
  }

  async close(): Promise<void> {}

  /** What is kept. */
  get size(): { keys: number; versions: number; commits: number } {
    let versions = 0;
    for (const kept of this.#versions.values()) versions += kept.length;
    return { keys: this.#versions.size, versions, commits: this.#log.length };
  }

  #commitOne(operations: readonly Operation[]): CommitOutcome {
    const outcome = evaluate(operations, this.#revision + 1, (key) => this.#newest(key));
    if (!outcome.committed || outcome.events.length === 0) return outcome;
    this.#revision = outcome.revision;
    for (const event of outcome.events) {
      const versions = this.#versions.get(event.key);
      if (versions) {
        versions.push(event);
      } else {
        this.#versions.set(event.key, [event]);
        this.#keys.add(event.key);
      }
    }
    this.#log.push({ revision: outcome.revision, events: outcome.events });
    return outcome;
  }

  #newest(key: string): KeyState | undefined {
    const version = this.#versions.get(key)?.at(-1);
    return version?.type === 'put' ? version : undefined;
  }

  #versionAt(key: string, revision: number): StoreEvent | undefined {
    const versions = this.#versions.get(key) ?? [];
    return versions[firstAfter(versions, revision) - 1];
  }

  /** Leaves what was newest at the compacted revision, unless that is a delete, and all that is later. */
  #forget(key: string): void {
    const versions = this.#versions.get(key);
    if (!versions) return;
    const newest = firstAfter(versions, this.#compacted) - 1;
    if (newest < 0) return;
    versions.splice(0, versions[newest]!.type === 'delete' ? newest + 1 : newest);
    if (versions.length > 0) return;
    this.#versions.delete(key);
    this.#keys.delete(key);
  }
}

/** Lets timers and sockets have their turn between two parts of a long work. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The index of the first whose revision is above this one. */
function firstAfter(sorted: readonly { readonly revision: number }[], revision: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]!.revision > revision) high = middle;
    else low = middle + 1;
  }
  return low;
}
