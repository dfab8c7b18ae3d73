import type { Clock } from './clock.ts';

/** A clock that stands still until it is moved: for tests and simulation. */
export interface ManualClock extends Clock {
  /** Moves on by `milliseconds`, running what falls due on the way, in order of time, then of registration. */
  advance(milliseconds: number): void;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** `start`: milliseconds since the epoch. */
export function createManualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let now = start;
  let registered = 0;
  const timers = new Set<Timer>();
  const next = (until: number): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers)
      if (
        timer.at <= until &&
        (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
      )
        first = timer;
    return first;
  };
  return {
    now: () => now,
    monotonic: () => now - start,
    after(milliseconds, callback) {
      // Whole milliseconds, as a machine's timers: a fraction that is lost beside the epoch would be waited for forever.
      const timer: Timer = { at: now + Math.ceil(Math.max(0, milliseconds)), order: registered++, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(milliseconds) {
      const until = now + milliseconds;
      for (let timer = next(until); timer !== undefined; timer = next(until)) {
        timers.delete(timer);
        now = Math.max(now, timer.at);
        timer.callback();
      }
      now = until;
    },
  };
}
