import type { Clock } from '../../lib/clock.ts';

/** Something with a deadline. The fields are `Deadlines`' own. */
export interface Timed {
  /** In the clock's monotonic milliseconds; Infinity for never. */
  deadline: number;
  onDeadline(): void;
}

/**
 * Deadlines of many short-lived things with one timer: an entry costs a Set insert and delete instead of a timer of
 * its own. They fire up to one tick late.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #tickMilliseconds: number;
  readonly #entries = new Set<Timed>();
  #now = 0;
  #cancelTick: (() => void) | undefined;

  constructor(clock: Clock, tickMilliseconds = 250) {
    this.#clock = clock;
    this.#tickMilliseconds = tickMilliseconds;
  }

  /** Starts or moves an entry's deadline. */
  set(entry: Timed, milliseconds: number): void {
    if (this.#cancelTick === undefined) {
      this.#now = this.#clock.monotonic();
      this.#cancelTick = this.#clock.after(this.#tickMilliseconds, () => this.#tick());
    }
    entry.deadline = this.#now + milliseconds;
    this.#entries.add(entry);
  }

  clear(entry: Timed): void {
    this.#entries.delete(entry);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Everything that is held now. */
  entries(): readonly Timed[] {
    return [...this.#entries];
  }

  #tick(): void {
    this.#cancelTick = undefined;
    this.#now = this.#clock.monotonic();
    for (const entry of this.entries()) if (entry.deadline <= this.#now) entry.onDeadline();
    if (this.#entries.size > 0 && this.#cancelTick === undefined)
      this.#cancelTick = this.#clock.after(this.#tickMilliseconds, () => this.#tick());
  }
}
