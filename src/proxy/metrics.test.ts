import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricsRegistry } from '../lib/metrics.ts';
import { proxyMetrics } from './metrics.ts';

test('what kube-proxy counts, under its names', () => {
  const registry = new MetricsRegistry();
  const metrics = proxyMetrics(registry, () => ({ elements: 7, chains: 2 }));
  metrics.programming.observe(0.3);
  metrics.sync.observe(0.003);
  const lines = registry.render().split('\n');
  for (const line of [
    'wherry_proxy_elements 7',
    'wherry_proxy_chains 2',
    'kubeproxy_network_programming_duration_seconds_bucket{le="0.25"} 0',
    'kubeproxy_network_programming_duration_seconds_bucket{le="0.5"} 1',
    'kubeproxy_network_programming_duration_seconds_bucket{le="300"} 1',
    'kubeproxy_sync_proxy_rules_duration_seconds_bucket{le="0.004"} 1',
    'kubeproxy_sync_proxy_rules_nftables_sync_failures_total 0',
  ])
    assert.ok(lines.includes(line), line);
});
