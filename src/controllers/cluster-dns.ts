/**
 * The Service of the cluster's DNS, whose servers are in the nodes' agents: each Node says by an annotation on which port
 * its agent answers, and pods are answered by that of their own node.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Change, create, remove, update } from '../client/change.ts';
import { type Controller, defineController } from '../client/controller.ts';
import { keyOf, objectKey } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type { Endpoint, EndpointSlice, Node, Service } from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import { parseCidr } from '../lib/cidr.ts';
import { formatAddress } from '../lib/ip.ts';
import { endpointsPerSliceMax } from './limits.ts';

/** On a Node: where its agent's DNS server listens. */
export const dnsPortAnnotation = 'wherry.dev/dns-port';

const namespace = 'kube-system';
const name = 'kube-dns';
const serviceKey = objectKey(namespace, name);
const serviceNameLabel = 'kubernetes.io/service-name';
const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
const manager = 'cluster-dns.wherry.dev';

/** By convention the tenth address of the Services' range. */
const serviceOffset = 10n;

const ports = [
  { name: 'dns', port: 53, protocol: 'UDP' },
  { name: 'dns-tcp', port: 53, protocol: 'TCP' },
];

function dnsPortOf({ metadata }: Node): number | undefined {
  const text = getOwn(metadata.annotations, dnsPortAnnotation) ?? '';
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function serviceObject(serviceCIDRs: readonly string[]): Service {
  const addresses = serviceCIDRs.flatMap((text) => {
    const range = parseCidr(text);
    return range === undefined ? [] : [formatAddress(range.family, range.base + serviceOffset)];
  });
  return {
    metadata: {
      namespace,
      name,
      labels: {
        'k8s-app': 'kube-dns',
        'kubernetes.io/cluster-service': 'true',
        'kubernetes.io/name': 'CoreDNS',
      },
    },
    spec: {
      clusterIP: addresses[0],
      clusterIPs: addresses,
      ipFamilyPolicy: addresses.length > 1 ? 'RequireDualStack' : 'SingleStack',
      internalTrafficPolicy: 'Local',
      ports,
    },
  };
}

/** A node that is silent may still serve its own pods, but nobody knows. One that reports anything at all has its agent. */
function isServing({ status }: Node): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready !== undefined && ready.status !== 'Unknown';
}

interface Server {
  readonly family: 'IPv4' | 'IPv6';
  readonly port: number;
  readonly endpoint: Endpoint;
}

function serversOf(node: Node): Server[] {
  const port = dnsPortOf(node);
  if (port === undefined) return [];
  const nodeName = node.metadata.name ?? '';
  const ready = isServing(node);
  const conditions = { ready, serving: ready, terminating: false };
  return (['IPv4', 'IPv6'] as const).flatMap((family) => {
    const address = node.status?.addresses?.find(
      (each) => each.type === 'InternalIP' && each.address.includes(':') === (family === 'IPv6'),
    )?.address;
    if (address === undefined) return [];
    return [{ family, port, endpoint: { addresses: [address], conditions, nodeName } }];
  });
}

/** Names by what is in them, so that they stay from one look to the next. */
function slicesOf(servers: readonly Server[], families: readonly string[]): EndpointSlice[] {
  const groups = Map.groupBy(
    servers.filter(({ family }) => families.includes(family)),
    ({ family, port }) => `${family} ${port}`,
  );
  return [...groups.values()].flatMap((group) => {
    const [{ family, port } = { family: 'IPv4', port: 53 }] = group;
    const chunks = Array.from({ length: Math.ceil(group.length / endpointsPerSliceMax) }, (_none, index) =>
      group.slice(index * endpointsPerSliceMax, (index + 1) * endpointsPerSliceMax),
    );
    return chunks.map(
      (chunk, index): EndpointSlice => ({
        metadata: {
          namespace,
          name: `${name}-${family.toLowerCase()}-${port}${index === 0 ? '' : `-${index + 1}`}`,
          labels: { 'k8s-app': 'kube-dns', [serviceNameLabel]: name, [managedByLabel]: manager },
        },
        addressType: family,
        endpoints: chunk.map(({ endpoint }) => endpoint),
        ports: ports.map((each) => ({ name: each.name, protocol: each.protocol, port })),
      }),
    );
  });
}

const isOurs = ({ metadata }: EndpointSlice): boolean => getOwn(metadata.labels, managedByLabel) === manager;

function sliceChanges(wanted: readonly EndpointSlice[], present: readonly EndpointSlice[]): Change[] {
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  return [
    ...wanted.flatMap((slice): Change[] => {
      const old = present.find(({ metadata }) => metadata.name === slice.metadata.name);
      if (old === undefined) return [create('EndpointSlice', slice)];
      const { endpoints, ports: slicePorts } = slice;
      if (isDeepStrictEqual(old.endpoints, endpoints) && isDeepStrictEqual(old.ports, slicePorts)) return [];
      return [update('EndpointSlice', { ...old, endpoints, ports: slicePorts })];
    }),
    ...present
      .filter(({ metadata }) => !names.has(metadata.name))
      .map((slice) => remove('EndpointSlice', slice)),
  ];
}

const byName = (one: Node, other: Node): number =>
  (one.metadata.name ?? '') < (other.metadata.name ?? '') ? -1 : 1;

/** Nothing before the first node with a DNS server; a Service of somebody else, with a selector, is left alone. */
function plan(view: View, serviceCIDRs: readonly string[]): Change[] {
  const servers = [...view.list('Node')].sort(byName).flatMap(serversOf);
  const service = view.get('Service', serviceKey);
  const present = view.list('EndpointSlice', { namespace }).filter(isOurs);
  if (service === undefined)
    return servers.length === 0
      ? []
      : [create('Service', serviceObject(serviceCIDRs), { existsIsFine: true })];
  if (service.spec?.selector !== undefined) return present.map((slice) => remove('EndpointSlice', slice));
  const families = service.spec?.ipFamilies ?? ['IPv4'];
  return sliceChanges(slicesOf(servers, families), present);
}

export function clusterDns(serviceCIDRs: readonly string[]): Controller {
  return defineController({
    name: 'cluster-dns',
    concurrency: 1,
    watches: {
      Node: (node) => (dnsPortOf(node) === undefined ? [] : [serviceKey]),
      Service: (service) => (keyOf(service) === serviceKey ? [serviceKey] : []),
      EndpointSlice: (slice) => (isOurs(slice) ? [serviceKey] : []),
    },
    reconcile: (_key, view) => plan(view, serviceCIDRs),
  });
}
