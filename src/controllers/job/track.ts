/**
 * Counts each pod once. A pod that has ended goes by its uid into status.uncountedTerminatedPods; then it loses its
 * finalizer; when that is seen, its uid leaves the list and the number grows. In an Indexed Job the index that succeeded
 * is enough. Source of behaviour: trackJobStatusAndRemoveFinalizers of pkg/controller/job/job_controller.go (KEP-2307).
 */
import type { Pod, UncountedTerminatedPods } from '../../kinds/generated/types.ts';
import { hasIndex, type Intervals, indexOf, withIndexes } from './indexes.ts';
import { hasFailed, hasSucceeded, isTracked } from './pods.ts';
import { judgeFailure } from './policies.ts';
import type { JobState } from './state.ts';

/** Upstream's MaxUncountedPods: the lists stay short. */
const uncountedMax = 500;

export interface Tracked {
  readonly succeeded: number;
  readonly failed: number;
  readonly uncounted: UncountedTerminatedPods;
  readonly completedIndexes: Intervals;
  /** Pods that may lose the finalizer once the status is written. */
  readonly done: readonly Pod[];
}

function mayLoseFinalizer(pod: Pod, { job, spec, verdict, replaceable }: JobState): boolean {
  if (job.metadata.deletionTimestamp !== undefined || verdict !== undefined || hasSucceeded(pod)) return true;
  if (!hasFailed(pod, job)) return false;
  const index = indexOf(pod, spec.completions ?? 0);
  return index === undefined || replaceable.get(index) !== pod;
}

export function trackPods(state: JobState): Tracked {
  const { job, spec, isIndexed, verdict, previousIndexes } = state;
  const completions = spec.completions ?? 0;
  const tracked = state.pods.filter(isTracked);
  const stillTracked = new Set(tracked.map(({ metadata }) => metadata.uid ?? ''));
  const before = job.status?.uncountedTerminatedPods ?? {};
  const succeeded = (before.succeeded ?? []).filter((uid) => stillTracked.has(uid));
  const failed = (before.failed ?? []).filter((uid) => stillTracked.has(uid));
  const indexes: number[] = [];
  const done: Pod[] = [];
  for (const pod of tracked) {
    if (!mayLoseFinalizer(pod, state)) continue;
    done.push(pod);
    const uid = pod.metadata.uid ?? '';
    const index = indexOf(pod, completions);
    if (hasSucceeded(pod) && !failed.includes(uid)) {
      if (!isIndexed && !succeeded.includes(uid)) succeeded.push(uid);
      if (isIndexed && index !== undefined && !hasIndex(previousIndexes, index)) indexes.push(index);
    } else if (hasFailed(pod, job) || verdict?.type === 'FailureTarget') {
      // A Job that fails takes along all pods that have not ended.
      const isValid = !isIndexed || index !== undefined;
      if (isValid && !failed.includes(uid) && judgeFailure(spec, pod).counts) failed.push(uid);
    }
    if (indexes.length + succeeded.length + failed.length >= uncountedMax) break;
  }
  const gone = (uids: readonly string[] = []) => uids.filter((uid) => !stillTracked.has(uid)).length;
  return {
    succeeded: (job.status?.succeeded ?? 0) + gone(before.succeeded),
    failed: (job.status?.failed ?? 0) + gone(before.failed),
    uncounted: {
      ...(succeeded.length > 0 ? { succeeded } : {}),
      ...(failed.length > 0 ? { failed } : {}),
    },
    completedIndexes: withIndexes(previousIndexes, indexes),
    done,
  };
}
