/** What a Job asks of its pods. Source of behaviour: pkg/controller/job of Kubernetes. */
import { type Change, patch } from '../../client/change.ts';
import { keyOf } from '../../client/object-key.ts';
import type { ContainerStatus, Job, Pod } from '../../kinds/generated/types.ts';
import { podCondition, timeOf } from '../pods.ts';

export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';

/** Not counted yet: the finalizer is taken away when the pod stands in the Job's status. */
export const isTracked = (pod: Pod): boolean => pod.metadata.finalizers?.includes(trackingFinalizer) === true;

export const untrack = (pod: Pod): Change =>
  patch('Pod', keyOf(pod), {
    patchType: 'strategic',
    patch: {
      metadata: { uid: pod.metadata.uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] },
    },
  });

export const track = (pod: Pod): Change =>
  patch('Pod', keyOf(pod), {
    patchType: 'strategic',
    patch: { metadata: { uid: pod.metadata.uid, finalizers: [trackingFinalizer] } },
  });

/** A pod on its way out is not replaced before it has ended. */
export const replacesOnlyFailed = ({ spec }: Job): boolean =>
  spec?.podReplacementPolicy === 'Failed' || spec?.podFailurePolicy != null;

/** A pod that is deleted counts as failed, since nobody may be left to say that it has. */
export function hasFailed(pod: Pod, job: Job): boolean {
  if (pod.status?.phase === 'Failed') return true;
  if (replacesOnlyFailed(job)) return false;
  return pod.metadata.deletionTimestamp !== undefined && pod.status?.phase !== 'Succeeded';
}

export const hasSucceeded = (pod: Pod): boolean => pod.status?.phase === 'Succeeded';

/** When the last of these ended; undefined unless all have. */
function lastEnd(statuses: readonly ContainerStatus[]): number | undefined {
  const ends = statuses.map(({ state }) => timeOf(state?.terminated?.finishedAt));
  return ends.length === 0 || ends.includes(undefined) ? undefined : Math.max(...(ends as number[]));
}

/** Sidecars end after the containers they serve, so they are asked too. */
function containersEnd({ spec, status }: Pod): number | undefined {
  const sidecars = new Set(
    (spec?.initContainers ?? [])
      .filter(({ restartPolicy }) => restartPolicy === 'Always')
      .map(({ name }) => name),
  );
  return lastEnd([
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)),
  ]);
}

/** When the pod ended, as well as that can be told. */
export function finishedAt(pod: Pod): number {
  const ready = podCondition(pod, 'Ready');
  const deleted = timeOf(pod.metadata.deletionTimestamp);
  const grace = (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  return (
    containersEnd(pod) ??
    (ready?.status === 'False' ? timeOf(ready.lastTransitionTime) : undefined) ??
    (deleted === undefined ? undefined : deleted - grace) ??
    timeOf(pod.metadata.creationTimestamp) ??
    0
  );
}
