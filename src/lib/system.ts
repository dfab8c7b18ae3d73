/**
 * The one place that touches the machine's own clock and randomness. Only the composition root (`src/commands`),
 * `cluster/`, benches and tests import it; everyone else takes a Clock or a Random as an argument.
 */
import { randomInt, randomUUID } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

/** setTimeout holds at most 2^31-1 ms; a longer wait would fire at once. */
const timerMillisecondsMax = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(0, milliseconds), timerMillisecondsMax));
    return () => clearTimeout(timer);
  },
};

export const systemRandom: Random = {
  next: () => randomInt(2 ** 47) / 2 ** 47,
  uuid: () => randomUUID(),
};
