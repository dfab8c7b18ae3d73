/** Services and slices in shorthand, for the tests of resolving. */
import type { Endpoint, EndpointSlice, Service, ServicePort, ServiceSpec } from '../kinds/generated/types.ts';
import { type NodePlace, serviceNameLabel } from './endpoint-candidates.ts';
import type { EndpointSet, PortResolution, Route } from './resolve.ts';

export const http: ServicePort = { name: 'http', port: 80, protocol: 'TCP' };

export const serviceOf = (spec: ServiceSpec = {}): Service => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.20',
    clusterIPs: ['10.96.0.20'],
    ipFamilies: ['IPv4'],
    ports: [http],
    ...spec,
  },
});

export const sliceOf = (
  endpoints: readonly Endpoint[],
  slice: Partial<EndpointSlice> = {},
): EndpointSlice => ({
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  ...slice,
  endpoints: [...endpoints],
  metadata: { name: 'web-a', namespace: 'default', labels: { [serviceNameLabel]: 'web' }, ...slice.metadata },
});

/** Ready and serving. */
export const up = { ready: true, serving: true, terminating: false };
export const unready = { ready: false, serving: false, terminating: false };
export const draining = { ready: false, serving: true, terminating: true };
export const gone = { ready: false, serving: false, terminating: true };

/** `at('10.244.1.2', 'a')` */
export const at = (address: string, nodeName: string, more: Partial<Endpoint> = {}): Endpoint => ({
  addresses: [address],
  conditions: up,
  nodeName,
  ...more,
});

const setText = ({ endpoints, reason, leftOut }: EndpointSet): string => {
  const inside = endpoints.map(({ address, port }) => ` ${address}:${port}`).join('');
  const outside = leftOut.map(({ endpoint, reason: why }) => ` -${endpoint.address}:${why}`).join('');
  return `${reason}${inside}${outside}`;
};

const routeText = (route: Route): string =>
  route.verdict === 'forward'
    ? `forward ${route.policy}`
    : `${route.verdict} ${route.policy} ${route.reason}`;

/** All of a resolution in a few lines. */
export const resolutionText = ({ cluster, local, internal, external, refused }: PortResolution): string[] => [
  `cluster: ${setText(cluster)}`,
  `local: ${setText(local)}`,
  `internal: ${routeText(internal)}`,
  `external: ${routeText(external)}`,
  ...refused.map(({ address, reason }) => `refused: ${address} ${reason}`),
];

export const nodeA: NodePlace = { name: 'a', zone: 'east' };

export const zones = (...names: string[]) => ({ hints: { forZones: names.map((name) => ({ name })) } });
export const nodes = (...names: string[]) => ({ hints: { forNodes: names.map((name) => ({ name })) } });
export const bothHints = (zone: string, node: string) => ({
  hints: { ...zones(zone).hints, ...nodes(node).hints },
});
