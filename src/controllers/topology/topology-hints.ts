/**
 * Hints of Services that ask for `service.kubernetes.io/topology-mode: Auto`: each ready endpoint is for one zone, or
 * none has a hint. Source of behaviour: k8s.io/endpointslice topologycache and reconciler of Kubernetes.
 */
import { type Change, event } from '../../client/change.ts';
import type { WatchedChange } from '../../client/controller.ts';
import { keyOf } from '../../client/object-key.ts';
import type { View } from '../../client/view.ts';
import type { Endpoint, EndpointSlice, Node, Service } from '../../kinds/generated/types.ts';
import { getOwn } from '../../kinds/object.ts';
import { topologyHintsAnnotation, topologyModeAnnotation } from '../../kinds/service-rules/validate.ts';
import { milliValue, parseQuantity } from '../../lib/quantity.ts';
import { zoneOf } from '../endpoint-pods.ts';
import { isNodeReady } from '../node-lifecycle/zone-health.ts';
import { endpointKey } from '../slice-packing.ts';
import { type Assignment, assignZones, type ZoneShares } from './zone-shares.ts';

export function isTopologyAuto({ metadata: { annotations } }: Service): boolean {
  const mode = getOwn(annotations, topologyHintsAnnotation) ?? getOwn(annotations, topologyModeAnnotation);
  return mode === 'Auto' || mode === 'auto';
}

/** Their pods are no measure of what a zone can do. */
const excluded = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/** Undefined for a node that does not count. */
function capacityOf(node: Node): { zone: string | undefined; milliCPUs: number } | undefined {
  if (excluded.some((label) => getOwn(node.metadata.labels, label) !== undefined) || !isNodeReady(node))
    return undefined;
  const cpu = parseQuantity(getOwn(node.status?.allocatable, 'cpu') ?? '');
  return { zone: zoneOf(node), milliCPUs: cpu === undefined ? 0 : Number(milliValue(cpu)) };
}

/** Undefined when it cannot be said of one of the nodes, or when there is one zone only. */
export function zoneShares(nodes: readonly Node[]): ZoneShares | undefined {
  const byZone = new Map<string, number>();
  let sum = 0;
  for (const node of nodes) {
    const capacity = capacityOf(node);
    if (capacity === undefined) continue;
    const { zone, milliCPUs } = capacity;
    if (zone === undefined || milliCPUs === 0) return undefined;
    byZone.set(zone, (byZone.get(zone) ?? 0) + milliCPUs);
    sum += milliCPUs;
  }
  if (byZone.size < 2) return undefined;
  return new Map([...byZone].sort().map(([zone, milliCPUs]) => [zone, milliCPUs / sum]));
}

/** Keys of the Services whose hints a change of a node concerns: all that have any. */
export function topologyServices(
  node: Node,
  view: View,
  { type, object, old }: WatchedChange<Node>,
): string[] {
  const fact = (each: Node | undefined) => JSON.stringify(each && capacityOf(each));
  if (type === 'update' && fact(object) === fact(old)) return [];
  if (type !== 'update' && capacityOf(node) === undefined) return [];
  return view.list('Service').filter(isTopologyAuto).map(keyOf);
}

const insufficient =
  'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes';

const zoneHintOf = ({ hints }: Endpoint): string | undefined => hints?.forZones?.[0]?.name;

export interface HintedFamily {
  readonly service: Service;
  readonly addressType: string;
  readonly existing: readonly EndpointSlice[];
}

/**
 * Gives the endpoints of a family, in all their groups, their hints, and says what becomes of it: an Event for when
 * something is written.
 */
export function hintTopology(
  groups: Iterable<{ readonly endpoints: Endpoint[] }>,
  view: View,
  { service, addressType, existing }: HintedFamily,
): Change {
  const lists = [...groups].map(({ endpoints }) => endpoints);
  const before = new Map(
    existing.flatMap(({ endpoints }) =>
      (endpoints ?? []).map((each) => [endpointKey(each), zoneHintOf(each)]),
    ),
  );
  const ready = lists
    .flatMap((list) => list.map((endpoint, index) => ({ list, index, endpoint, key: endpointKey(endpoint) })))
    .filter(({ endpoint }) => endpoint.conditions?.ready === true)
    .sort((one, other) => (one.key < other.key ? -1 : 1));
  const shares = zoneShares(view.list('Node'));
  const placed = ready.map(({ endpoint, key }) => ({ zone: endpoint.zone, before: before.get(key) }));
  const assignment: Assignment =
    shares === undefined ? { type: 'impossible', why: insufficient } : assignZones(placed, shares);
  if (assignment.type === 'impossible')
    return event('Service', service, {
      type: 'Warning',
      reason: 'TopologyAwareHintsDisabled',
      message: `${assignment.why}, addressType: ${addressType}`,
    });
  for (const [position, { list, index, endpoint }] of ready.entries())
    list[index] = { ...endpoint, hints: { forZones: [{ name: assignment.zones[position] as string }] } };
  return event('Service', service, {
    type: 'Normal',
    reason: 'TopologyAwareHintsEnabled',
    message: `Topology Aware Hints has been enabled, addressType: ${addressType}`,
  });
}

/** Whether one of the slices has hints already: then that they are enabled is no news. */
export const haveHints = (slices: readonly EndpointSlice[]): boolean =>
  slices.some(({ endpoints }) => (endpoints ?? []).some(({ hints }) => hints !== undefined));
