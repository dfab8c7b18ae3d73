/** What the EndpointSlice controller counts, under upstream's names. Source: pkg/controller/endpointslice/metrics. */
import type { Change } from '../client/change.ts';
import type { Informers } from '../client/informers.ts';
import { keyOf } from '../client/object-key.ts';
import type { Plan } from '../client/runner.ts';
import type { EndpointSlice } from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import { type Counter, exponentialBounds, type Labeled, type MetricsRegistry } from '../lib/metrics.ts';
import { serviceNameLabel } from './endpoint-pods.ts';
import { endpointSlice } from './endpoint-slice.ts';
import { endpointsPerSliceMax } from './limits.ts';
import { portsKey } from './slice-packing.ts';
import { isTopologyAuto } from './topology/topology-hints.ts';

const perSyncBounds = exponentialBounds(2, 2, { count: 15 });
const prefix = 'endpoint_slice_controller';

const endpointCount = (slice: EndpointSlice | undefined): number => slice?.endpoints?.length ?? 0;

interface Sync {
  readonly operations: Readonly<Record<'create' | 'update' | 'delete', number>>;
  readonly added: number;
  readonly removed: number;
}

/** What the changes do to slices; `old` finds what is there. */
export function syncOf(changes: readonly Change[], old: (key: string) => EndpointSlice | undefined): Sync {
  const operations = { create: 0, update: 0, delete: 0 };
  let added = 0;
  let removed = 0;
  for (const change of changes) {
    if (change.type === 'create') {
      operations.create++;
      added += endpointCount(change.object as EndpointSlice);
    } else if (change.type === 'delete') {
      operations.delete++;
      removed += endpointCount(old(change.key));
    } else if (change.type === 'update') {
      operations.update++;
      const now = new Set(addressesOf(change.object as EndpointSlice));
      const before = new Set(addressesOf(old(keyOf(change.object))));
      for (const address of now) if (!before.has(address)) added++;
      for (const address of before) if (!now.has(address)) removed++;
    }
  }
  return { operations, added, removed };
}

const addressesOf = (slice: EndpointSlice | undefined): string[] =>
  (slice?.endpoints ?? []).map(({ addresses }) => addresses?.[0] ?? '');

/** For the runner's `observe`. */
export function meterEndpointSlices(
  registry: MetricsRegistry,
  informers: Informers,
): (plan: Plan) => (error: unknown) => void {
  const named = (name: string, help: string) => ({ name: `${prefix}_${name}`, help });
  const added = registry.histogram(
    named('endpoints_added_per_sync', 'Number of endpoints added on each Service sync'),
    perSyncBounds,
  );
  const removed = registry.histogram(
    named('endpoints_removed_per_sync', 'Number of endpoints removed on each Service sync'),
    perSyncBounds,
  );
  const changed = registry.histograms(
    named('endpointslices_changed_per_sync', 'Number of EndpointSlices changed on each Service sync'),
    ['topology', 'traffic_distribution'],
    perSyncBounds,
  );
  const operations = registry.counters(named('changes', 'Number of EndpointSlice changes'), ['operation']);
  const syncs = registry.counters(named('syncs', 'Number of EndpointSlice syncs'), ['result']);
  readSlices(registry, informers);
  return ({ key, changes, view }) => {
    const sync = syncOf(changes, (slice) => view.get('EndpointSlice', slice));
    const service = view.get('Service', key);
    const distribution = service?.spec?.trafficDistribution ?? '';
    const topology = service !== undefined && isTopologyAuto(service) ? 'Auto' : 'Disabled';
    return (error) => {
      syncs.of(error === undefined ? 'success' : 'error').add();
      if (error !== undefined) return;
      added.observe(sync.added);
      removed.observe(sync.removed);
      changed.of(topology, distribution).observe(changes.length);
      count(operations, sync.operations);
    };
  };
}

function count(counters: Labeled<Counter>, operations: Readonly<Record<string, number>>): void {
  for (const [operation, times] of Object.entries(operations))
    if (times > 0) counters.of(operation).add(times);
}

/** Counted when somebody asks: that costs a pass over the slices, and nothing in between. */
function readSlices(registry: MetricsRegistry, informers: Informers): void {
  const read = (name: string, help: string, value: (slices: readonly EndpointSlice[]) => number) =>
    registry.read({ name: `${prefix}_${name}`, help }, 'gauge', () =>
      value(informers.of('EndpointSlice').list().filter(isOurs)),
    );
  read('num_endpoint_slices', 'Number of EndpointSlices', (slices) => slices.length);
  read('endpoints_desired', 'Number of endpoints desired', (slices) =>
    slices.reduce((sum, slice) => sum + endpointCount(slice), 0),
  );
  read(
    'desired_endpoint_slices',
    'Number of EndpointSlices that would exist with perfect endpoint allocation',
    perfectCount,
  );
}

const isOurs = (slice: EndpointSlice): boolean =>
  [...(endpointSlice.indexes?.EndpointSlice?.managedService?.(slice) ?? [])].length > 0;

/** One set of slices for each Service, family and set of ports, each with at least one. */
function perfectCount(slices: readonly EndpointSlice[]): number {
  const groups = new Map<string, number>();
  for (const slice of slices) {
    const service = getOwn(slice.metadata.labels, serviceNameLabel) ?? '';
    const key = [slice.metadata.namespace, service, slice.addressType, portsKey(slice.ports)].join('/');
    groups.set(key, (groups.get(key) ?? 0) + endpointCount(slice));
  }
  let sum = 0;
  for (const endpoints of groups.values()) sum += Math.max(1, Math.ceil(endpoints / endpointsPerSliceMax));
  return sum;
}
