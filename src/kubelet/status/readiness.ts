/** Which containers are started and ready. Source: UpdatePodStatus of kubelet/prober/prober_manager.go. */
import type { Container, ContainerStatus } from '../../kinds/generated/types.ts';
import type { PodContainer } from '../containers.ts';
import type { ProbeResults } from '../plan-types.ts';

const idOf = ({ containerID = '' }: ContainerStatus): string =>
  containerID.slice(containerID.indexOf('://') + 3);

function isStarted(container: Container, status: ContainerStatus, probes: ProbeResults): boolean {
  if (status.state?.running === undefined) return false;
  const result = probes.startup(idOf(status));
  return result === undefined ? container.startupProbe === undefined : result === 'Success';
}

function isReady(container: Container, status: ContainerStatus, probes: ProbeResults): boolean {
  return container.readinessProbe === undefined || probes.readiness(idOf(status)) === 'Success';
}

/** The statuses stand in the order of the containers. */
export function withReadiness(
  containers: readonly PodContainer[],
  statuses: readonly ContainerStatus[],
  probes: ProbeResults,
): ContainerStatus[] {
  return statuses.map((status, index) => {
    const { container, role } = containers[index] as PodContainer;
    if (role === 'ephemeral') return status;
    const started = isStarted(container, status, probes);
    const ready =
      role === 'init'
        ? status.state?.terminated?.exitCode === 0
        : started && isReady(container, status, probes);
    return { ...status, started, ready };
  });
}
