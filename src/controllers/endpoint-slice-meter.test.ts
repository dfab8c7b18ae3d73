import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestWorld } from '../../test/client/world.ts';
import { remove, update } from '../client/change.ts';
import type { EndpointSlice, Pod, Service } from '../kinds/generated/types.ts';
import { silentLogger } from '../lib/log.ts';
import { MetricsRegistry } from '../lib/metrics.ts';
import { seededRandom } from '../lib/random.ts';
import { endpointSlice } from './endpoint-slice.ts';
import { syncOf } from './endpoint-slice-meter.ts';
import { queueNameOf } from './queue-names.ts';
import { startControllers } from './start.ts';

const slice = (name: string, addresses: readonly string[]): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'default', name },
  addressType: 'IPv4',
  endpoints: addresses.map((address) => ({ addresses: [address] })),
});

test('what a plan does to slices', () => {
  const old = new Map([
    ['default/a', slice('a', ['10.0.0.1', '10.0.0.2'])],
    ['default/b', slice('b', ['10.0.0.3'])],
  ]);
  const changes = [
    update('EndpointSlice', slice('a', ['10.0.0.2', '10.0.0.4', '10.0.0.5'])),
    remove('EndpointSlice', slice('b', [])),
  ];
  assert.deepEqual(
    syncOf(changes, (key) => old.get(key)),
    { operations: { create: 0, update: 1, delete: 1 }, added: 2, removed: 2 },
  );
});

const service: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'default', name: 'web' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
};

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'default', name: 'web-1', labels: { app: 'web' } },
  spec: { nodeName: 'node-1', containers: [{ name: 'web', image: 'web' }] },
};

test('a running controller is counted under the names of upstream', async () => {
  const world = await startTestWorld();
  const registry = new MetricsRegistry();
  const stopping = new AbortController();
  const { stopped } = startControllers({
    transport: world.transport,
    clock: world.clock,
    random: seededRandom(1),
    log: silentLogger,
    signal: stopping.signal,
    controllers: [endpointSlice],
    metrics: { registry, host: 'in-process' },
  });
  await world.client.of('Node').create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } });
  const created = await world.client.of('Pod').create(pod);
  await world.client.of('Pod').updateStatus({
    ...created,
    status: { phase: 'Running', podIP: '10.244.0.2', podIPs: [{ ip: '10.244.0.2' }] },
  });
  await world.settle();
  await world.client.of('Service').create(service);
  await world.settle();
  const shown = registry
    .render()
    .split('\n')
    .filter((line) =>
      /^(endpoint_slice|workqueue_(adds|retries)|controller_runtime_reconcile_errors)/.test(line),
    )
    .filter((line) => !line.includes('_bucket'));
  // Service kubernetes, web, and web again when its slice has come.
  assert.deepEqual(shown, [
    'endpoint_slice_controller_endpoints_added_per_sync_sum 1',
    'endpoint_slice_controller_endpoints_added_per_sync_count 3',
    'endpoint_slice_controller_endpoints_removed_per_sync_sum 0',
    'endpoint_slice_controller_endpoints_removed_per_sync_count 3',
    'endpoint_slice_controller_endpointslices_changed_per_sync_sum{topology="Disabled",traffic_distribution=""} 1',
    'endpoint_slice_controller_endpointslices_changed_per_sync_count{topology="Disabled",traffic_distribution=""} 3',
    'endpoint_slice_controller_changes{operation="create"} 1',
    'endpoint_slice_controller_syncs{result="success"} 3',
    'endpoint_slice_controller_num_endpoint_slices 1',
    'endpoint_slice_controller_endpoints_desired 1',
    'endpoint_slice_controller_desired_endpoint_slices 1',
    'workqueue_adds_total{name="endpoint_slice"} 3',
    'workqueue_retries_total{name="endpoint_slice"} 0',
    'controller_runtime_reconcile_errors_total{controller="endpoint-slice"} 0',
  ]);
  stopping.abort();
  await stopped;
  await world.close();
});

test('queues bear the names that dashboards know', () => {
  assert.deepEqual(['deployment', 'replica-set', 'ttl-after-finished'].map(queueNameOf), [
    'deployment',
    'replicaset',
    'ttl_jobs_to_delete',
  ]);
});
