/** Which pods are endpoints of which Services, and at which ports. Source of behaviour: k8s.io/endpointslice util of Kubernetes. */
import { isDeepStrictEqual } from 'node:util';
import type { WatchedChange } from '../client/controller.ts';
import { keyOf } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type { ContainerPort, Node, Pod, Service, ServicePort } from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import { canonicalAddress, isIPv6 } from '../lib/ip.ts';
import { isReady, isTerminal } from './pods.ts';

export const serviceNameLabel = 'kubernetes.io/service-name';
export const headlessLabel = 'service.kubernetes.io/headless';

/** Ended pods, and those without an address, have no endpoint. */
export const mayBeEndpoint = (pod: Pod): boolean =>
  !isTerminal(pod) && ((pod.status?.podIP ?? '') !== '' || (pod.status?.podIPs ?? []).length > 0);

/** The canonical addresses of a family, or of both. */
export function podAddresses(pod: Pod, family?: 'IPv4' | 'IPv6'): string[] {
  return (pod.status?.podIPs ?? [])
    .flatMap(({ ip }) => canonicalAddress(ip) ?? [])
    .filter((ip) => family === undefined || isIPv6(ip) === (family === 'IPv6'));
}

/** A pod that names the Service as its subdomain gets a DNS name of its own. */
export function endpointHostname(pod: Pod, service: Service): string | undefined {
  const { hostname = '', subdomain } = pod.spec ?? {};
  return hostname !== '' && subdomain === service.metadata.name ? hostname : undefined;
}

/** Neither a headless Service nor one whose address is still to come has one. */
export function hasClusterIP({ spec }: Service): boolean {
  return spec?.clusterIP !== undefined && spec.clusterIP !== '' && spec.clusterIP !== 'None';
}

/** Services without a selector have endpoints that somebody else writes; ExternalNames have none. */
export function selectorOf({ spec }: Service): Readonly<Record<string, string>> | undefined {
  if (spec?.type === 'ExternalName') return undefined;
  return Object.keys(spec?.selector ?? {}).length === 0 ? undefined : spec?.selector;
}

const portsOf = (pod: Pod): ContainerPort[] =>
  [
    ...(pod.spec?.containers ?? []),
    // Init containers that restart are sidecars: they serve.
    ...(pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
  ].flatMap(({ ports = [] }) => ports);

/** A port by name may be another number in each pod; undefined when the pod has none of that name. */
export function findPort(pod: Pod, { targetPort, port, protocol = 'TCP' }: ServicePort): number | undefined {
  if (typeof targetPort !== 'string') return targetPort ?? port;
  return portsOf(pod).find((each) => each.name === targetPort && (each.protocol ?? 'TCP') === protocol)
    ?.containerPort;
}

/** Whether a pod has every label; plain comparisons, since it runs for each pod of a namespace. */
const hasLabels = (pod: Pod, labels: readonly (readonly [string, string])[]): boolean =>
  labels.every(([name, value]) => getOwn(pod.metadata.labels, name) === value);

/** The pods that the Service selects. */
export function podsOf(service: Service, view: View): Pod[] {
  const labels = Object.entries(selectorOf(service) ?? {});
  const pods = view.list('Pod', { namespace: service.metadata.namespace });
  return labels.length === 0 ? [] : pods.filter((pod) => hasLabels(pod, labels));
}

function isSelected(pod: Pod, service: Service): boolean {
  const selector = selectorOf(service);
  return selector !== undefined && hasLabels(pod, Object.entries(selector));
}

/** What of a pod is seen in endpoints. */
const endpointFacts = (pod: Pod): unknown => [
  pod.metadata.labels,
  pod.metadata.deletionTimestamp === undefined,
  pod.metadata.uid,
  pod.spec?.nodeName,
  pod.spec?.hostname,
  pod.spec?.subdomain,
  isTerminal(pod),
  isReady(pod),
  pod.status?.podIP,
  pod.status?.podIPs,
];

/** Keys of the Services that a change of a pod concerns. */
export function servicesSelecting(pod: Pod, view: View, { object, old }: WatchedChange<Pod>): string[] {
  if (old !== undefined && isDeepStrictEqual(endpointFacts(object), endpointFacts(old))) return [];
  return view
    .list('Service', { namespace: pod.metadata.namespace })
    .filter((service) => isSelected(pod, service))
    .map(keyOf);
}

const zoneLabel = 'topology.kubernetes.io/zone';

export function zoneOf(node: Node | undefined): string | undefined {
  return getOwn(node?.metadata.labels, zoneLabel) || undefined;
}

/** Keys of the Services with pods on a node that came, went, or moved to another zone. Needs the index `node`. */
export function servicesOnNode(node: Node, view: View, { type, object, old }: WatchedChange<Node>): string[] {
  if (type === 'update' && zoneOf(object) === zoneOf(old)) return [];
  const keys = new Set<string>();
  for (const pod of view.byIndex('Pod', 'node', node.metadata.name ?? ''))
    for (const key of servicesSelecting(pod, view, { type: 'add', object: pod })) keys.add(key);
  return [...keys];
}
