/** What every process of ours says of itself in /metrics. */
import type { Clock } from './clock.ts';
import type { MetricsRegistry } from './metrics.ts';

/** The names are those of Prometheus' client libraries. Call it once, when the process starts. */
export function meterProcess(registry: MetricsRegistry, clock: Clock): void {
  const gauge = (name: string, help: string, value: () => number) =>
    registry.read({ name, help }, 'gauge', value);
  registry.read(
    { name: 'process_cpu_seconds_total', help: 'User and system CPU time spent.' },
    'counter',
    () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  );
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  const started = clock.now();
  gauge('process_start_time_seconds', 'When the process started, since the epoch.', () => started / 1000);
  gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', () => process.memoryUsage().heapUsed);
}
