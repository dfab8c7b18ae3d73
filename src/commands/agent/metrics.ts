/** What the agent's /metrics says of its pods and of itself, beside what its parts count. Names are those of kubelet. */
import type { ContainerStatus } from '../../kinds/generated/types.ts';
import type { PodLookup } from '../../kubelet/known-pods.ts';
import type { Clock } from '../../lib/clock.ts';
import type { MetricsRegistry } from '../../lib/metrics.ts';
import { meterProcess } from '../../lib/process-metrics.ts';

/** One that waits to be started again has exited. */
const stateOf = ({ state, lastState }: ContainerStatus): string => {
  if (state?.running !== undefined) return 'running';
  return (state?.terminated ?? lastState?.terminated) === undefined ? 'created' : 'exited';
};

export function meterAgent(
  registry: MetricsRegistry,
  node: { name: string; pods: PodLookup; clock: Clock },
): void {
  const { pods, clock } = node;
  registry
    .readings({ name: 'kubelet_node_name', help: "The node's name. The count is always 1." }, ['node'])
    .of(node.name).read = () => 1;
  registry.read(
    { name: 'kubelet_running_pods', help: 'Number of pods that have a running pod sandbox' },
    'gauge',
    () => pods.list().filter(({ status }) => status?.phase === 'Running').length,
  );
  const containers = registry.readings(
    { name: 'kubelet_running_containers', help: 'Number of containers currently running' },
    ['container_state'],
  );
  for (const state of ['created', 'exited', 'running'])
    containers.of(state).read = () =>
      pods
        .list()
        .flatMap(({ status }) => [
          ...(status?.initContainerStatuses ?? []),
          ...(status?.containerStatuses ?? []),
          ...(status?.ephemeralContainerStatuses ?? []),
        ])
        .filter((status) => status.containerID !== undefined && stateOf(status) === state).length;
  meterProcess(registry, clock);
}
