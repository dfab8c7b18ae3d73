/** Virtual time for a whole cluster: as the manual clock, but timers are a heap, and it says when to look next. */
import { Heap } from '../client/heap.ts';
import type { Clock } from '../lib/clock.ts';

export interface SimulationClock extends Clock {
  /**
   * When the next timer is due, in milliseconds since the epoch; undefined when there is none. It may be one that was
   * cancelled: a step that does nothing costs little, a search through the heap at each step would not.
   */
  readonly nextAt: number | undefined;
  /** Moves on to `at`, never back, and runs what is due by then, in order of time, then of registration. */
  runUntil(at: number): void;
}

interface Timer {
  readonly at: number;
  callback: (() => void) | undefined;
}

/** `start`: milliseconds since the epoch. */
export function createSimulationClock(start = Date.UTC(2026, 0, 1)): SimulationClock {
  let now = start;
  const timers = new Heap<Timer>();
  return {
    now: () => now,
    monotonic: () => now - start,
    after(milliseconds, callback) {
      // Whole milliseconds, as a machine's timers: a fraction that is lost beside the epoch would be waited for forever.
      const timer: Timer = { at: now + Math.ceil(Math.max(0, milliseconds)), callback };
      timers.push(timer.at, timer);
      return () => {
        timer.callback = undefined;
      };
    },
    get nextAt() {
      return timers.leastRank;
    },
    runUntil(at) {
      while ((timers.leastRank ?? Number.POSITIVE_INFINITY) <= at) {
        const timer = timers.pop() as Timer;
        if (timer.callback === undefined) continue;
        now = Math.max(now, timer.at);
        timer.callback();
      }
      now = Math.max(now, at);
    },
  };
}
