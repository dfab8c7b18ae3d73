/**
 * Once nothing of a pod runs any more, every container that may have run is shown as ended, and the phase is final.
 * Source: TerminatePod of kubelet/status/status_manager.go.
 */
import type { ContainerStatus, Pod } from '../../kinds/generated/types.ts';
import { anyAppHasStarted } from '../../kinds/pod/conditions.ts';
import { isSidecar } from '../containers.ts';
import { lostAtTheEnd } from './container-status.ts';

interface Statuses {
  readonly init: readonly ContainerStatus[];
  readonly app: readonly ContainerStatus[];
}

const ended = (status: ContainerStatus): ContainerStatus =>
  status.state?.terminated === undefined
    ? { ...status, state: lostAtTheEnd, ready: false, started: false }
    : status;

function hasInitialized(pod: Pod, { init, app }: Statuses): boolean {
  if (init.length === 0 || anyAppHasStarted(app)) return true;
  const last = init.at(-1) as ContainerStatus;
  const container = pod.spec?.initContainers?.at(-1);
  if (container !== undefined && isSidecar(container)) return last.started === true;
  return last.state?.terminated?.exitCode === 0;
}

/** Init containers that came after the last one with a trace of a start were never begun: they stay as they are. */
export function finalStates(
  pod: Pod,
  statuses: Statuses,
): { init: ContainerStatus[]; app: ContainerStatus[] } {
  const { init, app } = statuses;
  const lastBegun = init.findLastIndex((status) => anyAppHasStarted([status]));
  return {
    init: init.map((status, index) => (index <= Math.max(0, lastBegun) ? ended(status) : status)),
    app: hasInitialized(pod, statuses) ? app.map(ended) : [...app],
  };
}
