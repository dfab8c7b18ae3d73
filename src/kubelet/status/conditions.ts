/** The conditions that the agent keeps on a pod. Source: kubelet/status/generate.go. */
import type { ContainerStatus, Pod, PodCondition } from '../../kinds/generated/types.ts';
import { timestamp } from '../../lib/timestamp.ts';
import { isSidecar } from '../containers.ts';
import { anyAppHasStarted, type Phase } from './phase.ts';

export interface ConditionFacts {
  readonly phase: Phase;
  /** In the order of the spec. */
  readonly init: readonly ContainerStatus[];
  readonly app: readonly ContainerStatus[];
  /** There is a sandbox that need not be replaced. */
  readonly hasSandbox: boolean;
  readonly now: number;
}

type Verdict = Pick<PodCondition, 'status' | 'reason' | 'message'>;

const yes: Verdict = { status: 'True' };

/** As Go prints a list of names. */
const listText = (statuses: readonly ContainerStatus[]): string =>
  `[${statuses.map(({ name }) => name).join(' ')}]`;

function initialized(pod: Pod, { phase, init, app }: ConditionFacts): Verdict {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  if (anyAppHasStarted(app)) return yes;
  const incomplete = init.filter((status, index) => {
    const container = pod.spec?.initContainers?.[index];
    return container !== undefined && isSidecar(container) ? status.started !== true : !status.ready;
  });
  if (incomplete.length === 0) return yes;
  const message = `containers with incomplete status: ${listText(incomplete)}`;
  return { status: 'False', reason: 'ContainersNotInitialized', message };
}

function containersReady(pod: Pod, { phase, init, app }: ConditionFacts): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const sidecars = init.filter((_, index) => {
    const container = pod.spec?.initContainers?.[index];
    return container !== undefined && isSidecar(container);
  });
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

/** The others' first, then the agent's own; a condition that stays as it is keeps its time. */
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
