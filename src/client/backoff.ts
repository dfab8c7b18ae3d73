/** Waits that grow: `base * factor^attempt`, at most `max`, each lengthened by up to `jitter` of itself. */
import type { Random } from '../lib/random.ts';

export interface BackoffLimits {
  readonly baseMilliseconds: number;
  readonly maxMilliseconds: number;
  readonly factor: number;
  /** 0.2: up to 20 % longer. So that what failed together does not come back together. */
  readonly jitter: number;
}

/** `attempt` counts from 0. */
export function backoffMilliseconds(limits: BackoffLimits, attempt: number, random: Random): number {
  const { baseMilliseconds, maxMilliseconds, factor, jitter } = limits;
  const plain = Math.min(maxMilliseconds, baseMilliseconds * factor ** attempt);
  return plain * (1 + jitter * random.next());
}
