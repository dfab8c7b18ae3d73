/** The Services that the table of cases walks through: each with its addresses, its endpoints and its conditions. */
import type { Endpoint, EndpointSlice, Service, ServiceSpec } from '../../src/kinds/generated/types.ts';
import { serviceNameLabel } from '../../src/service/endpoint-candidates.ts';
import { addressOf, type Family, lanAddress, nodeOf, type PlaceName, type PodName } from './network.ts';

export const families: readonly Family[] = ['IPv4', 'IPv6'];
/** Every Service has this port with TCP and UDP (and SCTP, which only the fake can walk here). */
export const servicePort = 80;
export const targetPort = 8080;
/** Where pods b1 and b2 also listen: the named port that is another number there. */
export const otherTargetPort = 9090;

type Condition = 'ready' | 'unready' | 'draining' | 'gone' | 'published';

interface Placed {
  readonly at: PlaceName | 'loopback' | 'linkLocal';
  readonly is?: Condition;
  readonly zones?: readonly string[];
  readonly nodes?: readonly string[];
  /** In which slice; slices of one Service may have other port numbers. */
  readonly slice?: 'web-b';
}

interface Wanted {
  readonly endpoints: readonly Placed[];
  readonly spec?: ServiceSpec;
  readonly isLoadBalancer?: boolean;
  readonly hasNodePort?: boolean;
  readonly ipMode?: string;
  /** The second slice's ports are these. */
  readonly otherPort?: number;
}

const local: ServiceSpec = { externalTrafficPolicy: 'Local' };
const everywhere: Placed[] = [{ at: 'a1' }, { at: 'b1' }];
const inZones: Placed[] = [
  { at: 'a1', zones: ['east'] },
  { at: 'b1', zones: ['west'] },
];

export const wanted = {
  web: { endpoints: everywhere },
  remote: { endpoints: [{ at: 'b1' }, { at: 'b2' }] },
  own: { endpoints: everywhere, spec: { internalTrafficPolicy: 'Local' } },
  'own-elsewhere': { endpoints: [{ at: 'b1' }], spec: { internalTrafficPolicy: 'Local' } },
  nobody: { endpoints: [] },
  unready: {
    endpoints: [
      { at: 'a1', is: 'unready' },
      { at: 'b1', is: 'gone' },
    ],
  },
  draining: {
    endpoints: [
      { at: 'a1', is: 'draining' },
      { at: 'b1', is: 'gone' },
    ],
  },
  'half-draining': { endpoints: [{ at: 'a1', is: 'draining' }, { at: 'b1' }] },
  'own-draining': {
    endpoints: [{ at: 'a1', is: 'draining' }, { at: 'b1' }],
    spec: { internalTrafficPolicy: 'Local' },
  },
  published: { endpoints: [{ at: 'a1', is: 'published' }], spec: { publishNotReadyAddresses: true } },
  zoned: { endpoints: inZones },
  'half-zoned': { endpoints: [{ at: 'a1', zones: ['east'] }, { at: 'b1' }] },
  noded: {
    endpoints: [
      { at: 'a1', zones: ['east'], nodes: ['a'] },
      { at: 'b1', zones: ['east'], nodes: ['b'] },
    ],
  },
  named: { endpoints: [{ at: 'a1' }, { at: 'b1', slice: 'web-b' }], otherPort: otherTargetPort },
  twice: { endpoints: [{ at: 'a1' }, { at: 'b1' }, { at: 'b1', slice: 'web-b' }] },
  forbidden: { endpoints: [{ at: 'loopback' }, { at: 'linkLocal' }] },
  host: { endpoints: [{ at: 'a' }], hasNodePort: true },
  alone: { endpoints: [{ at: 'a1' }], hasNodePort: true },
  port: { endpoints: everywhere, hasNodePort: true },
  'port-local': { endpoints: [{ at: 'a1' }], spec: local, hasNodePort: true },
  'port-nobody': { endpoints: [], hasNodePort: true },
  balanced: { endpoints: everywhere, isLoadBalancer: true },
  'balanced-local': { endpoints: everywhere, spec: local, isLoadBalancer: true },
  'balanced-elsewhere': { endpoints: [{ at: 'b1' }], spec: local, isLoadBalancer: true },
  'balanced-nobody': { endpoints: [], spec: local, isLoadBalancer: true },
  'balanced-draining': {
    endpoints: [{ at: 'a1', is: 'draining' }, { at: 'b1' }],
    spec: local,
    isLoadBalancer: true,
  },
  open: {
    endpoints: everywhere,
    spec: { loadBalancerSourceRanges: ['172.30.0.9/32', '172.30.0.8/30', 'fd00:30::/120', 'fd00:30::9/128'] },
    isLoadBalancer: true,
  },
  closed: {
    endpoints: everywhere,
    spec: { loadBalancerSourceRanges: ['10.244.0.0/16', 'fd00:244::/32'] },
    isLoadBalancer: true,
  },
  foreign: { endpoints: everywhere, isLoadBalancer: true, ipMode: 'Proxy' },
  sticky: {
    endpoints: everywhere,
    spec: { sessionAffinity: 'ClientIP' },
    isLoadBalancer: true,
    hasNodePort: true,
  },
} satisfies Record<string, Wanted>;

