/** Invariants of what stands behind a Service: what `service/resolve` gives to a node is what the pods say. */
import { isDeepStrictEqual } from 'node:util';
import { isActive, isReady } from '../controllers/pods.ts';
import type { EndpointSlice, Endpoints, Pod, Service } from '../kinds/generated/types.ts';
import { resolve } from '../service/resolve.ts';
import type { Invariant } from './invariant.ts';
import { endpointsMilliseconds } from './limits.ts';
import { nameOf } from './ownership.ts';
import { nodesOf, podsOf, type World, type WorldChange } from './world.ts';

const hasSelector = ({ spec }: Service): boolean => Object.keys(spec?.selector ?? {}).length > 0;

interface Selected {
  /** Of the ready pods. */
  readonly all: string;
  /** Of those whose node is there: upstream's slices leave out the others, its Endpoints do not. */
  readonly placed: string;
}

function selectedBy(world: World, { metadata, spec }: Service): Selected {
  const selector = Object.entries(spec?.selector ?? {});
  const nodes = new Set(nodesOf(world).map((node) => node.metadata.name));
  const pods = podsOf(world).filter(
    (pod) =>
      pod.metadata.namespace === metadata.namespace &&
      selector.every(([key, value]) => pod.metadata.labels?.[key] === value) &&
      isReady(pod) &&
      isActive(pod),
  );
  const addresses = (chosen: readonly Pod[]): string =>
    chosen
      .map(({ status }) => status?.podIP ?? 'none')
      .sort()
      .join(' ');
  return {
    all: addresses(pods),
    placed: addresses(pods.filter((pod) => nodes.has(pod.spec?.nodeName))),
  };
}

/** Of the first port, to any node: what a proxy would forward to. Endpoints on their way out are the last resort. */
function resolvedAddresses(world: World, service: Service): string {
  const { namespace, name } = service.metadata;
  const slices = world
    .of<EndpointSlice>('discovery.k8s.io/endpointslices')
    .filter(
      ({ metadata }) =>
        metadata.namespace === namespace && metadata.labels?.['kubernetes.io/service-name'] === name,
    );
  const [first] = resolve(service, { slices, node: { name: 'node-1' } });
  if (first === undefined || first.cluster.reason === 'OnlyTerminating') return '';
  const addresses = first.cluster.endpoints.map(({ address }) => address);
  return [...new Set(addresses)].sort().join(' ');
}

function endpointsAddresses(world: World, { metadata }: Service): string {
  return world
    .of<Endpoints>('core/endpoints')
    .filter((each) => each.metadata.namespace === metadata.namespace && each.metadata.name === metadata.name)
    .flatMap(({ subsets }) => subsets ?? [])
    .flatMap(({ addresses }) => addresses ?? [])
    .map(({ ip }) => ip)
    .sort()
    .join(' ');
}

function* wrongOf(world: World, service: Service): Generator<string> {
  const { all, placed } = selectedBy(world, service);
  const resolved = resolvedAddresses(world, service);
  const endpoints = endpointsAddresses(world, service);
  if (resolved !== placed)
    yield `${nameOf(service)} selects [${placed}], its slices resolve to [${resolved}]`;
  if (endpoints !== all) yield `${nameOf(service)} selects [${all}], its Endpoints have [${endpoints}]`;
}

/** What each Service selects, and since when, by its uid. */
const latest = new WeakMap<World, Map<string, { readonly selected: Selected; readonly since: number }>>();

function note({ resource, object, old, at }: WorldChange, world: World): void {
  const isNode = resource === 'core/nodes' && (object === undefined || old === undefined);
  if (resource !== 'core/pods' && resource !== 'core/services' && !isNode) return;
  const known = latest.get(world) ?? new Map();
  latest.set(world, known);
  for (const service of world.of<Service>('core/services')) {
    if (!hasSelector(service)) continue;
    const selected = selectedBy(world, service);
    const { uid } = service.metadata;
    if (!isDeepStrictEqual(known.get(uid)?.selected, selected)) known.set(uid, { selected, since: at });
  }
}

const endpointsFollowPods: Invariant = {
  name: 'EndpointSlices, as resolved, and Endpoints are the ready pods that a Service selects, soon after they are',
  // biome-ignore lint/correctness/useYield: it only notes
  *onChange(change, world) {
    note(change, world);
  },
  *always(world) {
    for (const service of world.of<Service>('core/services')) {
      const since = latest.get(world)?.get(service.metadata.uid ?? '')?.since;
      if (since !== undefined && world.clock.now() - since > endpointsMilliseconds)
        yield* wrongOf(world, service);
    }
  },
  *settled(world) {
    for (const service of world.of<Service>('core/services'))
      if (hasSelector(service)) yield* wrongOf(world, service);
  },
};

export const endpointInvariants: readonly Invariant[] = [endpointsFollowPods];
