import type { StoreLimits } from './limits.ts';
import type { StoreEvent } from './store.ts';

interface PastCommit {
  readonly revision: number;
  readonly events: readonly StoreEvent[];
  readonly bytes: number;
}

/** The newest commits, in memory: a watcher that is only a little behind joins from here without I/O. */
export class History {
  readonly #limits: StoreLimits;
  /** Those before `#head` are forgotten; the array is cut when they are half of it. */
  #commits: (PastCommit | undefined)[] = [];
  #head = 0;
  #events = 0;
  #bytes = 0;
  /** Every commit after this revision is here. */
  #after: number;

  constructor(afterRevision: number, limits: StoreLimits) {
    this.#after = afterRevision;
    this.#limits = limits;
  }

  get after(): number {
    return this.#after;
  }

  push(revision: number, events: readonly StoreEvent[]): void {
    const bytes = events.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
    this.#commits.push({ revision, events, bytes });
    this.#events += events.length;
    this.#bytes += bytes;
    while (this.#events > this.#limits.historyEventsMax || this.#bytes > this.#limits.historyBytesMax)
      this.#forgetOldest();
  }

  /** The events after a revision that is not below `after`, of keys that match. */
  since(revision: number, matches: (key: string) => boolean): StoreEvent[] {
    const events: StoreEvent[] = [];
    for (let index = this.#firstAfter(revision); index < this.#commits.length; index++)
      for (const event of this.#commits[index]!.events) if (matches(event.key)) events.push(event);
    return events;
  }

  #forgetOldest(): void {
    const oldest = this.#commits[this.#head]!;
    this.#commits[this.#head] = undefined;
    this.#head++;
    this.#events -= oldest.events.length;
    this.#bytes -= oldest.bytes;
    this.#after = oldest.revision;
    if (this.#head * 2 < this.#commits.length) return;
    this.#commits = this.#commits.slice(this.#head);
    this.#head = 0;
  }

  #firstAfter(revision: number): number {
    let low = this.#head;
    let high = this.#commits.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#commits[middle]!.revision > revision) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
