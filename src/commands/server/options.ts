/** The options of `wherry server`, checked. Nothing here touches the machine. */
import { isIP } from 'node:net';
import { type ClusterRange, parseClusterRanges } from '../../controllers/cluster-ranges.ts';
import { PoolError, parseRange } from '../../kinds/metallb/ranges.ts';
import { dataDirectoryOf } from '../data-directory.ts';
import { UsageError } from '../usage-error.ts';
import {
  type LoopbackRanges,
  loopbackNodesMax,
  loopbackRange,
  nodeRangePrefixMax,
  podRangePrefixMax,
  usualLoopbackRanges,
} from './loopback-ranges.ts';
import { type LoopSelection, parseSelection } from './selection.ts';

export type StoreChoice = 'sqlite' | 'memory';

export interface ServerOptions {
  readonly dataDirectory: string;
  readonly port: number;
  readonly bindAddress: string;
  /** It listens there, too. */
  readonly moreBindAddresses?: readonly string[];
  /** Where clients inside the cluster reach the server; undefined: chosen from the machine's interfaces. */
  readonly advertiseAddress: string | undefined;
  readonly store: StoreChoice;
  /** Socket of a relay by which agents on this machine reach registries. */
  readonly registryRelay?: string;
  /** Nodes may reach what listens for this machine alone, too. */
  readonly registryRelayLocal?: boolean;
  /** Its messages go there instead of standard error. */
  readonly logFile?: string;
  /** One range, or one of each family. */
  readonly serviceCIDRs: readonly string[];
  readonly nodePortRange: string;
  /** The pods' addresses, of which every node gets a share: one range, or one of each family. */
  readonly clusterRanges?: readonly ClusterRange[];
  /** How long a node may be silent before its conditions turn Unknown. */
  readonly nodeGraceMilliseconds?: number;
  /** More names and addresses for the server's certificate. */
  readonly tlsNames: readonly string[];
  readonly controllers: LoopSelection;
  /** Names of admission plugins. */
  readonly disabledAdmission: readonly string[];
  /** Nodes that exist in the server's process alone. */
  readonly simulatedNodes: number;
  /** They tell in Events what happens to their pods. */
  readonly simulatedNodeEvents: boolean;
  /** Pods, nodes and Services have addresses in 127.0.0.0/8, and answer there. */
  readonly loopback: boolean;
  /** Unless given the usual ones. */
  readonly loopbackRanges?: LoopbackRanges;
  /** Where Services of type LoadBalancer get addresses from while nobody has said otherwise; unless given nowhere. */
  readonly loadBalancerPool?: readonly string[];
}

/** As the command line has them. */
export interface RawServerOptions {
  readonly dataDir: string;
  readonly port: string;
  readonly bindAddress: string;
  readonly advertiseAddress?: string;
  readonly store: string;
  readonly serviceCidr: string;
  readonly serviceNodePortRange: string;
  readonly clusterCidr?: string;
  readonly nodeMonitorGracePeriod?: string;
  readonly nodeCidrMaskSize?: string;
  readonly tlsSan?: readonly string[];
  readonly simulatedNodes: string;
  readonly simulatedNodeEvents: string;
  readonly controllers: string;
  readonly disableAdmissionPlugins?: string;
  readonly loopback?: boolean;
  readonly logFile?: string;
  readonly registryRelay?: string;
  readonly registryRelayLocal?: boolean;
  readonly nodeCidr?: string;
  readonly loadBalancerPool?: string;
}

/** Throws UsageError: what was given, and what is wanted. */
export function checkServerOptions(raw: RawServerOptions): ServerOptions {
  return {
    dataDirectory: dataDirectoryOf(raw.dataDir),
    port: portOf(raw.port),
    ...bindAddressesOf(raw.bindAddress),
    advertiseAddress:
      raw.advertiseAddress === undefined ? undefined : addressOf('--advertise-address', raw.advertiseAddress),
    store: storeOf(raw.store),
    serviceCIDRs: raw.serviceCidr.split(',').map((cidr) => cidr.trim()),
    nodePortRange: raw.serviceNodePortRange,
    clusterRanges: clusterRangesOf(raw),
    nodeGraceMilliseconds: graceOf(raw.nodeMonitorGracePeriod),
    tlsNames: (raw.tlsSan ?? []).map(tlsNameOf),
    controllers: parseSelection(raw.controllers),
    disabledAdmission: (raw.disableAdmissionPlugins ?? '').split(',').filter((name) => name !== ''),
    simulatedNodes: simulatedNodesOf(raw.simulatedNodes),
    loopback: loopbackOf(raw),
    ...(raw.loopback && { loopbackRanges: loopbackRangesOf(raw) }),
    ...(raw.logFile !== undefined && { logFile: raw.logFile }),
    ...(raw.registryRelay !== undefined && { registryRelay: raw.registryRelay }),
    ...(raw.registryRelayLocal && { registryRelayLocal: true }),
    ...(raw.loadBalancerPool !== undefined && { loadBalancerPool: poolOf(raw.loadBalancerPool) }),
    simulatedNodeEvents: switchOf('--simulated-node-events', raw.simulatedNodeEvents),
  };
}

/** More do not fit into one process's memory with their pods. */
const simulatedNodesMax = 10_000;

function simulatedNodesOf(text: string): number {
  const count = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count <= simulatedNodesMax))
    throw new UsageError(
      `--simulated-nodes is ${JSON.stringify(text)}; wanted is a number from 0 to ${simulatedNodesMax}`,
    );
  return count;
}

function switchOf(option: string, text: string): boolean {
  if (text !== 'on' && text !== 'off')
    throw new UsageError(`${option} is ${JSON.stringify(text)}; wanted is on or off`);
  return text === 'on';
}

