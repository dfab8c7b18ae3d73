/** What is worth trying for a Service. The checks ask for the same probes by their keys. */
import { type PlannedProbe, type ProbePlace, probeKey } from '../probe.ts';
import { familiesOf } from '../resolve.ts';
import {
  balancerAddresses,
  clientSource,
  clusterDoors,
  dialFrom,
  dialProtocol,
  type EndpointToDial,
  type ExplainCase,
  endpointsToDial,
  internalAddresses,
  keyOfService,
  type NodePortPlace,
  nodePortPlaces,
  serviceName,
} from './case.ts';

/** Pods whose sockets are looked at. */
const podsLookedIntoMax = 3;

/** The place of an endpoint's own pod. */
export function podPlace({ pod, node }: EndpointToDial): ProbePlace | undefined {
  const [namespace = '', name = ''] = pod.split('/');
  return pod === '' || node === '' ? undefined : { node, pod: { namespace, name } };
}

export const socketsIn = (place: ProbePlace): PlannedProbe => ({ place, probe: { type: 'sockets' } });

/** The node's rules, for a connection of the client to one of the Service's addresses. */
export function traceTo(
  look: ExplainCase,
  to: { protocol: 'TCP' | 'UDP'; address: string; port: number },
): PlannedProbe | undefined {
  if (look.place === undefined || look.facts.isLoopback) return undefined;
  return {
    place: { node: look.place.node },
    probe: {
      type: 'trace',
      service: keyOfService(look.service),
      protocol: to.protocol,
      source: clientSource(look),
      destination: to.address,
      port: to.port,
    },
  };
}

/**
 * The rules of a node whose node port is dialled, for who comes from the client. By the first port: what is missing is
 * told of the whole Service, and walking the rules of ten thousand Services takes the agent a while.
 */
export function traceNodePort(look: ExplainCase, at: NodePortPlace): PlannedProbe | undefined {
  const { place, facts } = look;
  const { node, address } = at;
  const first = nodePortPlaces(look).find((each) => each.node === node && each.address === address) ?? at;
  const protocol = dialProtocol(first.port);
  if (place === undefined || facts.isLoopback || protocol === undefined) return undefined;
  const own = facts.nodes.find(({ metadata }) => metadata.name === place.node);
  const isIPv6 = address.includes(':');
  const nodeAddress = own && internalAddresses(own).find((each) => each.includes(':') === isIPv6);
  const source = clientSource(look) || (node === place.node ? '' : (nodeAddress ?? ''));
  const to = { destination: address, port: first.port.nodePort ?? 0 };
  return {
    place: { node },
    probe: { type: 'trace', service: keyOfService(look.service), protocol, source, ...to },
  };
}

export function resolveAt(
  look: ExplainCase,
  name: string,
  record: 'A' | 'AAAA' | 'CNAME',
): PlannedProbe | undefined {
  const { place, facts } = look;
  if (place === undefined || facts.dnsServer === undefined) return undefined;
  return { place, probe: { type: 'resolve', server: facts.dnsServer, name, record } };
}

/** Which address records a Service has. */
export function recordsOf({ service, shape }: ExplainCase): ('A' | 'AAAA')[] {
  if (shape === 'externalName') return ['A'];
  const families = familiesOf(service);
  return families.length === 0
    ? ['A']
    : families.map((family) => (family === 'IPv4' ? ('A' as const) : ('AAAA' as const)));
}

function namesToResolve(look: ExplainCase): (PlannedProbe | undefined)[] {
  const records = recordsOf(look).map((record) => resolveAt(look, serviceName(look), record));
  if (look.shape !== 'externalName') return records;
  return [...records, resolveAt(look, serviceName(look), 'CNAME')];
}

function doorsToDial(look: ExplainCase): (PlannedProbe | undefined)[] {
  const { place, service } = look;
  if (place === undefined) return [];
  const doors = clusterDoors(look);
  const inside = doors.flatMap(({ address, resolution }) => {
    const protocol = dialProtocol(resolution.port);
    if (protocol === undefined) return [];
    const to = { protocol, address, port: resolution.port.port };
    // What is missing is told of the whole Service.
    const isFirst = doors.find((door) => door.address === address)?.resolution === resolution;
    return [dialFrom(place, to), isFirst ? traceTo(look, to) : undefined];
  });
  const nodePorts = nodePortPlaces(look).flatMap((each) => {
    const { address, port } = each;
    const protocol = dialProtocol(port);
    if (protocol === undefined) return [];
    return [dialFrom(place, { protocol, address, port: port.nodePort ?? 0 }), traceNodePort(look, each)];
  });
  const balancers = balancerAddresses(service).flatMap((address) =>
    look.ports.flatMap((port) => {
      const protocol = dialProtocol(port);
      return protocol === undefined ? [] : [dialFrom(place, { protocol, address, port: port.port })];
    }),
  );
  return [...inside, ...nodePorts, ...balancers];
}

/** Each once. */
export function probesOf(look: ExplainCase): PlannedProbe[] {
  const { place } = look;
  const endpoints = endpointsToDial(look);
  const dials = endpoints.map((endpoint) => {
    const protocol = dialProtocol(endpoint.servicePort);
    return place === undefined || protocol === undefined
      ? undefined
      : dialFrom(place, { protocol, address: endpoint.address, port: endpoint.port });
  });
  const podPlaces = endpoints.map(podPlace).filter((each) => each !== undefined);
  const pods = new Map(podPlaces.map((each) => [probeKey(socketsIn(each)), socketsIn(each)]));
  const planned = [
    ...dials,
    ...doorsToDial(look),
    ...[...pods.values()].slice(0, podsLookedIntoMax),
    ...namesToResolve(look),
  ];
  const once = new Map<string, PlannedProbe>();
  for (const each of planned) if (each !== undefined) once.set(probeKey(each), each);
  return [...once.values()];
}
