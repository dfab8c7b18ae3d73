/**
 * How long to wait before a failed pod is replaced: 10 s, 20 s, 40 s ... 10 min after the last failure. Upstream keeps the
 * number of failures since the last success in memory; here it is told from the pods themselves, so that a controller
 * that starts anew waits as long. Source of numbers: pkg/controller/job/backoff_utils.go of Kubernetes.
 */
import type { Job, Pod } from '../../kinds/generated/types.ts';
import { finishedAt, hasFailed, hasSucceeded } from './pods.ts';

const firstMilliseconds = 10_000;
const longestMilliseconds = 600_000;

export function remainingOf(failures: number, { since, now }: { since: number; now: number }): number {
  if (failures === 0) return 0;
  const wait = Math.min(firstMilliseconds * 2 ** (failures - 1), longestMilliseconds);
  return Math.max(0, since + wait - now);
}

export function remainingBackoff(job: Job, pods: readonly Pod[], now: number): number {
  const lastSuccess = Math.max(...pods.filter(hasSucceeded).map(finishedAt), Number.NEGATIVE_INFINITY);
  const failures = pods
    .filter((pod) => hasFailed(pod, job))
    .map(finishedAt)
    .filter((end) => end > lastSuccess);
  return remainingOf(failures.length, { since: Math.max(...failures, 0), now });
}
