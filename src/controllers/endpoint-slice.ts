/**
 * EndpointSlices of Services with a selector: one set of slices for each address family and set of ports.
 * Source of behaviour: pkg/controller/endpointslice and k8s.io/endpointslice of Kubernetes.
 */
import type { Change } from '../client/change.ts';
import { type Controller, defineController, self } from '../client/controller.ts';
import { objectKey } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type {
  DiscoveryEndpointPort,
  Endpoint,
  EndpointSlice,
  Node,
  Pod,
  Service,
} from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import { isIPv6 } from '../lib/ip.ts';
import {
  endpointHostname,
  findPort,
  hasClusterIP,
  headlessLabel,
  mayBeEndpoint,
  podAddresses,
  podsOf,
  selectorOf,
  serviceNameLabel,
  servicesOnNode,
  servicesSelecting,
  zoneOf,
} from './endpoint-pods.ts';
import { endpointsPerSliceMax } from './limits.ts';
import { controllerReference } from './owner.ts';
import { isReady, podNode } from './pods.ts';
import { sameMap, sliceChanges, type WantedSlice } from './slice-changes.ts';
import { packSlices, portsKey } from './slice-packing.ts';
import { haveHints, hintTopology, isTopologyAuto, topologyServices } from './topology/topology-hints.ts';
import { triggerTime, withTriggerTime } from './trigger-time.ts';

export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
const controllerName = 'endpointslice-controller.k8s.io';
const serviceKind = { apiVersion: 'v1', kind: 'Service' } as const;
type Family = 'IPv4' | 'IPv6';

function familiesOf({ spec }: Service): Family[] {
  const families = (spec?.ipFamilies ?? []) as Family[];
  if (families.length > 0) return families;
  if (spec?.clusterIP === undefined || spec.clusterIP === '' || spec.clusterIP === 'None')
    return ['IPv4', 'IPv6'];
  return [isIPv6(spec.clusterIP) ? 'IPv6' : 'IPv4'];
}

/** Only ready endpoints are hinted at (KEP-4444, KEP-3015); a zone hint goes with the node's for proxies that know no other. */
function hintsOf(service: Service, pod: Pod, zone: string | undefined): Pick<Endpoint, 'hints'> {
  const { spec } = service;
  const isAuto = isTopologyAuto(service);
  const distribution = isAuto ? undefined : spec?.trafficDistribution;
  const isNode = distribution === 'PreferSameNode';
  if (!isNode && distribution !== 'PreferClose' && distribution !== 'PreferSameZone') return {};
  const nodeName = isNode ? pod.spec?.nodeName : undefined;
  if (zone === undefined && nodeName === undefined) return {};
  return {
    hints: {
      ...(zone === undefined ? {} : { forZones: [{ name: zone }] }),
      ...(nodeName === undefined ? {} : { forNodes: [{ name: nodeName }] }),
    },
  };
}

function endpointOf(pod: Pod, service: Service, at: { family: Family; node: Node | undefined }): Endpoint {
  const serving = isReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const { namespace, name, uid } = pod.metadata;
  const nodeName = pod.spec?.nodeName || undefined;
  const hostname = endpointHostname(pod, service);
  const zone = zoneOf(at.node);
  return {
    addresses: podAddresses(pod, at.family),
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
    ...(ready ? hintsOf(service, pod, zone) : {}),
  };
}