export type ServiceName = keyof typeof wanted;
export const serviceNames = Object.keys(wanted) as ServiceName[];

const placeIn = (name: ServiceName): number => serviceNames.indexOf(name);

export const clusterAddress = (name: ServiceName, family: Family): string =>
  family === 'IPv4' ? `10.96.0.${10 + placeIn(name)}` : `fd00:96::${(10 + placeIn(name)).toString(16)}`;

/** Within the service range, and of no Service. */
export const unallocated = { IPv4: '10.96.200.200', IPv6: 'fd00:96::c8c8' } as const;

export const balancerAddress = (name: ServiceName, family: Family): string =>
  lanAddress(100 + placeIn(name), family);

export const nodePort = (name: ServiceName): number => 30_000 + placeIn(name);

const conditions: Record<Condition, Endpoint['conditions']> = {
  ready: { ready: true, serving: true, terminating: false },
  unready: { ready: false, serving: false, terminating: false },
  draining: { ready: false, serving: true, terminating: true },
  gone: { ready: false, serving: false, terminating: true },
  published: { ready: true, serving: false, terminating: false },
};

const special = {
  loopback: { IPv4: '127.0.0.1', IPv6: '::1' },
  linkLocal: { IPv4: '169.254.1.1', IPv6: 'fe80::1' },
} as const;

function endpointOf({ at, is = 'ready', zones, nodes }: Placed, family: Family): Endpoint {
  const isSpecial = at === 'loopback' || at === 'linkLocal';
  const nodeName = isSpecial
    ? 'a'
    : at === 'a' || at === 'b' || at === 'outside'
      ? at
      : nodeOf(at as PodName);
  const forZones = zones?.map((name) => ({ name }));
  const forNodes = nodes?.map((name) => ({ name }));
  return {
    addresses: [isSpecial ? special[at][family] : addressOf(at, family)],
    conditions: conditions[is],
    nodeName,
    ...(zones === undefined && nodes === undefined ? {} : { hints: { forZones, forNodes } }),
  };
}

const protocols = ['TCP', 'UDP', 'SCTP'] as const;
const portName = (protocol: string): string => protocol.toLowerCase();

export function slicesOf(name: ServiceName): EndpointSlice[] {
  const { endpoints, otherPort = targetPort }: Wanted = wanted[name];
  return families.flatMap((addressType) =>
    ['web-a', 'web-b'].map((slice) => ({
      metadata: {
        name: `${name}-${addressType}-${slice}`,
        namespace: 'default',
        labels: { [serviceNameLabel]: name },
      },
      addressType,
      ports: protocols.map((protocol) => ({
        name: portName(protocol),
        protocol,
        port: slice === 'web-b' ? otherPort : targetPort,
      })),
      endpoints: endpoints
        .filter((placed) => (placed.slice ?? 'web-a') === slice)
        .map((placed) => endpointOf(placed, addressType)),
    })),
  );
}

export function serviceOf(name: ServiceName): Service {
  const { spec, isLoadBalancer, hasNodePort, ipMode = 'VIP' }: Wanted = wanted[name];
  const clusterIPs = families.map((family) => clusterAddress(name, family));
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      type: isLoadBalancer ? 'LoadBalancer' : hasNodePort ? 'NodePort' : 'ClusterIP',
      clusterIP: clusterIPs[0],
      clusterIPs,
      ipFamilies: [...families],
      ports: protocols.map((protocol) => ({
        name: portName(protocol),
        port: servicePort,
        protocol,
        targetPort: portName(protocol),
        ...(hasNodePort ? { nodePort: nodePort(name) } : {}),
      })),
      ...spec,
    },
    ...(isLoadBalancer
      ? {
          status: {
            loadBalancer: {
              ingress: families.map((family) => ({ ip: balancerAddress(name, family), ipMode })),
            },
          },
        }
      : {}),
  };
}
