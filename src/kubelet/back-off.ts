/**
 * Waits that double: how long something that failed is left alone. Entries are data, so that the planner can look at them
 * without changing any. Source: client-go util/flowcontrol/backoff.go.
 */
export interface BackOffEntry {
  /** The wait that counts from the failure. */
  readonly milliseconds: number;
  /** When it was set last. */
  readonly setAt: number;
}

export interface BackOffLimits {
  readonly millisecondsMin: number;
  readonly millisecondsMax: number;
}

/** What has gone well for twice the longest wait begins anew: ten minutes for containers. */
const isForgotten = (entry: BackOffEntry, at: number, { millisecondsMax }: BackOffLimits): boolean =>
  at - entry.setAt > 2 * millisecondsMax;

/** How long to wait still, counted from a failure at `since`; 0: it may be tried now. */
export function remainingWait(
  entry: BackOffEntry | undefined,
  times: { since: number; now: number },
  limits: BackOffLimits,
): number {
  if (entry === undefined || isForgotten(entry, times.since, limits)) return 0;
  return Math.max(0, times.since + entry.milliseconds - times.now);
}

/** The entry once it is tried again. */
export function nextBackOff(
  entry: BackOffEntry | undefined,
  times: { since: number; now: number },
  limits: BackOffLimits,
): BackOffEntry {
  if (entry === undefined || isForgotten(entry, times.since, limits))
    return { milliseconds: limits.millisecondsMin, setAt: times.now };
  const milliseconds = Math.min(2 * entry.milliseconds, limits.millisecondsMax);
  return { milliseconds, setAt: times.now };
}
