/**
 * The heart: which endpoints of a Service port count on a node, and why. Proxy, DNS, load balancer, Ingress, the
 * simulation and `wherry why` all ask here; nobody else looks at conditions, hints, policies or terminating endpoints.
 * Sources: KEP-1669 (terminating), KEP-2086 (internalTrafficPolicy), KEP-4444 and KEP-3015 (trafficDistribution),
 * pkg/proxy/topology.go of v1.36.
 */
import type { EndpointSlice, Service, ServicePort } from '../kinds/generated/types.ts';
import type { KubeObject } from '../kinds/object.ts';
import { type IPFamily, isIPv6 } from '../lib/ip.ts';
import {
  type Candidates,
  candidatesOf,
  type NodePlace,
  type RefusedAddress,
  type ResolvedEndpoint,
} from './endpoint-candidates.ts';

export type TrafficPolicy = 'Cluster' | 'Local';

/** Why the endpoints of a set are these. The first four go with endpoints, the others with none. */
export type SetReason =
  | 'AllReady'
  | 'SameNode'
  | 'SameZone'
  | 'OnlyTerminating'
  | 'NoEndpoints'
  | 'NoEndpointPort'
  | 'NoReadyEndpoints'
  | 'NoLocalEndpoints';

/** Why an endpoint is not in a set. */
export type LeftOutReason = 'NotReady' | 'Terminating' | 'OtherNode' | 'OtherZone' | 'NotLocal';

export interface LeftOut {
  readonly endpoint: ResolvedEndpoint;
  readonly reason: LeftOutReason;
}

export interface EndpointSet {
  /** Ordered by address and port. */
  readonly endpoints: readonly ResolvedEndpoint[];
  readonly reason: SetReason;
  readonly leftOut: readonly LeftOut[];
}

/**
 * What happens to a new connection. `reject`: nobody could answer anywhere, so the client is told at once. `drop`:
 * others could, only this node must not ask them, so the client's retry may find a better node.
 */
export type Route =
  | { readonly verdict: 'forward'; readonly policy: TrafficPolicy; readonly set: EndpointSet }
  | { readonly verdict: 'reject' | 'drop'; readonly policy: TrafficPolicy; readonly reason: SetReason };

export interface PortResolution {
  readonly port: ServicePort;
  readonly family: IPFamily;
  /** For traffic that may go to any node. */
  readonly cluster: EndpointSet;
  /** For traffic that stays on this node. */
  readonly local: EndpointSet;
  /** To the cluster IP. */
  readonly internal: Route;
  /** From outside, to a node port or an address of a load balancer. What comes from pods and the node itself goes `cluster`. */
  readonly external: Route;
  readonly refused: readonly RefusedAddress[];
}

export interface ResolveOptions {
  /** Those of the Service (`serviceKeyOf`), of any family. */
  readonly slices: readonly EndpointSlice[];
  readonly node: NodePlace;
  /** See CandidateOptions. */
  readonly allowLoopback?: boolean;
}

/** What a Service is to whoever routes. Only `virtual` has addresses to be programmed. */
export type ServiceShape = 'virtual' | 'headless' | 'externalName' | 'pending' | 'otherProxy';

export const proxyNameLabel = 'service.kubernetes.io/service-proxy-name';

/** Source: the label selector of kube-proxy's informers, for Services and EndpointSlices (cmd/kube-proxy/app/server.go). */
const otherProxyLabels: readonly string[] = [proxyNameLabel, 'service.kubernetes.io/headless'];

/** The label that, whatever its value, leaves a Service or an EndpointSlice to another implementation. */
export const otherProxyLabelOf = ({ metadata: { labels } }: KubeObject): string | undefined =>
  otherProxyLabels.find((label) => Object.hasOwn(labels ?? {}, label));

export function shapeOf(service: Service): ServiceShape {
  const { spec } = service;
  if (spec?.type === 'ExternalName') return 'externalName';
  if (spec?.clusterIP === 'None') return 'headless';
  if (spec?.clusterIP === undefined || spec.clusterIP === '') return 'pending';
  return otherProxyLabelOf(service) === undefined ? 'virtual' : 'otherProxy';
}

/** The families of a Service, the primary first. */
export function familiesOf({ spec }: Service): IPFamily[] {
  const named = (spec?.ipFamilies ?? []).filter((family) => family === 'IPv4' || family === 'IPv6');
  if (named.length > 0) return named as IPFamily[];
  const addresses = spec?.clusterIPs ?? (spec?.clusterIP === undefined ? [] : [spec.clusterIP]);
  return addresses.filter((ip) => ip !== '' && ip !== 'None').map((ip) => (isIPv6(ip) ? 'IPv6' : 'IPv4'));
}

const isReady = ({ state }: ResolvedEndpoint): boolean => state === 'Ready';
const isFallback = ({ state }: ResolvedEndpoint): boolean => state === 'ServingTerminating';
const isUsable = (endpoint: ResolvedEndpoint): boolean => isReady(endpoint) || isFallback(endpoint);

type Topology = 'SameNode' | 'SameZone' | undefined;

/** Hints hold only when every ready endpoint has one and one of them is for here; a node's before a zone's. */
function topologyOf(endpoints: readonly ResolvedEndpoint[], node: NodePlace): Topology {
  const ready = endpoints.filter(isReady);
  if (ready.length === 0) return undefined;
  const holds = (hintsOf: (endpoint: ResolvedEndpoint) => readonly string[], here: string) =>
    here !== '' &&
    ready.every((endpoint) => hintsOf(endpoint).length > 0) &&
    ready.some((endpoint) => hintsOf(endpoint).includes(here));
  if (holds(({ nodeHints }) => nodeHints, node.name)) return 'SameNode';
  return holds(({ zoneHints }) => zoneHints, node.zone ?? '') ? 'SameZone' : undefined;
}

