/**
 * How many pods of a PodDisruptionBudget may be evicted now. The eviction subresource spends what stands here.
 * Source of behaviour and wording: pkg/controller/disruption of Kubernetes.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Change, event, requeueAfter, updateStatus } from '../client/change.ts';
import { defineController, type KeyMap, observe, self } from '../client/controller.ts';
import { keyOf } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type {
  Condition,
  Pod,
  PodDisruptionBudget,
  PodDisruptionBudgetStatus,
} from '../kinds/generated/types.ts';
import { selectorMatches } from '../kinds/label-selector.ts';
import { getOwn } from '../kinds/object.ts';
import { timestamp } from '../lib/timestamp.ts';
import { type Expectation, expectedPods } from './disruption/expected-pods.ts';
import { disruptionTarget, planStaleTarget } from './disruption/stale-target.ts';
import { goSelectorText } from './go-selector-text.ts';
import { isReady } from './pods.ts';

/** An evicted pod that is still there after this long was not evicted after all. */
const deletionMilliseconds = 2 * 60_000;

const budgetsOver: KeyMap<Pod> = (pod, view) =>
  view
    .list('PodDisruptionBudget', { namespace: pod.metadata.namespace })
    .filter((budget) => budget.spec?.selector && selectorMatches(budget.spec.selector, pod.metadata.labels))
    .map(keyOf);

/** A pod is a key of its own when it may have to be mended; names have no spaces. */
const podKeyPrefix = 'Pod ';

const concerned: KeyMap<Pod> = (pod, view, change) => [
  ...budgetsOver(pod, view, change),
  ...(change.type !== 'delete' && disruptionTarget(pod) !== undefined ? [podKeyPrefix + keyOf(pod)] : []),
];

interface Disrupted {
  /** Evictions that were granted and are not seen yet. */
  readonly pods: Record<string, string>;
  /** Those that came to nothing. */
  readonly spared: readonly Pod[];
  /** Until the next one does. */
  readonly wait: number | undefined;
}

function disruptedOf(budget: PodDisruptionBudget, pods: readonly Pod[], now: number): Disrupted {
  const left: [name: string, at: string][] = [];
  const spared: Pod[] = [];
  let wait: number | undefined;
  for (const pod of pods) {
    const { name = '', deletionTimestamp } = pod.metadata;
    const at = getOwn(budget.status?.disruptedPods, name);
    if (at === undefined || deletionTimestamp !== undefined) continue;
    const rest = Date.parse(at) + deletionMilliseconds - now;
    if (rest <= 0) {
      spared.push(pod);
      continue;
    }
    left.push([name, at]);
    wait = Math.min(wait ?? rest, rest);
  }
  return { pods: Object.fromEntries(left), spared, wait };
}

function withCondition(
  budget: PodDisruptionBudget,
  condition: Pick<Condition, 'status' | 'reason' | 'message'>,
  now: number,
): Condition[] {
  const present = budget.status?.conditions ?? [];
  const before = present.find(({ type }) => type === 'DisruptionAllowed');
  const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : timestamp(now);
  const observedGeneration = budget.metadata.generation;
  const own: Condition = { type: 'DisruptionAllowed', ...condition, observedGeneration, lastTransitionTime };
  return before === undefined ? [...present, own] : present.map((each) => (each === before ? own : each));
}

function writeStatus(budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Change[] {
  const same = isDeepStrictEqual({ ...budget.status }, JSON.parse(JSON.stringify(status)));
  return same ? [] : [updateStatus('PodDisruptionBudget', { ...budget, status })];
}

const tell = (budget: PodDisruptionBudget, type: 'Normal' | 'Warning', text: [string, string]): Change =>
  event('PodDisruptionBudget', budget, { type, reason: text[0], message: text[1] });

function failed(budget: PodDisruptionBudget, failure: string, now: number): Change[] {
  const condition = { status: 'False', reason: 'SyncFailed', message: failure };
  const before = budget.status ?? {
    currentHealthy: 0,
    desiredHealthy: 0,
    disruptionsAllowed: 0,
    expectedPods: 0,
  };
  const status = { ...before, disruptionsAllowed: 0, conditions: withCondition(budget, condition, now) };
  const message = `Failed to calculate the number of expected pods: ${failure}`;
  return [
    ...writeStatus(budget, status),
    tell(budget, 'Warning', ['CalculateExpectedPodCountFailed', message]),
  ];
}

const unmanaged = ({ spec }: PodDisruptionBudget): [string, string] => [
  'UnmanagedPods',
  `Pods selected by this PodDisruptionBudget (selector: ${goSelectorText(spec?.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`,
];

function statusOf(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  options: Expectation & { disrupted: Record<string, string>; now: number },
): PodDisruptionBudgetStatus {
  const { expected, desired, disrupted, now } = options;
  const healthy = pods.filter(
    (pod) =>
      isReady(pod) &&
      pod.metadata.deletionTimestamp === undefined &&
      !Object.hasOwn(disrupted, pod.metadata.name ?? ''),
  ).length;
  const disruptionsAllowed = expected <= 0 ? 0 : Math.max(0, healthy - desired);
  const condition =
    disruptionsAllowed > 0
      ? { status: 'True', reason: 'SufficientPods', message: '' }
      : { status: 'False', reason: 'InsufficientPods', message: '' };
  return {
    conditions: withCondition(budget, condition, now),
    currentHealthy: healthy,
    desiredHealthy: desired,
    disruptionsAllowed,
    expectedPods: expected,
    observedGeneration: budget.metadata.generation,
    ...(Object.keys(disrupted).length === 0 ? {} : { disruptedPods: disrupted }),
  };
}

function planBudget(budget: PodDisruptionBudget, view: View): Change[] {
  const now = view.now();
  const { selector } = budget.spec ?? {};
  const { namespace } = budget.metadata;
  const pods = selector === undefined ? [] : view.list('Pod', { namespace, selector });
  const empty = pods.length === 0 ? [tell(budget, 'Normal', ['NoPods', 'No matching pods found'])] : [];
  const expectation = expectedPods(budget, pods, view);
  if ('failure' in expectation) return [...empty, ...failed(budget, expectation.failure, now)];
  const disrupted = disruptedOf(budget, pods, now);
  const status = statusOf(budget, pods, { ...expectation, disrupted: disrupted.pods, now });
  // Twice the namespace: so upstream has it.
  const message = `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`;
  return [
    ...empty,
    ...(expectation.hasUnmanaged ? [tell(budget, 'Warning', unmanaged(budget))] : []),
    ...disrupted.spared.map((pod) => event('Pod', pod, { type: 'Warning', reason: 'NotDeleted', message })),
    ...writeStatus(budget, status),
    ...(disrupted.wait === undefined ? [] : [requeueAfter(disrupted.wait)]),
  ];
}

export const disruption = defineController({
  name: 'disruption',
  eventSource: 'controllermanager',
  watches: {
    PodDisruptionBudget: self,
    Pod: concerned,
    // A scale that changes moves the pods, and they wake the budget.
    ReplicaSet: observe,
    Deployment: observe,
    StatefulSet: observe,
    ReplicationController: observe,
  },
  reconcile(key, view) {
    if (key.startsWith(podKeyPrefix)) {
      const pod = view.get('Pod', key.slice(podKeyPrefix.length));
      return pod === undefined ? [] : planStaleTarget(pod, view.now());
    }
    const budget = view.get('PodDisruptionBudget', key);
    return budget === undefined ? [] : planBudget(budget, view);
  },
});
