/**
 * A pod that was to be disrupted and was not, says so no longer after a while: whoever counts its end must not excuse a
 * failure that comes much later. Source of behaviour: syncStalePodDisruption of pkg/controller/disruption of Kubernetes.
 */
import { type Change, requeueAfter, updateStatus } from '../../client/change.ts';
import type { Pod, PodCondition } from '../../kinds/generated/types.ts';
import { timestamp } from '../../lib/timestamp.ts';
import { isTerminal, podCondition, timeOf } from '../pods.ts';

const staleMilliseconds = 2 * 60_000;

/** What the kubelet says stays: the pod may take any time to end. */
export function disruptionTarget(pod: Pod): PodCondition | undefined {
  if (pod.metadata.deletionTimestamp !== undefined || isTerminal(pod)) return undefined;
  const condition = podCondition(pod, 'DisruptionTarget');
  return condition?.status === 'True' && condition.reason !== 'TerminationByKubelet' ? condition : undefined;
}

export function planStaleTarget(pod: Pod, now: number): Change[] {
  const condition = disruptionTarget(pod);
  if (condition === undefined) return [];
  const wait = (timeOf(condition.lastTransitionTime) ?? 0) + staleMilliseconds - now;
  if (wait > 0) return [requeueAfter(wait)];
  const reset = { type: condition.type, status: 'False', lastTransitionTime: timestamp(now) };
  const conditions = pod.status?.conditions?.map((each) => (each === condition ? reset : each));
  return [updateStatus('Pod', { ...pod, status: { ...pod.status, conditions } })];
}
