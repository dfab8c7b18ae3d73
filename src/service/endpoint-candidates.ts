/**
 * From EndpointSlices to the endpoints of one Service port in one family, each once, each with what its conditions
 * amount to. Sources: discovery.k8s.io/v1 field documentation; pkg/proxy/endpointslicecache.go.
 */
import type { Endpoint, EndpointSlice, ServicePort } from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import { type AddressScope, addressScope, formatAddress, type IPFamily, parseAddress } from '../lib/ip.ts';

export const serviceNameLabel = 'kubernetes.io/service-name';

/** Where a decision is made. `name` is '' where no node is meant (DNS, a simulation of an outside client). */
export interface NodePlace {
  readonly name: string;
  /** The node's label topology.kubernetes.io/zone. */
  readonly zone?: string;
}

/** What an endpoint's conditions amount to (KEP-1669). A missing condition is a good one. */
export type EndpointState = 'Ready' | 'ServingTerminating' | 'NotReady';

export interface ResolvedEndpoint {
  readonly family: IPFamily;
  /** In canonical form. */
  readonly address: string;
  readonly port: number;
  readonly state: EndpointState;
  /** False for a pod that is published although it is not ready. */
  readonly isServing: boolean;
  readonly isTerminating: boolean;
  /** On the node that asks. */
  readonly isLocal: boolean;
  readonly nodeName: string;
  readonly zone: string;
  readonly nodeHints: readonly string[];
  readonly zoneHints: readonly string[];
  /** `namespace/name` of the pod; '' where a person or another controller wrote the slice. */
  readonly pod: string;
}

/** Why an address in a slice is no endpoint at all. */
export type RefusedReason =
  | 'NoAddress'
  | 'NotAnAddress'
  | 'OtherFamily'
  | 'LoopbackAddress'
  | 'LinkLocalAddress'
  | 'UnspecifiedAddress'
  | 'MulticastAddress'
  | 'NoPort';

export interface RefusedAddress {
  readonly address: string;
  readonly slice: string;
  readonly reason: RefusedReason;
}

export interface Candidates {
  /** Ordered by address and port, so that equal input in any order gives equal output. */
  readonly endpoints: readonly ResolvedEndpoint[];
  readonly refused: readonly RefusedAddress[];
  /** The slices name endpoints, but none of them this port: a targetPort that no pod has. */
  readonly isPortMissing: boolean;
}

export interface CandidateOptions {
  readonly family: IPFamily;
  readonly slices: readonly EndpointSlice[];
  readonly node: NodePlace;
  /** For a cluster whose pods live in 127.0.0.0/8. Else the kernel would be made to talk to the node itself (CVE-2020-8558). */
  readonly allowLoopback?: boolean;
}

const refusedScopes: Record<Exclude<AddressScope, 'other'>, RefusedReason> = {
  unspecified: 'UnspecifiedAddress',
  loopback: 'LoopbackAddress',
  linkLocalUnicast: 'LinkLocalAddress',
  linkLocalMulticast: 'LinkLocalAddress',
};

const isMulticast = (family: IPFamily, value: bigint): boolean =>
  family === 'IPv4' ? value >> 28n === 0xen : value >> 120n === 0xffn;

/** The canonical address, or why it is none that traffic may be sent to. */
function checkAddress(
  text: string,
  { family, allowLoopback }: CandidateOptions,
): { address: string } | { reason: RefusedReason } {
  const parsed = parseAddress(text);
  if (parsed === undefined) return { reason: 'NotAnAddress' };
  if (parsed.family !== family) return { reason: 'OtherFamily' };
  const scope = addressScope(parsed);
  if (scope !== 'other' && !(scope === 'loopback' && allowLoopback === true))
    return { reason: refusedScopes[scope] };
  if (isMulticast(family, parsed.value)) return { reason: 'MulticastAddress' };
  return { address: formatAddress(family, parsed.value) };
}

export function stateOf({ conditions }: Endpoint): EndpointState {
  if (conditions?.ready !== false) return 'Ready';
  return conditions.serving !== false && conditions.terminating === true ? 'ServingTerminating' : 'NotReady';
}

