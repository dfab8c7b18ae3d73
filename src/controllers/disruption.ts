/**
 * How many pods of a PodDisruptionBudget may be evicted now. The eviction subresource spends what stands here.
 * Source: pkg/controller/disruption.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Change, event, requeueAfter, updateStatus } from '../client/change.ts';
import { defineController, type KeyMap, self } from '../client/controller.ts';
import { keyOf, objectKey } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type {
  Condition,
  Pod,
  PodDisruptionBudget,
  PodDisruptionBudgetStatus,
} from '../kinds/generated/types.ts';
import { selectorMatches } from '../kinds/label-selector.ts';

/** An evicted pod that is still there after this long was not evicted after all. */
const deletionMilliseconds = 2 * 60_000;

const budgetsOver: KeyMap<Pod> = (pod, view) =>
  view
    .list('PodDisruptionBudget', { namespace: pod.metadata.namespace })
    .filter((budget) => budget.spec?.selector && selectorMatches(budget.spec.selector, pod.metadata.labels))
    .map(keyOf);

/** Replicas that the pod's controller wants, told apart by its uid; undefined when nobody controls it. */
function scaleOf(pod: Pod, view: View): { uid: string; replicas: number } | undefined {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return undefined;
  const key = objectKey(pod.metadata.namespace, owner.name);
  switch (owner.kind) {
    case 'ReplicaSet': {
      const set = view.get('ReplicaSet', key);
      if (set?.metadata.uid !== owner.uid) return undefined;
      const above = set.metadata.ownerReferences?.find(({ controller }) => controller === true);
      const deployment =
        above?.kind === 'Deployment'
          ? view.get('Deployment', objectKey(pod.metadata.namespace, above.name))
          : undefined;
      if (above !== undefined && deployment?.metadata.uid === above.uid)
        return { uid: above.uid, replicas: deployment?.spec?.replicas ?? 1 };
      return { uid: owner.uid, replicas: set.spec?.replicas ?? 1 };
    }
    case 'StatefulSet':
    case 'ReplicationController': {
      const found = view.get(owner.kind, key);
      return found?.metadata.uid === owner.uid
        ? { uid: owner.uid, replicas: found.spec?.replicas ?? 1 }
        : undefined;
    }
    default:
      return undefined;
  }
}

/** `50%` of `of`, rounded up; a number as it is. */
function scaled(amount: number | string, of: number): number {
  if (typeof amount === 'number') return amount;
  return Math.ceil((Number.parseInt(amount, 10) * of) / 100);
}

interface Expectation {
  readonly expected: number;
  readonly desired: number;
}

/** Pods as their controllers want them, or the text of the SyncFailed condition. */
function expectedOf(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  view: View,
): Expectation | { failure: string } {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  if (maxUnavailable === undefined && typeof minAvailable === 'number')
    return { expected: pods.length, desired: minAvailable };
  const scales = new Map<string, number>();
  for (const pod of pods) {
    const scale = scaleOf(pod, view);
    if (scale === undefined)
      return { failure: `found no controllers for pod ${JSON.stringify(pod.metadata.name)}` };
    scales.set(scale.uid, scale.replicas);
  }
  const expected = [...scales.values()].reduce((sum, replicas) => sum + replicas, 0);
  if (maxUnavailable !== undefined)
    return { expected, desired: Math.max(0, expected - scaled(maxUnavailable, expected)) };
  return { expected, desired: minAvailable === undefined ? 0 : scaled(minAvailable, expected) };
}

/** Evictions that were granted and are not seen yet. */
function stillDisrupted(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  now: number,
): Record<string, string> {
  const left: Record<string, string> = {};
  for (const [name, at] of Object.entries(budget.status?.disruptedPods ?? {})) {
    const pod = pods.find(({ metadata }) => metadata.name === name);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) continue;
    if (Date.parse(at) + deletionMilliseconds > now) left[name] = at;
  }
  return left;
}

const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;

function withCondition(
  budget: PodDisruptionBudget,
  condition: Pick<Condition, 'status' | 'reason' | 'message'>,
  now: number,
): Condition[] {
  const present = budget.status?.conditions ?? [];
  const before = present.find(({ type }) => type === 'DisruptionAllowed');
  const lastTransitionTime =
    before?.status === condition.status
      ? before.lastTransitionTime
      : `${new Date(now).toISOString().slice(0, 19)}Z`;
  const observedGeneration = budget.metadata.generation;
  const own: Condition = { type: 'DisruptionAllowed', ...condition, observedGeneration, lastTransitionTime };
  return [...present.filter(({ type }) => type !== 'DisruptionAllowed'), own];
}

function writeStatus(budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Change[] {
  const same = isDeepStrictEqual({ ...budget.status }, JSON.parse(JSON.stringify(status)));
  return same ? [] : [updateStatus('PodDisruptionBudget', { ...budget, status })];
}

function failed(budget: PodDisruptionBudget, failure: string, now: number): Change[] {
  const condition = { status: 'False', reason: 'SyncFailed', message: failure };
  const before = budget.status ?? {
    currentHealthy: 0,
    desiredHealthy: 0,
    disruptionsAllowed: 0,
    expectedPods: 0,
  };
  const status = { ...before, disruptionsAllowed: 0, conditions: withCondition(budget, condition, now) };
  const writes = writeStatus(budget, status);
  const told = event('PodDisruptionBudget', budget, {
    type: 'Warning',
    reason: 'CalculateExpectedPodCountFailed',
    message: `Failed to calculate the number of expected pods: ${failure}`,
  });
  return writes.length === 0 ? [] : [...writes, told];
}

export const disruption = defineController({
  name: 'disruption',
  eventSource: 'controllermanager',
  watches: {
    PodDisruptionBudget: self,
    Pod: budgetsOver,
    // A scale that changes moves the pods, and they wake the budget.
    ReplicaSet: () => [],
    Deployment: () => [],
    StatefulSet: () => [],
    ReplicationController: () => [],
  },
  reconcile(key, view) {
    const budget = view.get('PodDisruptionBudget', key);
    if (budget === undefined) return [];
    const now = view.now();
    const { selector } = budget.spec ?? {};
    const { namespace } = budget.metadata;
    const all = selector === undefined ? [] : view.list('Pod', { namespace, selector });
    const pods = all.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
    const expectation = expectedOf(budget, pods, view);
    if ('failure' in expectation) return failed(budget, expectation.failure, now);
    const disruptedPods = stillDisrupted(budget, pods, now);
    const healthy = pods.filter(
      (pod) =>
        isReady(pod) &&
        pod.metadata.deletionTimestamp === undefined &&
        disruptedPods[pod.metadata.name ?? ''] === undefined,
    ).length;
    const { expected, desired } = expectation;
    const disruptionsAllowed = expected <= 0 ? 0 : Math.max(0, healthy - desired);
    const condition =
      disruptionsAllowed > 0
        ? { status: 'True', reason: 'SufficientPods', message: '' }
        : { status: 'False', reason: 'InsufficientPods', message: '' };
    const waiting = Object.keys(disruptedPods).length > 0;
    const status: PodDisruptionBudgetStatus = {
      conditions: withCondition(budget, condition, now),
      currentHealthy: healthy,
      desiredHealthy: desired,
      disruptionsAllowed,
      expectedPods: expected,
      observedGeneration: budget.metadata.generation,
      ...(waiting ? { disruptedPods } : {}),
    };
    return [...writeStatus(budget, status), ...(waiting ? [requeueAfter(deletionMilliseconds)] : [])];
  },
});
