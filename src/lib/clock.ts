/**
 * Time as an argument. Everything below `src/commands` receives a Clock, so the whole control plane can run
 * under a simulated one.
 */
import { onAbort } from './abort.ts';

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back: for durations. */
  monotonic(): number;
  /** Runs `callback` once after `milliseconds`; the returned function cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** Resolves after `milliseconds`, or at once when `signal` aborts. */
export function sleep(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      cancel();
      takeOff();
      resolve();
    };
    const cancel = clock.after(milliseconds, finish);
    const takeOff = signal === undefined ? () => {} : onAbort(signal, finish);
    if (signal?.aborted) finish();
  });
}