/** Parts endpoints into those without a reason against them, and the rest. */
function part(
  endpoints: readonly ResolvedEndpoint[],
  against: (endpoint: ResolvedEndpoint) => LeftOutReason | undefined,
): Pick<EndpointSet, 'endpoints' | 'leftOut'> {
  const kept: ResolvedEndpoint[] = [];
  const leftOut: LeftOut[] = [];
  for (const endpoint of endpoints) {
    const reason = against(endpoint);
    if (reason === undefined) kept.push(endpoint);
    else leftOut.push({ endpoint, reason });
  }
  return { endpoints: kept, leftOut };
}

const notReady = (endpoint: ResolvedEndpoint): LeftOutReason | undefined =>
  isReady(endpoint) ? undefined : isFallback(endpoint) ? 'Terminating' : 'NotReady';

const notFallback = (endpoint: ResolvedEndpoint): LeftOutReason | undefined =>
  isFallback(endpoint) ? undefined : 'NotReady';

/** Why there is nothing, cluster-wide. */
function emptyReason({ endpoints, isPortMissing }: Candidates): SetReason {
  if (endpoints.length > 0) return 'NoReadyEndpoints';
  return isPortMissing ? 'NoEndpointPort' : 'NoEndpoints';
}

function clusterSet(candidates: Candidates, node: NodePlace): EndpointSet {
  const { endpoints } = candidates;
  const topology = topologyOf(endpoints, node);
  const elsewhere = (endpoint: ResolvedEndpoint): LeftOutReason | undefined => {
    if (topology === 'SameNode' && !endpoint.nodeHints.includes(node.name)) return 'OtherNode';
    if (topology === 'SameZone' && !endpoint.zoneHints.includes(node.zone ?? '')) return 'OtherZone';
    return undefined;
  };
  const ready = part(endpoints, (endpoint) => notReady(endpoint) ?? elsewhere(endpoint));
  if (ready.endpoints.length > 0) return { ...ready, reason: topology ?? 'AllReady' };
  const fallback = part(endpoints, notFallback);
  return { ...fallback, reason: fallback.endpoints.length > 0 ? 'OnlyTerminating' : emptyReason(candidates) };
}

/** Hints do not matter here: what is local is as near as can be. The fallback is decided apart from the cluster's. */
function localSet(candidates: Candidates): EndpointSet {
  const { endpoints } = candidates;
  const remote = (endpoint: ResolvedEndpoint): LeftOutReason | undefined =>
    endpoint.isLocal ? undefined : 'NotLocal';
  const ready = part(endpoints, (endpoint) => remote(endpoint) ?? notReady(endpoint));
  if (ready.endpoints.length > 0) return { ...ready, reason: 'AllReady' };
  const fallback = part(endpoints, (endpoint) => remote(endpoint) ?? notFallback(endpoint));
  if (fallback.endpoints.length > 0) return { ...fallback, reason: 'OnlyTerminating' };
  return { ...fallback, reason: endpoints.some(isUsable) ? 'NoLocalEndpoints' : emptyReason(candidates) };
}

function routeOf(policy: TrafficPolicy, sets: { cluster: EndpointSet; local: EndpointSet }): Route {
  const set = policy === 'Local' ? sets.local : sets.cluster;
  if (set.endpoints.length > 0) return { verdict: 'forward', policy, set };
  return { verdict: set.reason === 'NoLocalEndpoints' ? 'drop' : 'reject', policy, reason: set.reason };
}

const policyOf = (value: string | undefined): TrafficPolicy => (value === 'Local' ? 'Local' : 'Cluster');

/** `port`: one of the Service's spec. */
export function resolvePort(
  { spec }: Service,
  port: ServicePort,
  options: ResolveOptions & { readonly family: IPFamily },
): PortResolution {
  const candidates = candidatesOf(port, options);
  const cluster = clusterSet(candidates, options.node);
  const local = localSet(candidates);
  return {
    port,
    family: options.family,
    cluster,
    local,
    internal: routeOf(policyOf(spec?.internalTrafficPolicy), { cluster, local }),
    external: routeOf(policyOf(spec?.externalTrafficPolicy), { cluster, local }),
    refused: candidates.refused,
  };
}

/** Every port in every family of the Service, the primary family first. Another proxy's slices do not count. */
export function resolve(service: Service, options: ResolveOptions): PortResolution[] {
  const isOurs = shapeOf(service) === 'virtual';
  const slices = isOurs
    ? options.slices.filter((slice) => otherProxyLabelOf(slice) === undefined)
    : options.slices;
  return familiesOf(service).flatMap((family) =>
    (service.spec?.ports ?? []).map((port) => resolvePort(service, port, { ...options, slices, family })),
  );
}

/**
 * What a node's healthCheckNodePort answers: how many local endpoints are ready. Terminating ones do not count, so that
 * load balancers turn away while connections that come nonetheless are still served (KEP-1669).
 */
export function countLocalReady(resolutions: readonly PortResolution[]): number {
  const ready = resolutions.flatMap(({ local }) => local.endpoints.filter(isReady));
  return new Set(ready.map(({ address }) => address)).size;
}