/** Only the first address of an endpoint is used: all of them lead to the same pod. */
function endpointOf(
  endpoint: Endpoint,
  port: number,
  at: { address: string; options: CandidateOptions },
): ResolvedEndpoint {
  const { conditions, hints, targetRef, nodeName = '', zone = '' } = endpoint;
  const { family, node } = at.options;
  return {
    family,
    address: at.address,
    port,
    state: stateOf(endpoint),
    isServing: conditions?.serving !== false,
    isTerminating: conditions?.terminating === true,
    isLocal: node.name !== '' && nodeName === node.name,
    nodeName,
    zone,
    nodeHints: (hints?.forNodes ?? []).map(({ name }) => name),
    zoneHints: (hints?.forZones ?? []).map(({ name }) => name),
    pod: targetRef?.kind === 'Pod' ? `${targetRef.namespace ?? ''}/${targetRef.name ?? ''}` : '',
  };
}

const stateRank: Record<EndpointState, number> = { Ready: 2, ServingTerminating: 1, NotReady: 0 };

/**
 * While a controller moves an endpoint between slices it may stand in both, with different conditions: the better one
 * holds, then the local one, then the one that says more. Never the order of the slices, which watches do not promise.
 */
function better(one: ResolvedEndpoint, other: ResolvedEndpoint): ResolvedEndpoint {
  const rank =
    stateRank[one.state] - stateRank[other.state] ||
    Number(one.isLocal) - Number(other.isLocal) ||
    (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);
  return rank >= 0 ? one : other;
}

const compareTexts = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

const byAddress = (one: ResolvedEndpoint, other: ResolvedEndpoint): number =>
  compareTexts(one.address, other.address) || one.port - other.port;

const bySlice = (one: RefusedAddress, other: RefusedAddress): number =>
  compareTexts(one.slice, other.slice) || compareTexts(one.address, other.address);

/** The numbers that a slice gives to a Service port: a named targetPort may differ from slice to slice. */
function portsIn(slice: EndpointSlice, { name = '', protocol = 'TCP' }: ServicePort): number[] {
  return (slice.ports ?? [])
    .filter((port) => (port.name ?? '') === name && (port.protocol ?? 'TCP') === protocol)
    .flatMap(({ port }) => (port === undefined || port <= 0 || port > 65_535 ? [] : [port]));
}

/** The key of the Service that a slice belongs to; '' for none. An index function. */
export function serviceKeyOf({ metadata }: EndpointSlice): string {
  const name = getOwn(metadata.labels, serviceNameLabel) ?? '';
  return name === '' ? '' : `${metadata.namespace ?? ''}/${name}`;
}

/** The same as an index function: no key for a slice of nobody. */
export function serviceKeysOf(slice: EndpointSlice): string[] {
  const key = serviceKeyOf(slice);
  return key === '' ? [] : [key];
}

/** `port`: a port of the Service's spec. The slices are those of the Service, of any family. */
export function candidatesOf(port: ServicePort, options: CandidateOptions): Candidates {
  const found = new Map<string, ResolvedEndpoint>();
  const refused: RefusedAddress[] = [];
  let hasEndpoints = false;
  let hasPort = false;
  for (const slice of options.slices) {
    if (slice.addressType !== options.family) continue;
    const sliceName = slice.metadata.name ?? '';
    const numbers = portsIn(slice, port);
    if (numbers.length > 0) hasPort = true;
    for (const endpoint of slice.endpoints ?? []) {
      hasEndpoints = true;
      const [text] = endpoint.addresses ?? [];
      const checked = text === undefined ? { reason: 'NoAddress' as const } : checkAddress(text, options);
      const reason = 'reason' in checked ? checked.reason : numbers.length === 0 ? 'NoPort' : undefined;
      if (reason !== undefined) refused.push({ address: text ?? '', slice: sliceName, reason });
      if ('reason' in checked) continue;
      for (const number of numbers) {
        const resolved = endpointOf(endpoint, number, { address: checked.address, options });
        const key = `${resolved.address} ${number}`;
        const known = found.get(key);
        found.set(key, known === undefined ? resolved : better(known, resolved));
      }
    }
  }
  return {
    endpoints: [...found.values()].sort(byAddress),
    refused: refused.sort(bySlice),
    isPortMissing: hasEndpoints && !hasPort,
  };
}
