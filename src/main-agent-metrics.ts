/** What the agent's /metrics says of its pods and of itself, beside what its parts count. Names are those of kubelet. */
import type { ContainerStatus } from './kinds/generated/types.ts';
import type { PodLookup } from './kubelet/known-pods.ts';
import type { Clock } from './lib/clock.ts';
import type { MetricsRegistry } from './lib/metrics.ts';

const stateOf = ({ state }: ContainerStatus): string =>
  state?.running !== undefined ? 'running' : state?.terminated !== undefined ? 'exited' : 'created';

export function meterAgent(
  registry: MetricsRegistry,
  node: { name: string; pods: PodLookup; clock: Clock },
): void {
  const { pods, clock } = node;
  const gauge = (name: string, help: string, value: () => number) =>
    registry.read({ name, help }, 'gauge', value);
  registry
    .readings({ name: 'kubelet_node_name', help: "The node's name. The count is always 1." }, ['node'])
    .of(node.name).read = () => 1;
  gauge(
    'kubelet_running_pods',
    'Number of pods that have a running pod sandbox',
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
  const started = clock.now();
  gauge('process_start_time_seconds', 'When the agent started, since the epoch.', () => started / 1000);
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', () => process.memoryUsage().heapUsed);
  registry.read(
    { name: 'process_cpu_seconds_total', help: 'User and system CPU time spent.' },
    'counter',
    () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  );
}
