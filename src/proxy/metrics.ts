/** What the proxy counts. Names and buckets: pkg/proxy/metrics/metrics.go, so that dashboards made for kube-proxy work. */
import type { MetricsRegistry } from '../lib/metrics.ts';

const steps = (start: number, width: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => start + width * index);

const doubling = (start: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => start * 2 ** index);

const programmingBounds = [
  ...steps(0.25, 0.25, 2),
  ...steps(1, 1, 59),
  ...steps(60, 5, 12),
  ...steps(120, 30, 7),
];

export function proxyMetrics(registry: MetricsRegistry, size: () => { elements: number; chains: number }) {
  registry.read(
    { name: 'wherry_proxy_elements', help: 'Elements that Services have in the tables' },
    'gauge',
    () => size().elements,
  );
  registry.read(
    { name: 'wherry_proxy_chains', help: 'Chains that Services have in the tables' },
    'gauge',
    () => size().chains,
  );
  return {
    programming: registry.histogram(
      {
        name: 'kubeproxy_network_programming_duration_seconds',
        help: 'In Cluster Network Programming Latency in seconds',
      },
      programmingBounds,
    ),
    sync: registry.histogram(
      { name: 'kubeproxy_sync_proxy_rules_duration_seconds', help: 'SyncProxyRules latency in seconds' },
      doubling(0.001, 15),
    ),
    full: registry.histogram(
      {
        name: 'kubeproxy_sync_full_proxy_rules_duration_seconds',
        help: 'SyncProxyRules latency in seconds for full resyncs',
      },
      doubling(0.001, 15),
    ),
    lastSync: registry.gauge({
      name: 'kubeproxy_sync_proxy_rules_last_timestamp_seconds',
      help: 'The last time proxy rules were successfully synced',
    }),
    failures: registry.counter({
      name: 'kubeproxy_sync_proxy_rules_nftables_sync_failures_total',
      help: 'Cumulative proxy nftables sync failures',
    }),
  };
}
