/** What follows from the facts alone, computed once for all checks. */
import type { Node, Pod, Service, ServicePort } from '../../kinds/generated/types.ts';
import { selectorMatches } from '../../kinds/label-selector.ts';
import { getOwn } from '../../kinds/object.ts';
import { stateOf } from '../endpoint-candidates.ts';
import { endpointsProbedMax, nodesProbedMax, portsProbedMax } from '../limits.ts';
import type { PlannedProbe, ProbeOutcomes, ProbePlace, ProbeProtocol } from '../probe.ts';
import { familiesOf, type PortResolution, resolve, type ServiceShape, shapeOf } from '../resolve.ts';
import type { ExplainFacts } from './facts.ts';

export interface ExplainCase {
  readonly facts: ExplainFacts;
  readonly service: Service;
  readonly shape: ServiceShape;
  /** Those that are asked about. */
  readonly ports: readonly ServicePort[];
  readonly hasSelector: boolean;
  /** Whose labels match, whatever state they are in. */
  readonly matching: readonly Pod[];
  /** Of the ports that are asked about, on the client's node, in every family. */
  readonly resolutions: readonly PortResolution[];
  /** Where the client is; undefined when nothing can be tried. */
  readonly place: ProbePlace | undefined;
  readonly outcomes: ProbeOutcomes;
}

export const keyOfService = ({ metadata }: Service): string => `${metadata.namespace}/${metadata.name}`;

/** `80/TCP`, with its name where it has one. */
export function portText({ name = '', port, protocol = 'TCP' }: ServicePort): string {
  return name === '' ? `${port}/${protocol}` : `${name} ${port}/${protocol}`;
}

export const targetPortOf = ({ port, targetPort }: ServicePort): number | string =>
  targetPort === undefined || targetPort === '' || targetPort === 0 ? port : targetPort;

/** Undefined for SCTP, which nobody can dial here. */
export function dialProtocol({ protocol = 'TCP' }: ServicePort): ProbeProtocol | undefined {
  return protocol === 'TCP' || protocol === 'UDP' ? protocol : undefined;
}

function isNamed({ name, port, nodePort }: ServicePort, wanted: string): boolean {
  return name === wanted || String(port) === wanted || String(nodePort) === wanted;
}

export const isFinished = ({ status }: Pod): boolean =>
  status?.phase === 'Succeeded' || status?.phase === 'Failed';

export const isTerminating = ({ metadata }: Pick<Pod, 'metadata'>): boolean =>
  metadata.deletionTimestamp !== undefined;

export const podCondition = ({ status }: Pod, type: string) =>
  status?.conditions?.find((condition) => condition.type === type);

export const isReadyPod = (pod: Pod): boolean =>
  !isTerminating(pod) && podCondition(pod, 'Ready')?.status === 'True';

export const isReadyNode = ({ status }: Node): boolean =>
  status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';

export const internalAddresses = ({ status }: Node): string[] =>
  (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address);

const zoneLabel = 'topology.kubernetes.io/zone';

export function makeCase(facts: ExplainFacts, service: Service, outcomes: ProbeOutcomes): ExplainCase {
  const { target, clientNode } = facts;
  const selector = service.spec?.selector ?? {};
  const hasSelector = Object.keys(selector).length > 0 && service.spec?.type !== 'ExternalName';
  const all = service.spec?.ports ?? [];
  const ports = target.port === undefined ? all.slice(0, portsProbedMax) : named(all, target.port);
  const node = facts.nodes.find(({ metadata }) => metadata.name === clientNode);
  const zone = getOwn(node?.metadata.labels, zoneLabel);
  const at = { name: clientNode ?? '', ...(zone === undefined ? {} : { zone }) };
  const resolutions = resolve(service, { slices: facts.slices, node: at, allowLoopback: facts.isLoopback });
  return {
    facts,
    service,
    shape: shapeOf(service),
    ports,
    hasSelector,
    matching: hasSelector
      ? facts.pods.filter(({ metadata }) => selectorMatches({ matchLabels: selector }, metadata.labels))
      : [],
    resolutions: resolutions.filter(({ port }) => ports.includes(port)),
    place: placeOf(facts),
    outcomes,
  };
}

/** A node port only where no port has that number. */
function named(ports: readonly ServicePort[], wanted: string): ServicePort[] {
  const found = ports.filter(({ name, port }) => name === wanted || String(port) === wanted);
  return found.length > 0 ? found : ports.filter((port) => isNamed(port, wanted));
}

