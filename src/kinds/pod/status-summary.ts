/**
 * What `kubectl get pods` says in READY, STATUS and RESTARTS.
 * Source: printPod in pkg/printers/internalversion/printers.go of Kubernetes.
 */
import { ageColumn, nameColumn, none, timeSince } from '../columns.ts';
import type { ContainerState, ContainerStatus, Pod, PodStatus } from '../generated/types.ts';
import type { Column } from '../kind.ts';
import { isSidecar } from './amounts.ts';

interface PodSummary {
  /** Containers that are ready, and how many there are: sidecars count, other init containers do not. */
  ready: number;
  total: number;
  status: string;
  restarts: number;
  /** When the last container that was restarted had ended; RFC 3339. */
  lastRestart: string | undefined;
}

/** Restarts of some containers and when the last of them was. */
interface Restarts {
  count: number;
  last: string | undefined;
}

function countRestarts(restarts: Restarts, status: ContainerStatus): void {
  restarts.count += status.restartCount ?? 0;
  const finished = status.lastState?.terminated?.finishedAt;
  if (
    finished !== undefined &&
    (restarts.last === undefined || Date.parse(finished) > Date.parse(restarts.last))
  )
    restarts.last = finished;
}

function exitReason(terminated: NonNullable<ContainerState['terminated']>): string {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode ?? 0}`;
}

const isTrue = (status: PodStatus, type: string): boolean =>
  (status.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');

interface InitSummary {
  /** The reason to show while the pod is initializing; undefined when it is done. */
  reason: string | undefined;
  readySidecars: number;
  all: Restarts;
  sidecars: Restarts;
}

/** Init containers run one by one: the first that has not ended well, and is no running sidecar, is where the pod stands. */
function summarizeInit(pod: Pod, status: PodStatus): InitSummary {
  const containers = pod.spec?.initContainers ?? [];
  const byName = new Map(containers.map((container) => [container.name, container]));
  const summary: InitSummary = {
    reason: undefined,
    readySidecars: 0,
    all: { count: 0, last: undefined },
    sidecars: { count: 0, last: undefined },
  };
  for (const [index, container] of (status.initContainerStatuses ?? []).entries()) {
    const sidecar = isSidecar(byName.get(container.name));
    countRestarts(summary.all, container);
    if (sidecar) countRestarts(summary.sidecars, container);
    const { terminated, waiting } = container.state ?? {};
    if (terminated != null && (terminated.exitCode ?? 0) === 0) continue;
    if (sidecar && container.started === true) {
      if (container.ready) summary.readySidecars += 1;
      continue;
    }
    if (terminated != null) summary.reason = `Init:${exitReason(terminated)}`;
    else if (waiting?.reason && waiting.reason !== 'PodInitializing')
      summary.reason = `Init:${waiting.reason}`;
    else summary.reason = `Init:${index}/${containers.length}`;
    break;
  }
  return summary;
}

/** The reason of the first container that has one: later ones are looked at first and are overwritten. */
function summarizeContainers(summary: PodSummary, status: PodStatus, restarts: Restarts): void {
  let running = false;
  for (const container of [...(status.containerStatuses ?? [])].reverse()) {
    countRestarts(restarts, container);
    const { waiting, terminated, running: runs } = container.state ?? {};
    if (waiting?.reason) summary.status = waiting.reason;
    else if (terminated != null) summary.status = exitReason(terminated);
    else if (container.ready && runs != null) {
      running = true;
      summary.ready += 1;
    }
  }
  if (summary.status === 'Completed' && running)
    summary.status = isTrue(status, 'Ready') ? 'Running' : 'NotReady';
}

function summarizePod(pod: Pod): PodSummary {
  const status = pod.status ?? {};
  const init = summarizeInit(pod, status);
  const sidecars = (pod.spec?.initContainers ?? []).filter(isSidecar).length;
  const summary: PodSummary = {
    ready: init.readySidecars,
    total: (pod.spec?.containers ?? []).length + sidecars,
    status: status.reason || status.phase || '',
    restarts: 0,
    lastRestart: undefined,
  };
  const gated = (status.conditions ?? []).some(
    (condition) => condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated',
  );
  if (gated) summary.status = 'SchedulingGated';
  if (init.reason !== undefined) summary.status = init.reason;
  const restarts = init.reason === undefined || isTrue(status, 'Initialized') ? init.sidecars : init.all;
  if (restarts === init.sidecars) summarizeContainers(summary, status, restarts);
  if (pod.metadata.deletionTimestamp !== undefined) {
    if (status.reason === 'NodeLost') summary.status = 'Unknown';
    else if (status.phase !== 'Succeeded' && status.phase !== 'Failed') summary.status = 'Terminating';
  }
  summary.restarts = restarts.count;
  summary.lastRestart = restarts.last;
  return summary;
}

/** `3 (5m ago)` */
function restartsCell(pod: Pod, now: number): string {
  const { restarts, lastRestart } = summarizePod(pod);
  return restarts !== 0 && lastRestart !== undefined
    ? `${restarts} (${timeSince(lastRestart, now)} ago)`
    : String(restarts);
}

/** How many of the gates' conditions are true: `1/2`. */
function readinessGatesCell(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return none;
  const states = new Map<string, string>();
  for (const { type, status } of pod.status?.conditions ?? [])
    if (!states.has(type)) states.set(type, status);
  const met = gates.filter(({ conditionType }) => states.get(conditionType) === 'True');
  return `${met.length}/${gates.length}`;
}

export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  {
    name: 'Ready',
    type: 'string',
    description: 'The aggregate readiness state of this pod for accepting traffic.',
    of: (pod) => {
      const { ready, total } = summarizePod(pod);
      return `${ready}/${total}`;
    },
  },
  {
    name: 'Status',
    type: 'string',
    description: 'The aggregate status of the containers in this pod.',
    of: (pod) => summarizePod(pod).status,
  },
  {
    name: 'Restarts',
    type: 'string',
    description:
      'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
    of: restartsCell,
  },
  ageColumn,
  { name: 'IP', type: 'string', priority: 1, of: (pod) => pod.status?.podIPs?.[0]?.ip || none },
  { name: 'Node', type: 'string', priority: 1, of: (pod) => pod.spec?.nodeName || none },
  {
    name: 'Nominated Node',
    type: 'string',
    priority: 1,
    of: (pod) => pod.status?.nominatedNodeName || none,
  },
  { name: 'Readiness Gates', type: 'string', priority: 1, of: readinessGatesCell },
];
