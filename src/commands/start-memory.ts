import { performance } from 'node:perf_hooks';
import type { Clock } from '../lib/clock.ts';

/** Long enough for control loops to have listed what there is. */
const settleMilliseconds = 1500;
/** Who is asked from the first moment on keeps what it has: it has long been put to use. */
const looksMax = 20;
/** Of the time between two looks. */
const idleShare = 0.2;

/**
 * Gives back what a start took to read, parse and compile, once it is over and there is little to do: V8 keeps it for a
 * next time, which does not come. Holds the process for 30 ms, with 10,000 pods for 100 ms; what had been compiled for
 * speed is so anew, which is why it waits for a quiet moment. Does nothing without --expose-gc (bin/wherry).
 */
export function releaseStartMemory(
  clock: Clock,
  /** How busy the event loop has been since the last call, 0 to 1. */
  busyShare: () => number = loopMeter(),
): void {
  let looks = 0;
  const look = (): void => {
    looks++;
    if (busyShare() <= idleShare) globalThis.gc?.({ type: 'major', flavor: 'last-resort' });
    else if (looks < looksMax) clock.after(settleMilliseconds, look);
  };
  busyShare();
  clock.after(settleMilliseconds, look);
}

function loopMeter(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
