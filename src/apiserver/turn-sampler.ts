/**
 * How long one turn of the event loop computes at most, in CPU time of the thread: what others must wait for because of
 * this process, and not because the machine is busy. A timer that ticks every few milliseconds can only tick between
 * turns, so between two ticks lies one long turn, or some short ones.
 */
import type { Clock } from '../lib/clock.ts';

export const tickMilliseconds = 5;

/** CPU time of the calling thread in seconds. */
export function threadSeconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
}

export class TurnSampler {
  readonly #clock: Clock;
  readonly #seconds: () => number;
  #last = 0;
  #longest = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, seconds: () => number = threadSeconds) {
    this.#clock = clock;
    this.#seconds = seconds;
  }

  /** The longest since this was last asked, in seconds; undefined the first time, which begins the sampling. */
  takeLongest(): number | undefined {
    const isFirst = this.#cancel === undefined;
    if (isFirst) this.#last = this.#seconds();
    this.#sample();
    const longest = this.#longest;
    this.#longest = 0;
    if (isFirst) this.#tick();
    return isFirst ? undefined : longest;
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #sample(): void {
    const now = this.#seconds();
    this.#longest = Math.max(this.#longest, now - this.#last);
    this.#last = now;
  }

  #tick(): void {
    this.#cancel = this.#clock.after(tickMilliseconds, () => {
      this.#sample();
      this.#tick();
    });
  }
}
