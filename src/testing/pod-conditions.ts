/** The conditions that kubelet keeps on a pod, in its order. Source: pkg/kubelet/status/generate.go of Kubernetes. */
import type { ContainerStatus, Pod, PodCondition } from '../kinds/generated/types.ts';
import { timestamp } from '../lib/timestamp.ts';
import { containersOf } from './pod-runtime.ts';

interface Facts {
  readonly phase: string;
  /** As the containers stand in the spec, init containers first. */
  readonly statuses: readonly ContainerStatus[];
  /** The pod has a network, and needs it still. */
  readonly hasSandbox: boolean;
  readonly now: number;
}

type Verdict = Pick<PodCondition, 'status' | 'reason' | 'message'>;

const yes: Verdict = { status: 'True' };
const no = (reason: string, message?: string): Verdict => ({
  status: 'False',
  reason,
  ...(message === undefined ? {} : { message }),
});

const names = (list: readonly string[]): string => `[${list.join(' ')}]`;

function initialized(pod: Pod, { phase, statuses }: Facts): Verdict {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  const all = containersOf(pod);
  const wasStarted = (status: ContainerStatus | undefined) =>
    status?.started === true || status?.state?.terminated != null || status?.lastState?.terminated != null;
  if (all.some(({ role }, index) => role === 'app' && wasStarted(statuses[index]))) return yes;
  const incomplete = all
    .filter(({ role }, index) =>
      role === 'init' ? !statuses[index]?.ready : role === 'sidecar' && statuses[index]?.started !== true,
    )
    .map(({ container }) => container.name);
  return incomplete.length === 0
    ? yes
    : no('ContainersNotInitialized', `containers with incomplete status: ${names(incomplete)}`);
}

function containersReady(pod: Pod, { phase, statuses }: Facts): Verdict {
  if (phase === 'Succeeded') return no('PodCompleted');
  if (phase === 'Failed') return no('PodFailed');
  const unready = containersOf(pod)
    .filter(({ role }, index) => role !== 'init' && !statuses[index]?.ready)
    .map(({ container }) => container.name);
  return unready.length === 0
    ? yes
    : no('ContainersNotReady', `containers with unready status: ${names(unready)}`);
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
  return complaints.length === 0 ? yes : no('ReadinessGatesNotReady', complaints.join(', '));
}

export function podConditions(pod: Pod, facts: Facts): PodCondition[] {
  const old = pod.status?.conditions ?? [];
  const containers = containersReady(pod, facts);
  const owned: [string, Verdict][] = [
    ['PodReadyToStartContainers', { status: facts.hasSandbox ? 'True' : 'False' }],
    ['Initialized', initialized(pod, facts)],
    ['Ready', ready(pod, containers)],
    ['ContainersReady', containers],
    ['PodScheduled', yes],
  ];
  const mine = new Set(owned.map(([type]) => type));
  const since = (type: string, status: string): string | undefined =>
    old.find((condition) => condition.type === type && condition.status === status)?.lastTransitionTime;
  const { generation } = pod.metadata;
  return [
    ...old.filter(({ type }) => !mine.has(type)),
    ...owned.map(([type, verdict]) => ({
      type,
      ...verdict,
      lastTransitionTime: since(type, verdict.status) ?? timestamp(facts.now),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    })),
  ];
}
