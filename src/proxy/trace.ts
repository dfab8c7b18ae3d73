/**
 * What becomes of a connection on this node, and why, in one sentence: for `wherry why`. The rules are walked as the
 * kernel would walk them; the reasons are those by which endpoints were chosen.
 */
import type { Clock } from '../lib/clock.ts';
import { canonicalAddress, type IPFamily } from '../lib/ip.ts';
import type { Random } from '../lib/random.ts';
import { diffTables } from '../nft/diff.ts';
import { type Delivery, FakeHost } from '../nft/fake-host.ts';
import type { Packet } from '../nft/fake-walk.ts';
import type { Reading } from '../nft/reading.ts';
import type { EndpointSet, PortResolution, SetReason } from '../service/resolve.ts';
import type { NodeNetwork } from './layout.ts';
import type { PlannedService, Planner } from './planner.ts';
import { type Contribution, clusterAddresses, loadBalancerAddresses } from './service-rules.ts';

export interface Connection {
  readonly protocol: Packet['protocol'];
  readonly source: string;
  readonly destination: string;
  readonly port: number;
  /** A process of the node itself begins it, or it comes in: from a pod, another node, or outside. */
  readonly origin: 'host' | 'network';
}

export interface ConnectionTrace {
  readonly delivery: Delivery;
  /** `10.244.0.2:8080`, where it was sent on. */
  readonly endpoint?: string;
  /** Whom the endpoint sees. */
  readonly source?: string;
  /** `namespace/name` of the Service whose address it is. */
  readonly service?: string;
  readonly reason?: SetReason;
  readonly sentence: string;
  /** The rules that did something, as `chain: rule`. */
  readonly rules: readonly string[];
}

interface Door {
  readonly key: string;
  readonly planned: PlannedService;
  readonly kind: 'cluster IP' | 'node port' | 'load balancer';
  /** Undefined: the address is a Service's, the port is not. */
  readonly resolution: PortResolution | undefined;
}

const protocolOf = ({ port }: PortResolution): string => (port.protocol ?? 'TCP').toLowerCase();

/** Which door of a Service an address and a port are. */
function findDoor(planner: Planner, connection: Connection, network: NodeNetwork): Door | undefined {
  const { destination, port, protocol } = connection;
  const family: IPFamily = destination.includes(':') ? 'IPv6' : 'IPv4';
  const isNode = network.nodeAddresses.includes(destination);
  let withoutPort: Door | undefined;
  for (const [key, planned] of planner.services()) {
    const { service, resolutions } = planned;
    const mine = resolutions.filter((each) => each.family === family && protocolOf(each) === protocol);
    const isCluster = clusterAddresses(service, family).includes(destination);
    const isBalancer = loadBalancerAddresses(service, family).includes(destination);
    const byPort = mine.find((each) => each.port.port === port);
    const byNodePort = isNode ? mine.find((each) => each.port.nodePort === port) : undefined;
    if (byNodePort !== undefined) return { key, planned, kind: 'node port', resolution: byNodePort };
    if (!isCluster && !isBalancer) continue;
    const kind = isCluster ? 'cluster IP' : 'load balancer';
    if (byPort !== undefined) return { key, planned, kind, resolution: byPort };
    if (isCluster) withoutPort = { key, planned, kind, resolution: undefined };
  }
  return withoutPort;
}

const leftOutText = ({ leftOut }: EndpointSet): string =>
  leftOut.map(({ endpoint, reason }) => `${endpoint.address} ${reason}`).join(', ');

/** What a refused connection hears, and what could be done about it. */
function refusedSentence(door: Door, resolution: PortResolution, verdict: 'reject' | 'drop'): string {
  const { external, internal, cluster } = resolution;
  const route = door.kind === 'cluster IP' ? internal : external;
  const reason = route.verdict === 'forward' ? route.set.reason : route.reason;
  const name = `service ${door.key}:${resolution.port.port}`;
  const out = leftOutText(cluster);
  if (reason === 'NoLocalEndpoints')
    return `${verdict}: ${name} has endpoints, but none on this node, and its policy is Local (${reason})`;
  if (reason === 'NoEndpointPort')
    return `${verdict}: ${name} has endpoints, but none of them has the port that targetPort names (${reason})`;
  return `${verdict}: ${name} has no endpoints (${reason}${out === '' ? '' : `: ${out}`})`;
}

