import type { Clock } from '../lib/clock.ts';

/** Long enough for control loops to have listed what there is. */
const settleMilliseconds = 1500;

/**
 * Gives back what a start took to read, parse and compile, once it is over: V8 keeps it for a next time, which does not
 * come. Holds the process for 30 ms, with 10,000 pods for 100 ms. Does nothing without --expose-gc (bin/wherry).
 */
export function releaseStartMemory(clock: Clock): void {
  clock.after(settleMilliseconds, () => globalThis.gc?.({ type: 'major', flavor: 'last-resort' }));
}
