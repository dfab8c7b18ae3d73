/**
 * Keys that wait for work. A key waits once, however often it is added; one that is added while it is under work waits
 * again when that is done, so two workers never have the same key. As upstream's workqueue, but single-threaded:
 * nothing blocks, `onReady` says that there is something to take.
 *
 * It is not bounded by a number: keys are names of objects, each is held once, and objects are bounded by the store.
 */
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { type BackoffLimits, backoffMilliseconds } from './backoff.ts';
import { Heap } from './heap.ts';
import { keyBackoff } from './limits.ts';
import type { QueueMeter } from './queue-meter.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly backoff?: BackoffLimits;
  /** Called, perhaps often, when there may be a key to take. */
  readonly onReady?: () => void;
  /** Where it is counted for metrics. */
  readonly meter?: QueueMeter;
}

export class WorkQueue {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #backoff: BackoffLimits;
  readonly #onReady: () => void;
  readonly #meter: QueueMeter | undefined;
  /** In the order in which they came. */
  readonly #waiting = new Set<string>();
  readonly #working = new Set<string>();
  /** Added while under work. */
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #later = new Heap<{ key: string; at: number }>();
  /** The earliest time for each key; entries of the heap that say otherwise are stale. */
  readonly #due = new Map<string, number>();
  #cancelTimer: () => void = () => {};
  #timerAt = Number.POSITIVE_INFINITY;
  #closed = false;
  #adds = 0;
  #retries = 0;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#backoff = options.backoff ?? keyBackoff;
    this.#onReady = options.onReady ?? (() => {});
    this.#meter = options.meter;
  }

  /** Keys that could be taken now. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** Keys that will be added by themselves. */
  get delayed(): number {
    return this.#due.size;
  }

  get working(): number {
    return this.#working.size;
  }

  /** Counted since the start: keys that came to wait, and adds after a failure. */
  get counts(): { adds: number; retries: number } {
    return { adds: this.#adds, retries: this.#retries };
  }

  add(key: string): void {
    if (this.#closed) return;
    if (this.#working.has(key)) {
      if (this.#again.has(key)) return;
      this.#again.add(key);
      this.#adds++;
      this.#meter?.added(key);
      return;
    }
    if (this.#waiting.has(key)) return;
    this.#waiting.add(key);
    this.#adds++;
    this.#meter?.added(key);
    this.#onReady();
  }

  /** Of several times for one key the earliest holds. */
  addAfter(key: string, milliseconds: number): void {
    if (this.#closed) return;
    // What is no number would never come due.
    if (!(milliseconds > 0)) {
      this.add(key);
      return;
    }
    const at = this.#clock.monotonic() + milliseconds;
    const known = this.#due.get(key);
    if (known !== undefined && known <= at) return;
    this.#due.set(key, at);
    this.#later.push(at, { key, at });
    this.#setTimer();
  }

  /** After a wait that doubles with each call, until `forget`. */
  addRateLimited(key: string): void {
    const failures = this.failures(key);
    this.#failures.set(key, failures + 1);
    this.#retries++;
    this.#meter?.retried();
    this.addAfter(key, backoffMilliseconds(this.#backoff, failures, this.#random));
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** How often in a row the key was added rate-limited. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The key that has waited longest; it is under work until `done`. */
  take(): string | undefined {
    for (const key of this.#waiting) {
      this.#waiting.delete(key);
      this.#working.add(key);
      this.#meter?.taken(key);
      return key;
    }
    return undefined;
  }

  done(key: string): void {
    this.#working.delete(key);
    this.#meter?.done(key);
    if (!this.#again.delete(key) || this.#closed) return;
    this.#waiting.add(key);
    this.#onReady();
  }

  /** Nothing is added any more, timers end. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#waiting.clear();
    this.#again.clear();
    this.#meter?.cleared();
    this.#due.clear();
  }

  #setTimer(): void {
    const first = this.#later.leastRank;
    if (first === undefined || first >= this.#timerAt || this.#closed) return;
    this.#cancelTimer();
    this.#timerAt = first;
    // Whole milliseconds: a timer that is early by a rounding would be set anew, for ever, at the same time.
    const wait = Math.max(1, Math.ceil(first - this.#clock.monotonic()));
    this.#cancelTimer = this.#clock.after(wait, () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#addDue();
      this.#setTimer();
    });
  }

  #addDue(): void {
    const now = this.#clock.monotonic();
    while ((this.#later.leastRank ?? Number.POSITIVE_INFINITY) <= now) {
      const { key, at } = this.#later.pop()!;
      if (this.#due.get(key) !== at) continue;
      this.#due.delete(key);
      this.add(key);
    }
  }
}