function sentenceOf(
  door: Door | undefined,
  connection: Connection,
  walk: { delivery: Delivery; endpoint: string | undefined; rules: readonly string[] },
): string {
  const at = `${connection.destination}:${connection.port}/${connection.protocol}`;
  const { delivery, endpoint, rules } = walk;
  if (endpoint !== undefined && door !== undefined)
    return `forward: service ${door.key}:${door.resolution?.port.port} sends it to ${endpoint}`;
  const verdict = delivery === 'drop' ? 'drop' : 'reject';
  if (delivery === 'local' || delivery === 'forward') return `no rule: ${at} is no address of a service`;
  if (rules.some((rule) => rule.startsWith('guard-')))
    return `drop: service ${door?.key} lets nobody in from ${connection.source} (loadBalancerSourceRanges)`;
  if (door === undefined)
    return `${verdict}: ${connection.destination} is in the range of services, but no service has it`;
  if (door.resolution === undefined)
    return `${verdict}: service ${door.key} has no port ${connection.port}/${connection.protocol}`;
  return refusedSentence(door, door.resolution, verdict);
}

export interface TraceOptions {
  readonly network: NodeNetwork;
  readonly clock: Clock;
  readonly random: Random;
}

/** Nothing is sent, and the kernel is not asked: this is what the rules that are wanted would do. */
export async function traceConnection(
  planner: Planner,
  connection: Connection,
  { network, clock, random }: TraceOptions,
): Promise<ConnectionTrace> {
  const source = canonicalAddress(connection.source) ?? connection.source;
  const destination = canonicalAddress(connection.destination) ?? connection.destination;
  const [own = ''] = network.nodeAddresses.filter((each) => each.includes(':') === destination.includes(':'));
  const addresses = network.nodeAddresses;
  const host = new FakeHost({ clock, random, addresses, addressToward: () => own });
  for (const table of planner.tables()) await host.apply(table, diffTables(undefined, table));
  const sent: Packet = {
    protocol: connection.protocol,
    saddr: source,
    sport: 40_000,
    daddr: destination,
    dport: connection.port,
  };
  const { delivery, packet, trace: rules } = host.walk(sent, connection.origin);
  const door = findDoor(planner, { ...connection, destination }, network);
  const isSent = packet.daddr !== sent.daddr || packet.dport !== sent.dport;
  const endpoint = isSent ? `${packet.daddr}:${packet.dport}` : undefined;
  const route = door?.kind === 'cluster IP' ? door.resolution?.internal : door?.resolution?.external;
  const reason = route?.verdict === 'forward' ? route.set.reason : route?.reason;
  return {
    delivery,
    ...(endpoint === undefined ? {} : { endpoint, source: packet.saddr }),
    ...(door === undefined ? {} : { service: door.key }),
    ...(reason === undefined ? {} : { reason }),
    sentence: sentenceOf(door, { ...connection, source, destination }, { delivery, endpoint, rules }),
    rules,
  };
}

/** What a Service wants in a table and the kernel has not, as `set: key -> value`. */
export function missingInKernel(wanted: Contribution, reading: Reading | undefined): string[] {
  const elements = wanted.elements
    .filter(([set, key, value]) => reading?.sets.get(set)?.get(key) !== value)
    .map(([set, key, value]) => `${set}: ${key}${value === '' ? '' : ` -> ${value}`}`);
  const chains = [...wanted.chains.keys()].filter((chain) => !reading?.chains.has(chain));
  return [...new Set([...elements, ...chains.map((chain) => `chain ${chain}`)])];
}