/** Services of a loopback cluster are listened for by a process: only addresses of this machine can be. */
function loopbackOf({ loopback = false, serviceCidr }: RawServerOptions): boolean {
  if (loopback && !/^127\.[\d.]+\/\d+$/.test(serviceCidr))
    throw new UsageError(
      `--service-cidr is ${JSON.stringify(serviceCidr)}; with --loopback a range inside 127.0.0.0/8 is wanted`,
    );
  return loopback;
}

/** The usual range of pods is none of the loopback: then the usual one of the loopback is meant. */
function loopbackRangesOf({ nodeCidr, clusterCidr, simulatedNodes }: RawServerOptions): LoopbackRanges {
  const nodes = nodeCidr ?? usualLoopbackRanges.nodes;
  if (loopbackRange(nodes, nodeRangePrefixMax) === undefined)
    throw new UsageError(
      `--node-cidr is ${JSON.stringify(nodes)}; wanted is a range inside 127.0.0.0/8 of a /${nodeRangePrefixMax} or more`,
    );
  const pods = clusterCidr?.startsWith('127.') ? clusterCidr : usualLoopbackRanges.pods;
  if (loopbackRange(pods, podRangePrefixMax) === undefined)
    throw new UsageError(
      `--cluster-cidr is ${JSON.stringify(pods)}; with --loopback a range inside 127.0.0.0/8 of a /${podRangePrefixMax} or more is wanted`,
    );
  if (Number(simulatedNodes) > loopbackNodesMax)
    throw new UsageError(
      `--simulated-nodes is ${simulatedNodes}; with --loopback there are addresses for ${loopbackNodesMax}`,
    );
  return { nodes, pods };
}

function poolOf(text: string): string[] {
  const ranges = text.split(',').map((range) => range.trim());
  for (const range of ranges) {
    try {
      parseRange(range);
    } catch (error) {
      if (!(error instanceof PoolError)) throw error;
      throw new UsageError(
        `--load-balancer-pool: ${error.message}; wanted are ranges, such as 172.30.0.200-172.30.0.250`,
      );
    }
  }
  return ranges;
}

/** A /24 for each node, of IPv6 a /64, unless said. */
function clusterRangesOf({
  clusterCidr = '10.244.0.0/16',
  nodeCidrMaskSize,
}: RawServerOptions): ClusterRange[] {
  const ranges = clusterCidr.split(',').map((cidr) => cidr.trim());
  const sizes = (nodeCidrMaskSize?.split(',') ?? []).map((size) =>
    /^ *\d{1,3} *$/.test(size) ? Number(size) : Number.NaN,
  );
  if (sizes.some(Number.isNaN) || sizes.length > ranges.length)
    throw new UsageError(
      `--node-cidr-mask-size is ${JSON.stringify(nodeCidrMaskSize)}; wanted is a prefix length such as 24, or one for each range of --cluster-cidr`,
    );
  const prefixes = { IPv4: 24, IPv6: 64 };
  for (const [index, size] of sizes.entries())
    prefixes[ranges[index]?.includes(':') ? 'IPv6' : 'IPv4'] = size;
  return parseClusterRanges(ranges, prefixes);
}

/** Nodes tell of themselves every ten seconds: less would be noise. */
const nodeGraceSecondsMin = 15;

function graceOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^\d{1,5}s?$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
  if (seconds >= nodeGraceSecondsMin) return seconds * 1000;
  throw new UsageError(
    `--node-monitor-grace-period is ${JSON.stringify(text)}; wanted is a time of at least ${nodeGraceSecondsMin}s, such as 50s`,
  );
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65535))
    throw new UsageError(
      `--port is ${JSON.stringify(text)}; wanted is a number from 0 to 65535, where 0 takes a free port`,
    );
  return port;
}

function addressOf(option: string, text: string): string {
  if (isIP(text) === 0)
    throw new UsageError(`${option} is ${JSON.stringify(text)}; wanted is an IP address, such as 127.0.0.1`);
  return text;
}

function bindAddressesOf(text: string): { bindAddress: string; moreBindAddresses: string[] } {
  const [bindAddress = '', ...more] = text
    .split(',')
    .map((address) => addressOf('--bind-address', address.trim()));
  return { bindAddress, moreBindAddresses: more };
}

function storeOf(text: string): StoreChoice {
  if (text === 'sqlite' || text === 'memory') return text;
  if (text === 'etcd' || text.startsWith('etcd='))
    throw new UsageError('--store etcd is not there yet; wanted is sqlite or memory');
  throw new UsageError(`--store is ${JSON.stringify(text)}; wanted is sqlite or memory`);
}

function tlsNameOf(text: string): string {
  if (isIP(text) !== 0 || /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/i.test(text)) return text;
  throw new UsageError(`--tls-san is ${JSON.stringify(text)}; wanted is a DNS name or an IP address`);
}

/**
 * The address that is published for clients inside the cluster. As upstream does, an address that others cannot dial
 * (loopback, unspecified) is replaced by one of the machine's own; undefined when it has none.
 */
export function advertiseAddressOf(
  options: Pick<ServerOptions, 'advertiseAddress' | 'bindAddress'>,
  machineAddresses: readonly string[],
): string | undefined {
  if (options.advertiseAddress !== undefined) return options.advertiseAddress;
  const { bindAddress } = options;
  const family = isIP(bindAddress);
  if (!/^(127\.|0\.0\.0\.0$|::1?$)/.test(bindAddress)) return bindAddress;
  return machineAddresses.find((address) => isIP(address) === family) ?? machineAddresses[0];
}
