/**
 * The conditions that a node keeps on its pods, in kubelet's order: real nodes and simulated ones say the same of the same
 * containers. Source of rules and wording: pkg/kubelet/status/generate.go of Kubernetes.
 */
import { timestamp } from '../../lib/timestamp.ts';
import type { ContainerStatus, Pod, PodCondition } from '../generated/types.ts';
import { isSidecar } from './amounts.ts';

export interface ConditionFacts {
  readonly phase: string;
  /** In the order of the spec. */
  readonly init: readonly ContainerStatus[];
  readonly app: readonly ContainerStatus[];
  /** The pod has a network, and needs it still. */
  readonly hasSandbox: boolean;
  readonly now: number;
}

type Verdict = Pick<PodCondition, 'status' | 'reason' | 'message'>;

const yes: Verdict = { status: 'True' };

const hasRun = (status: ContainerStatus): boolean => status.lastState?.terminated != null;

/** A container of the pod proper has run at some time: initializing was done. */
export const anyAppHasStarted = (statuses: readonly ContainerStatus[]): boolean =>
  statuses.some(
    (status) => status.state?.running != null || status.state?.terminated != null || hasRun(status),
  );

/** As Go prints a list of names. */
const listText = (statuses: readonly ContainerStatus[]): string =>
  `[${statuses.map(({ name }) => name).join(' ')}]`;

function initialized(pod: Pod, { phase, init, app }: ConditionFacts): Verdict {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  if (anyAppHasStarted(app)) return yes;
  const incomplete = init.filter((status, index) => {
    const container = pod.spec?.initContainers?.[index];
    return isSidecar(container) ? status.started !== true : !status.ready;
  });
  if (incomplete.length === 0) return yes;
  const message = `containers with incomplete status: ${listText(incomplete)}`;
  return { status: 'False', reason: 'ContainersNotInitialized', message };
}

function containersReady(pod: Pod, { phase, init, app }: ConditionFacts): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const sidecars = init.filter((_, index) => isSidecar(pod.spec?.initContainers?.[index]));
  const unready = [...sidecars, ...app].filter(({ ready }) => !ready);
  if (unready.length === 0) return yes;
  const message = `containers with unready status: ${listText(unready)}`;
  return { status: 'False', reason: 'ContainersNotReady', message };
}

/** Ready containers, and the word of everybody whom the readiness gates name. */
function ready(pod: Pod, containers: Verdict): Verdict {
  if (containers.status !== 'True') return containers;
  const complaints = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = pod.status?.conditions?.find(({ type }) => type === conditionType);
    if (condition === undefined)
      return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    if (condition.status === 'True') return [];
    return [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`];
  });
  if (complaints.length === 0) return yes;
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: complaints.join(', ') };
}

/** The others' first, then the node's own; a condition that stays as it is keeps its time. */
export function podConditions(pod: Pod, facts: ConditionFacts): PodCondition[] {
  const containers = containersReady(pod, facts);
  const own: readonly (readonly [string, Verdict])[] = [
    ['PodReadyToStartContainers', { status: facts.hasSandbox ? 'True' : 'False' }],
    ['Initialized', initialized(pod, facts)],
    ['Ready', ready(pod, containers)],
    ['ContainersReady', containers],
    ['PodScheduled', yes],
  ];
  const old = pod.status?.conditions ?? [];
  const { generation } = pod.metadata;
  const conditionOf = (type: string, verdict: Verdict): PodCondition => {
    const before = old.find((condition) => condition.type === type && condition.status === verdict.status);
    return {
      type,
      ...verdict,
      lastTransitionTime: before?.lastTransitionTime ?? timestamp(facts.now),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
  };
  return [
    ...old.filter(({ type }) => own.every(([mine]) => mine !== type)),
    ...own.map(([type, verdict]) => conditionOf(type, verdict)),
  ];
}
