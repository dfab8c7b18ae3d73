/**
 * Which pods go first when there are too many. Source of behaviour: ActivePodsWithRanks of
 * pkg/controller/controller_utils.go, KEP-2185 (random among pods of like age), KEP-2255 (deletion cost).
 */
import type { ContainerStatus, Pod } from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import { isActive, isReady, podCondition, timeOf } from './pods.ts';

export const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost';

const int32Max = 2 ** 31 - 1;

/** Upstream takes what parses as an int32, without leading zeros or plus sign; anything else counts as 0. */
function deletionCost(pod: Pod): number {
  const text = getOwn(pod.metadata.annotations, deletionCostAnnotation) ?? '';
  if (!/^(0|-?[1-9][0-9]*)$/.test(text)) return 0;
  const cost = Number(text);
  return cost > int32Max || cost < -int32Max - 1 ? 0 : cost;
}

const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

const readySince = (pod: Pod): number | undefined => timeOf(podCondition(pod, 'Ready')?.lastTransitionTime);

/** Ages of the same order of magnitude (in nanoseconds, as upstream) are one: among those the uid decides. */
function magnitude(age: number): number {
  return age > 0 ? Math.floor(Math.log2(age * 1_000_000)) : -1;
}

/** The younger first; a time that is not told is the youngest. 0 when nothing can be said. */
function compareYouth(
  left: Pod,
  right: Pod,
  by: { time: (pod: Pod) => number | undefined; now: number },
): number {
  const [one, other] = [by.time(left), by.time(right)];
  if (one === other) return 0;
  if (one === undefined) return -1;
  if (other === undefined) return 1;
  const difference = magnitude(by.now - one) - magnitude(by.now - other);
  if (difference !== 0) return difference;
  return (left.metadata.uid ?? '') < (right.metadata.uid ?? '') ? -1 : 1;
}

const mostRestarts = (statuses: readonly ContainerStatus[]): number =>
  statuses.reduce((most, { restartCount }) => Math.max(most, restartCount), 0);

/** Init containers that restart are sidecars. */
function restarts(pod: Pod): { regular: number; sidecar: number } {
  const sidecars = new Set(
    pod.spec?.initContainers
      ?.filter(({ restartPolicy }) => restartPolicy === 'Always')
      .map(({ name }) => name),
  );
  return {
    regular: mostRestarts(pod.status?.containerStatuses ?? []),
    sidecar: mostRestarts(pod.status?.initContainerStatuses?.filter(({ name }) => sidecars.has(name)) ?? []),
  };
}

function compare(left: Pod, right: Pod, by: { ranks: ReadonlyMap<Pod, number>; now: number }): number {
  const steps: (() => number)[] = [
    () => Number((left.spec?.nodeName ?? '') !== '') - Number((right.spec?.nodeName ?? '') !== ''),
    () => (phaseOrder[left.status?.phase ?? ''] ?? 0) - (phaseOrder[right.status?.phase ?? ''] ?? 0),
    () => Number(isReady(left)) - Number(isReady(right)),
    () => deletionCost(left) - deletionCost(right),
    () => (by.ranks.get(right) ?? 0) - (by.ranks.get(left) ?? 0),
    () =>
      isReady(left) && isReady(right) ? compareYouth(left, right, { time: readySince, now: by.now }) : 0,
    () => restarts(right).regular - restarts(left).regular,
    () => restarts(right).sidecar - restarts(left).sidecar,
    () => compareYouth(left, right, { time: (pod) => timeOf(pod.metadata.creationTimestamp), now: by.now }),
  ];
  for (const step of steps) {
    const difference = step();
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `related` are the pods that share the work (of all replica sets of a deployment): the fuller node gives first. */
export function inDeletionOrder(
  pods: readonly Pod[],
  { related, now }: { readonly related: readonly Pod[]; readonly now: number },
): Pod[] {
  const onNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec?.nodeName ?? '';
    if (isActive(pod)) onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  const ranks = new Map(pods.map((pod) => [pod, onNode.get(pod.spec?.nodeName ?? '') ?? 0]));
  return [...pods].sort((left, right) => compare(left, right, { ranks, now }));
}
