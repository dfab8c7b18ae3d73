/**
 * Values that a write has been planned with and that the cache does not show yet. Writes planned meanwhile keep away
 * from them, so that many at once do not all fail on the last free address.
 */
import type { Clock } from '../../lib/clock.ts';
import { pendingAllocationMs, pendingAllocationsMax } from './limits.ts';

export class Pending<Value> {
  readonly #clock: Clock;
  /** Until when, in insertion order, which is the order of the deadlines. */
  readonly #deadlines = new Map<Value, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(value: Value): void {
    this.#deadlines.delete(value);
    this.#deadlines.set(value, this.#clock.monotonic() + pendingAllocationMs);
    for (const [oldest, deadline] of this.#deadlines) {
      if (this.#deadlines.size <= pendingAllocationsMax && deadline > this.#clock.monotonic()) break;
      this.#deadlines.delete(oldest);
    }
  }

  delete(value: Value): void {
    this.#deadlines.delete(value);
  }

  has(value: Value): boolean {
    const deadline = this.#deadlines.get(value);
    return deadline !== undefined && deadline > this.#clock.monotonic();
  }
}