function endpointPorts(pod: Pod, { spec }: Service): DiscoveryEndpointPort[] {
  return (spec?.ports ?? []).flatMap((servicePort) => {
    const port = findPort(pod, servicePort);
    if (port === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = servicePort;
    return [{ name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

const reserved = new Set([serviceNameLabel, managedByLabel, headlessLabel]);

/** The Service's labels, and three of ours. */
function labelsOf(service: Service): Record<string, string> {
  const own = Object.entries(service.metadata.labels ?? {}).filter(([name]) => !reserved.has(name));
  return {
    ...Object.fromEntries(own),
    ...(hasClusterIP(service) ? {} : { [headlessLabel]: '' }),
    [serviceNameLabel]: service.metadata.name ?? '',
    [managedByLabel]: controllerName,
  };
}

const isOwnedBy = (slice: EndpointSlice, service: Service): boolean =>
  (slice.metadata.ownerReferences ?? []).some(
    ({ uid, kind, apiVersion }) =>
      uid === service.metadata.uid && kind === serviceKind.kind && apiVersion === serviceKind.apiVersion,
  );

interface Group {
  readonly ports: DiscoveryEndpointPort[];
  readonly endpoints: Endpoint[];
}

/** Endpoints by their set of ports. A pod on a node that is not there is left out, unless all are to be published. */
function groupsOf(service: Service, view: View, { family, pods }: { family: Family; pods: readonly Pod[] }) {
  const groups = new Map<string, Group>();
  for (const pod of pods) {
    if (!mayBeEndpoint(pod)) continue;
    const ports = endpointPorts(pod, service);
    const key = portsKey(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    groups.set(key, group);
    const node = view.get('Node', pod.spec?.nodeName ?? '');
    if (node === undefined && service.spec?.publishNotReadyAddresses !== true) continue;
    const endpoint = endpointOf(pod, service, { family, node });
    if (endpoint.addresses.length > 0) group.endpoints.push(endpoint);
  }
  return groups;
}

interface FamilyPlan {
  readonly wanted: WantedSlice[];
  readonly unwanted: EndpointSlice[];
  readonly changed: readonly Endpoint[];
  readonly events: readonly Change[];
}

/** That hints are there is told once; that there can be none, whenever something is written. */
function topologyEvents(told: Change | undefined, plan: Omit<FamilyPlan, 'events'>, hadHints: boolean) {
  const isWritten = plan.wanted.length + plan.unwanted.length > 0;
  if (told?.type !== 'event' || !isWritten || (told.event.type === 'Normal' && hadHints)) return [];
  return [told];
}

function planFamily(
  service: Service,
  view: View,
  at: { family: Family; pods: readonly Pod[]; existing: readonly EndpointSlice[] },
): FamilyPlan {
  const labels = labelsOf(service);
  const wanted: WantedSlice[] = [];
  const unwanted = at.existing.filter((slice) => !isOwnedBy(slice, service));
  const changed: Endpoint[] = [];
  const owned = at.existing.filter((slice) => isOwnedBy(slice, service));
  const groups = groupsOf(service, view, at);
  const addressType = at.family;
  const told = isTopologyAuto(service)
    ? hintTopology(groups.values(), view, { service, addressType, existing: owned })
    : undefined;
  for (const [key, { ports, endpoints }] of groups) {
    const plan = packSlices(
      owned.filter((slice) => portsKey(slice.ports) === key),
      endpoints,
      {
        most: endpointsPerSliceMax,
        needsRewrite: (slice) => !sameMap(slice.metadata.labels, labels),
      },
    );
    for (const each of plan.creates) wanted.push({ addressType, ports, endpoints: each });
    for (const { slice, endpoints: each } of plan.updates)
      wanted.push({ existing: slice, addressType, ports, endpoints: each });
    unwanted.push(...plan.deletes);
    changed.push(...plan.changed);
  }
  unwanted.push(...owned.filter((slice) => !groups.has(portsKey(slice.ports))));
  // There is always a slice, be it empty: so watchers know that the Service was seen.
  if (unwanted.length === at.existing.length && wanted.length === 0) {
    const [only] = unwanted;
    const isPlaceholder =
      unwanted.length === 1 &&
      only !== undefined &&
      (only.endpoints ?? []).length === 0 &&
      (only.ports ?? []).length === 0 &&
      isOwnedBy(only, service) &&
      sameMap(only.metadata.labels, labels);
    if (isPlaceholder) unwanted.pop();
    else wanted.push({ addressType, ports: [], endpoints: [] });
  }
  const plan = { wanted, unwanted, changed };
  return { ...plan, events: topologyEvents(told, plan, haveHints(owned)) };
}

/** The slices of a Service that this controller writes and that are not on their way out. */
const slicesOf = (service: Service, view: View): EndpointSlice[] =>
  view
    .byIndex(
      'EndpointSlice',
      'managedService',
      objectKey(service.metadata.namespace, service.metadata.name ?? ''),
    )
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined);

/** Key of the Service, for slices that this controller writes. */
const managedService = ({ metadata }: EndpointSlice): readonly string[] =>
  getOwn(metadata.labels, managedByLabel) === controllerName
    ? [objectKey(metadata.namespace, getOwn(metadata.labels, serviceNameLabel) ?? '')]
    : [];

function reconcile(key: string, view: View): Change[] {
  const service = view.get('Service', key);
  // Slices of a Service that is gone belong to the garbage collector.
  if (service === undefined || selectorOf(service) === undefined) return [];
  const existing = slicesOf(service, view);
  const pods = podsOf(service, view);
  const families = familiesOf(service);
  const plans = families.map((family) =>
    planFamily(service, view, {
      family,
      pods,
      existing: existing.filter(({ addressType }) => addressType === family),
    }),
  );
  const changed = new Set(plans.flatMap((plan) => plan.changed.map(({ targetRef }) => targetRef?.name)));
  const trigger = triggerTime(service, {
    changed: pods.filter(({ metadata }) => changed.has(metadata.name)),
    isFirst: existing.length === 0,
  });
  const { namespace, name = '' } = service.metadata;
  const changes = sliceChanges({
    wanted: plans.flatMap(({ wanted }) => wanted),
    unwanted: [
      ...plans.flatMap(({ unwanted }) => unwanted),
      ...existing.filter(({ addressType }) => !families.includes(addressType as Family)),
    ],
    mayReuse: (slice) => isOwnedBy(slice, service),
    mayCreate: service.metadata.deletionTimestamp === undefined,
    metadata: (wanted) => ({
      namespace,
      generateName: `${name}-`,
      labels: labelsOf(service),
      annotations: withTriggerTime(wanted.existing?.metadata.annotations, trigger),
      ownerReferences: [controllerReference(service, serviceKind)],
    }),
  });
  return [...changes, ...plans.flatMap(({ events }) => events)];
}

export const endpointSlice: Controller = defineController({
  name: 'endpoint-slice',
  watches: {
    Service: self,
    Pod: servicesSelecting,
    Node: (node, view, change) => [
      ...servicesOnNode(node, view, change),
      ...topologyServices(node, view, change),
    ],
    EndpointSlice: managedService,
  },
  indexes: { Pod: { node: podNode }, EndpointSlice: { managedService } },
  reconcile,
});
