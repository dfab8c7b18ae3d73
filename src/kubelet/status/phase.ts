/** A pod's phase. Source: getPhase of kubelet/kubelet_pods.go. */
import type { Container, ContainerStatus, Pod } from '../../kinds/generated/types.ts';
import { anyAppHasStarted } from '../../kinds/pod/conditions.ts';
import { isSidecar } from '../containers.ts';
import { restartsAfter } from '../restart.ts';

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** How many containers are in which of the states that matter. */
interface Counts {
  initializing: number;
  /** Failed for good. */
  initFailed: number;
  running: number;
  waiting: number;
  stopped: number;
  /** Of those that have stopped. */
  restarting: number;
  succeeded: number;
}

const hasRun = (status: ContainerStatus): boolean => status.lastState?.terminated !== undefined;

const restarts = (pod: Pod, container: Container | undefined, exitCode: number): boolean =>
  container !== undefined && restartsAfter(pod, container, exitCode);

function countInit(
  counts: Counts,
  status: ContainerStatus,
  { pod, container }: { pod: Pod; container: Container | undefined },
): void {
  const end = status.state?.terminated ?? (status.state?.waiting && status.lastState?.terminated);
  if (end === undefined) counts.initializing += 1;
  else if (end.exitCode !== 0 && !restarts(pod, container, end.exitCode)) counts.initFailed += 1;
}

/** One that has ended counts for nothing: the pod's phase is that of its own containers. */
function countSidecar(counts: Counts, status: ContainerStatus): void {
  if (status.state?.running !== undefined) {
    counts.running += 1;
    if (status.started !== true) counts.initializing += 1;
  } else if (status.state?.waiting !== undefined && !hasRun(status)) {
    counts.initializing += 1;
    counts.waiting += 1;
  }
}

function countApp(
  counts: Counts,
  status: ContainerStatus,
  { pod, container }: { pod: Pod; container: Container | undefined },
): void {
  if (status.state?.running !== undefined) {
    counts.running += 1;
    return;
  }
  const end = status.state?.terminated ?? status.lastState?.terminated;
  if (end === undefined) {
    counts.waiting += 1;
    return;
  }
  counts.stopped += 1;
  if (restarts(pod, container, end.exitCode)) counts.restarting += 1;
  if (status.state?.terminated?.exitCode === 0) counts.succeeded += 1;
}

/** `hasEnded`: nothing will be restarted, whatever the policy. The statuses stand in the order of the spec. */
export function podPhase(
  pod: Pod,
  statuses: { init: readonly ContainerStatus[]; app: readonly ContainerStatus[] },
  hasEnded: boolean,
): Phase {
  const counts: Counts = {
    ...{ initializing: 0, initFailed: 0, running: 0, waiting: 0 },
    ...{ stopped: 0, restarting: 0, succeeded: 0 },
  };
  statuses.init.forEach((status, index) => {
    const container = pod.spec?.initContainers?.[index];
    if (container !== undefined && isSidecar(container)) countSidecar(counts, status);
    else countInit(counts, status, { pod, container });
  });
  statuses.app.forEach((status, index) => {
    countApp(counts, status, { pod, container: pod.spec?.containers[index] });
  });
  if (counts.initFailed > 0) return 'Failed';
  if (counts.initializing > 0 && !anyAppHasStarted(statuses.app)) return 'Pending';
  if (counts.waiting > 0) return 'Pending';
  if (counts.running > 0) return 'Running';
  if (counts.stopped === 0) return 'Pending';
  const allSucceeded = counts.stopped === counts.succeeded;
  if (!hasEnded && counts.restarting > 0) return 'Running';
  return allSucceeded ? 'Succeeded' : 'Failed';
}
