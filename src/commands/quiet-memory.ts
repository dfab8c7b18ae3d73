import { performance } from 'node:perf_hooks';
import type { Clock } from '../lib/clock.ts';

/** Long enough for control loops to have listed what there is. */
const settleMilliseconds = 1500;
const lookMilliseconds = 500;
/** Of the time between two looks. */
const quietShare = 0.05;
/** Less than this is not worth the pause: what V8 has taken by itself between two of its own collections is less. */
const grownBytes = 32 * 2 ** 20;
/** Of all the time. */
const pauseShare = 0.01;

export interface Meters {
  /** How busy the event loop has been since the last call, 0 to 1. */
  busyShare(): number;
  /** Of the process, in bytes. */
  residentBytes(): number;
}

/**
 * Gives back what a start, and later a rush, took to read, parse and compile: V8 keeps it for a next time. Done when the
 * event loop has been idle for a moment, and only when there is much to give back, for it holds the process for 30 ms,
 * with 10,000 pods for 100 ms, and what had been compiled for speed is so anew. Does nothing without --expose-gc
 * (bin/wherry). Returns what ends it.
 */
export function releaseMemoryWhenQuiet(clock: Clock, meters: Meters = processMeters()): () => void {
  const { gc } = globalThis;
  if (gc === undefined) return () => {};
  let restBytes = 0;
  let notBefore = 0;
  const look = (): void => {
    cancel = clock.after(lookMilliseconds, look);
    const isQuiet = meters.busyShare() <= quietShare;
    const start = clock.monotonic();
    if (!isQuiet || start < notBefore || meters.residentBytes() < restBytes + grownBytes) return;
    gc({ type: 'major', flavor: 'last-resort' });
    restBytes = meters.residentBytes();
    const end = clock.monotonic();
    notBefore = end + (end - start) / pauseShare;
    // What this has taken is nobody's work.
    meters.busyShare();
  };
  meters.busyShare();
  let cancel = clock.after(settleMilliseconds, look);
  return () => cancel();
}

function processMeters(): Meters {
  let last = performance.eventLoopUtilization();
  return {
    busyShare() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    },
    residentBytes: () => process.memoryUsage.rss(),
  };
}