/** Simulated pods have no network of their own: they are tried for from the machine. */
function placeOf({ clientNode: node, from, isLoopback }: ExplainFacts): ProbePlace | undefined {
  if (node === undefined) return undefined;
  if (from === undefined || from.spec?.hostNetwork === true || isLoopback) return { node };
  return { node, pod: { namespace: from.metadata.namespace ?? '', name: from.metadata.name ?? '' } };
}

/** What connections from the client come from; '' for a process of the node itself. */
export const clientSource = ({ place, facts }: ExplainCase): string =>
  place?.pod === undefined ? '' : (facts.from?.status?.podIP ?? '');

/** `node node-1`, `pod default/shell` */
export function clientText({ place, facts }: ExplainCase): string {
  if (place === undefined) return 'nowhere';
  if (facts.isLoopback) return 'this machine';
  return place.pod === undefined ? `node ${place.node}` : `pod ${place.pod.namespace}/${place.pod.name}`;
}

export const serviceName = ({ service, facts }: ExplainCase): string =>
  `${service.metadata.name}.${service.metadata.namespace}.svc.${facts.zone}`;

export interface EndpointToDial {
  readonly address: string;
  readonly port: number;
  /** `namespace/name`, or ''. */
  readonly pod: string;
  readonly node: string;
  readonly servicePort: ServicePort;
}

/** The endpoints that count for a client anywhere, as many as are dialled. */
export function endpointsToDial({ resolutions }: ExplainCase): EndpointToDial[] {
  return resolutions.flatMap(({ port, cluster }) =>
    cluster.endpoints.slice(0, endpointsProbedMax).map((endpoint) => ({
      address: endpoint.address,
      port: endpoint.port,
      pod: endpoint.pod,
      node: endpoint.nodeName,
      servicePort: port,
    })),
  );
}

/** Nodes whose node port should answer this client, with the address: under policy Local only those with an endpoint. */
export function nodePortPlaces({ facts, resolutions, service }: ExplainCase): NodePortPlace[] {
  const isLocal = service.spec?.externalTrafficPolicy === 'Local';
  return resolutions.flatMap((resolution) => {
    const { port, family, cluster } = resolution;
    if (port.nodePort === undefined || port.nodePort === 0) return [];
    const serving = new Set(cluster.endpoints.map(({ nodeName }) => nodeName));
    return facts.nodes
      .filter(isReadyNode)
      .filter(({ metadata }) => !isLocal || serving.has(metadata.name ?? ''))
      .slice(0, nodesProbedMax)
      .flatMap((node) => {
        const address = internalAddresses(node).find((each) => each.includes(':') === (family === 'IPv6'));
        return address === undefined ? [] : [{ node: node.metadata.name ?? '', address, port }];
      });
  });
}

/** What DNS gives for a headless Service, whatever its ports. */
export function publishedAddresses({ facts }: ExplainCase): string[] {
  const ready = facts.slices
    .filter(({ addressType }) => addressType !== 'FQDN')
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter((endpoint) => stateOf(endpoint) === 'Ready');
  return [...new Set(ready.flatMap(({ addresses }) => addresses))].sort();
}

export interface NodePortPlace {
  readonly node: string;
  readonly address: string;
  readonly port: ServicePort;
}

export function balancerAddresses({ status }: Service): string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode }) =>
    ip === undefined || ipMode === 'Proxy' ? [] : [ip],
  );
}

/** The cluster IPs with their ports: what a client inside the cluster dials. */
export function clusterDoors({ service, resolutions, shape }: ExplainCase): ClusterDoor[] {
  if (shape !== 'virtual') return [];
  const addresses = service.spec?.clusterIPs ?? [service.spec?.clusterIP ?? ''];
  const families = familiesOf(service);
  return resolutions.flatMap((resolution) => {
    const address = addresses[families.indexOf(resolution.family)];
    return address === undefined || address === '' ? [] : [{ address, resolution }];
  });
}

export interface ClusterDoor {
  readonly address: string;
  readonly resolution: PortResolution;
}

export function dialFrom(
  place: ProbePlace,
  to: { protocol: ProbeProtocol; address: string; port: number },
): PlannedProbe {
  return { place, probe: { type: 'dial', ...to } };
}
