/**
 * EndpointSlices for Endpoints that somebody writes by hand, so that all who read slices see them.
 * Source of behaviour: pkg/controller/endpointslicemirroring of Kubernetes.
 */
import { type Change, event, remove } from '../client/change.ts';
import { type Controller, defineController, self } from '../client/controller.ts';
import { objectKey } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type {
  DiscoveryEndpointPort,
  Endpoint,
  EndpointAddress,
  EndpointSlice,
  EndpointSubset,
  Endpoints,
} from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import { parseAddress } from '../lib/ip.ts';
import { serviceNameLabel } from './endpoint-pods.ts';
import { managedByLabel } from './endpoint-slice.ts';
import { mirroredPerSubsetMax } from './limits.ts';
import { controllerReference } from './owner.ts';
import { sameMap, sliceChanges, type WantedSlice } from './slice-changes.ts';
import { endpointKey, packSlices, portsKey } from './slice-packing.ts';
import { triggerTimeAnnotation } from './trigger-time.ts';

const controllerName = 'endpointslicemirroring-controller.k8s.io';
const endpointsKind = { apiVersion: 'v1', kind: 'Endpoints' } as const;
const skipMirrorLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** Neither what asks not to be mirrored, nor what is a leader's lock, nor what has a Service with a selector or none at all. */
function isMirrored(endpoints: Endpoints, view: View): boolean {
  const { labels, annotations, namespace, name = '' } = endpoints.metadata;
  if (getOwn(labels, skipMirrorLabel) === 'true') return false;
  if (getOwn(annotations, leaderAnnotation) !== undefined) return false;
  const service = view.get('Service', objectKey(namespace, name));
  return service !== undefined && Object.keys(service.spec?.selector ?? {}).length === 0;
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname === undefined || hostname === '' ? {} : { hostname }),
    ...(targetRef === undefined ? {} : { targetRef }),
    ...(nodeName === undefined ? {} : { nodeName }),
  };
}

const portsOf = ({ ports }: EndpointSubset): DiscoveryEndpointPort[] =>
  (ports ?? []).map(({ name = '', port, protocol = 'TCP', appProtocol }) => ({
    name,
    port,
    protocol,
    ...(appProtocol === undefined ? {} : { appProtocol }),
  }));

interface Group {
  readonly addressType: string;
  readonly ports: DiscoveryEndpointPort[];
  /** By what makes them the same. */
  readonly endpoints: Map<string, Endpoint>;
}

interface Mirrored {
  readonly groups: Map<string, Group>;
  invalid: number;
  skipped: number;
}

const groupKey = (addressType: string, ports: DiscoveryEndpointPort[] | undefined): string =>
  `${addressType} ${portsKey(ports)}`;

function addSubset(mirrored: Mirrored, subset: EndpointSubset): void {
  const ports = portsOf(subset);
  const all = [
    ...(subset.addresses ?? []).map((address) => ({ address, ready: true })),
    ...(subset.notReadyAddresses ?? []).map((address) => ({ address, ready: false })),
  ];
  let added = 0;
  for (const { address, ready } of all) {
    if (added >= mirroredPerSubsetMax) break;
    const family = parseAddress(address.ip)?.family;
    if (family === undefined) {
      mirrored.invalid++;
      continue;
    }
    added++;
    const key = groupKey(family, ports);
    const group = mirrored.groups.get(key) ?? { addressType: family, ports, endpoints: new Map() };
    mirrored.groups.set(key, group);
    const endpoint = endpointOf(address, ready);
    group.endpoints.set(endpointKey(endpoint), endpoint);
  }
  mirrored.skipped += all.length - added;
}

function mirroredOf(endpoints: Endpoints): Mirrored {
  const mirrored: Mirrored = { groups: new Map(), invalid: 0, skipped: 0 };
  for (const subset of endpoints.subsets ?? []) addSubset(mirrored, subset);
  return mirrored;
}

function warnings(endpoints: Endpoints, { invalid, skipped }: Mirrored): Change[] {
  const warn = (reason: string, message: string) =>
    event('Endpoints', endpoints, { type: 'Warning', reason, message });
  return [
    ...(invalid === 0
      ? []
      : [
          warn(
            'InvalidIPAddress',
            `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`,
          ),
        ]),
    ...(skipped <= invalid
      ? []
      : [
          warn(
            'TooManyAddressesToMirror',
            `A max of ${mirroredPerSubsetMax} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`,
          ),
        ]),
  ];
}

function metadataOf(endpoints: Endpoints) {
  const { namespace, name = '', labels, annotations } = endpoints.metadata;
  const { [triggerTimeAnnotation]: _time, [lastAppliedAnnotation]: _applied, ...copied } = annotations ?? {};
  return {
    namespace,
    generateName: `${name}-`,
    labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: controllerName },
    annotations: copied,
    ownerReferences: [controllerReference(endpoints, endpointsKind)],
  };
}

/** One slice for each group, as large as it must be. */
function planSlices(
  endpoints: Endpoints,
  existing: readonly EndpointSlice[],
  { groups }: Mirrored,
): Change[] {
  const metadata = metadataOf(endpoints);
  const wanted: WantedSlice[] = [];
  const keyOfSlice = (slice: EndpointSlice) => groupKey(slice.addressType, slice.ports);
  const unwanted = existing.filter((slice) => !groups.has(keyOfSlice(slice)));
  for (const [key, { addressType, ports, endpoints: desired }] of groups) {
    const [first, ...more] = existing.filter((slice) => keyOfSlice(slice) === key);
    unwanted.push(...more);
    const plan = packSlices(first === undefined ? [] : [first], [...desired.values()], {
      most: mirroredPerSubsetMax,
      needsRewrite: ({ metadata: { labels, annotations } }) =>
        !sameMap(labels, metadata.labels) || !sameMap(annotations, metadata.annotations),
    });
    unwanted.push(...plan.deletes);
    for (const each of plan.creates) wanted.push({ addressType, ports, endpoints: each });
    for (const { slice, endpoints: each } of plan.updates)
      wanted.push({ existing: slice, addressType, ports, endpoints: each });
  }
  return sliceChanges({
    wanted,
    unwanted,
    mayReuse: () => true,
    mayCreate: endpoints.metadata.deletionTimestamp === undefined,
    metadata: () => metadata,
  });
}

/** Key of the Endpoints, for slices that this controller writes. */
const mirroredEndpoints = ({ metadata }: EndpointSlice): readonly string[] =>
  getOwn(metadata.labels, managedByLabel) === controllerName
    ? [objectKey(metadata.namespace, getOwn(metadata.labels, serviceNameLabel) ?? '')]
    : [];

function reconcile(key: string, view: View): Change[] {
  const endpoints = view.get('Endpoints', key);
  const existing = view.byIndex('EndpointSlice', 'mirroredEndpoints', key);
  if (endpoints === undefined || !isMirrored(endpoints, view))
    return existing.map((slice) => remove('EndpointSlice', slice));
  const mirrored = mirroredOf(endpoints);
  const changes = planSlices(endpoints, existing, mirrored);
  // Told when something is written, or a faulty object would be told of for ever.
  return changes.length === 0 ? [] : [...warnings(endpoints, mirrored), ...changes];
}

export const endpointSliceMirroring: Controller = defineController({
  name: 'endpoint-slice-mirroring',
  watches: { Endpoints: self, Service: self, EndpointSlice: mirroredEndpoints },
  indexes: { EndpointSlice: { mirroredEndpoints } },
  reconcile,
});
