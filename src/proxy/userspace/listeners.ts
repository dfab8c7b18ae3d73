/**
 * What a Service is to a proxy without the kernel's help: addresses and ports to listen on, and where each leads. Pure.
 * Traffic that is to be rejected or dropped has no listener: the kernel refuses it.
 */
import type { EndpointSlice, Service } from '../../kinds/generated/types.ts';
import { isIPv6 } from '../../lib/ip.ts';
import type { ResolvedEndpoint } from '../../service/endpoint-candidates.ts';
import { type PortResolution, resolve, shapeOf } from '../../service/resolve.ts';
import { affinitySecondsDefault } from '../limits.ts';

export interface Backend {
  readonly address: string;
  readonly port: number;
}

export type Protocol = 'TCP' | 'UDP';

export interface Listener {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  /** `default/web` */
  readonly service: string;
  readonly backends: readonly Backend[];
  /** A client stays with its endpoint until it has been silent for so long; undefined: every connection is on its own. */
  readonly affinitySeconds: number | undefined;
  /** CIDRs from which clients may come; undefined: from anywhere. */
  readonly sourceRanges: readonly string[] | undefined;
}

export interface ProxiedNode {
  readonly name: string;
  readonly addresses: readonly string[];
}

export interface ListenerOptions {
  /** Those of the Service. */
  readonly slices: readonly EndpointSlice[];
  /** The nodes whose ports are listened on here. */
  readonly nodes: readonly ProxiedNode[];
  /** Addresses of the machine itself, on which node ports are listened for as well. */
  readonly hostAddresses?: readonly string[];
}

/** `TCP 127.96.0.5 80` */
export const listenerKey = ({
  protocol,
  address,
  port,
}: Pick<Listener, 'protocol' | 'address' | 'port'>): string => `${protocol} ${address} ${port}`;

const backendsOf = (endpoints: readonly ResolvedEndpoint[]): Backend[] =>
  endpoints.map(({ address, port }) => ({ address, port }));

/** SCTP is not spoken here. */
const protocolOf = ({ port }: PortResolution): Protocol | undefined =>
  port.protocol === 'UDP' ? 'UDP' : port.protocol === 'SCTP' ? undefined : 'TCP';

/** Backends of traffic from outside that came to this node. */
function externalBackends(resolution: PortResolution): Backend[] {
  const { external } = resolution;
  return external.verdict === 'forward' ? backendsOf(external.set.endpoints) : [];
}

type Place = Pick<Listener, 'address' | 'port' | 'backends' | 'sourceRanges'>;

/** Clients are on this machine, but on no node: internalTrafficPolicy has no place to be local to. */
function clusterPlaces(service: Service, resolution: PortResolution): Place[] {
  const { clusterIPs, clusterIP = '' } = service.spec ?? {};
  const wantsIPv6 = resolution.family === 'IPv6';
  return (clusterIPs ?? [clusterIP])
    .filter((address) => address !== '' && isIPv6(address) === wantsIPv6)
    .map((address) => ({
      address,
      port: resolution.port.port,
      backends: backendsOf(resolution.cluster.endpoints),
      sourceRanges: undefined,
    }));
}

/** Of the nodes, the one that would announce the address: the first whose traffic is answered. */
function balancerPlaces(service: Service, byNode: readonly PortResolution[]): Place[] {
  const { port, family } = byNode[0]!;
  const backends = byNode.map(externalBackends).find(({ length }) => length > 0) ?? [];
  const ranges = service.spec?.loadBalancerSourceRanges;
  return (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode }) =>
    ip === undefined || ipMode === 'Proxy' || isIPv6(ip) !== (family === 'IPv6')
      ? []
      : [{ address: ip, port: port.port, backends, sourceRanges: ranges?.length ? ranges : undefined }],
  );
}

function nodePlaces(resolution: PortResolution, { addresses }: ProxiedNode): Place[] {
  const { nodePort = 0 } = resolution.port;
  if (nodePort === 0) return [];
  const backends = externalBackends(resolution);
  return addresses
    .filter((address) => isIPv6(address) === (resolution.family === 'IPv6'))
    .map((address) => ({ address, port: nodePort, backends, sourceRanges: undefined }));
}

/** The machine's own, which is no node: the first node that answers has the say. */
function hostPlaces(byNode: readonly PortResolution[], addresses: readonly string[]): Place[] {
  const answering = byNode.find((each) => externalBackends(each).length > 0);
  return answering === undefined ? [] : nodePlaces(answering, { name: '', addresses });
}

/** Every place where the Service answers. */
export function planListeners(
  service: Service,
  { slices, nodes, hostAddresses = [] }: ListenerOptions,
): Listener[] {
  if (shapeOf(service) !== 'virtual') return [];
  const at = (name: string) => resolve(service, { slices, node: { name }, allowLoopback: true });
  const anywhere = at('');
  const byNode = nodes.map(({ name }) => at(name));
  const { namespace, name } = service.metadata;
  const affinity = service.spec?.sessionAffinity === 'ClientIP';
  const affinitySeconds = affinity
    ? (service.spec?.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? affinitySecondsDefault)
    : undefined;
  return anywhere.flatMap((resolution, index) => {
    const protocol = protocolOf(resolution);
    if (protocol === undefined) return [];
    const here = byNode.map((each) => each[index]!);
    const places = [
      ...clusterPlaces(service, resolution),
      ...balancerPlaces(service, here.length === 0 ? [resolution] : here),
      ...here.flatMap((each, node) => nodePlaces(each, nodes[node]!)),
      ...hostPlaces(here, hostAddresses),
    ];
    return places
      .filter(({ backends }) => backends.length > 0)
      .map((place) => ({ ...place, protocol, service: `${namespace}/${name}`, affinitySeconds }));
  });
}
