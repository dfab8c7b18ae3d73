/** What a cluster on this machine is made of: names, ranges, addresses. Nothing here touches the machine. */
import path from 'node:path';
import { type Cidr, cidrLast, cidrSize, formatCidr, parseCidr } from '../../lib/cidr.ts';
import { UserError } from '../../lib/errors.ts';
import { formatAddress, parseAddress } from '../../lib/ip.ts';
import { upLimits } from './limits.ts';

export type ClusterMode = 'containers' | 'loopback';

export interface ClusterSettings {
  readonly name: string;
  readonly mode: ClusterMode;
  readonly nodes: number;
  readonly port: number;
  readonly bridge: string;
  /** The bridge's network: the machine has its first address, the nodes the following ones. */
  readonly nodeCIDR: string;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  /** `172.30.0.200-172.30.0.250` */
  readonly loadBalancerPool: string;
  /** Nodes may pull from what listens at loopback and link-local addresses of the machine. */
  readonly localRegistries?: boolean;
}

/** What the command line gave; the rest is chosen. */
export type GivenSettings = { readonly name: string } & Partial<Omit<ClusterSettings, 'name'>>;

export interface NodePlace {
  readonly name: string;
  readonly address: string;
  readonly namespace: string;
  /** The bridge's end of its cable. */
  readonly link: string;
  readonly cgroup: string;
  readonly directory: string;
}

/** Ranges of a cluster with nothing given; the second on a machine gets the next of each, and so on. */
export function usualSettings(name: string, index = 0): ClusterSettings {
  return {
    name,
    mode: 'containers',
    nodes: 2,
    port: 6443 + index,
    bridge: `wherry${index}`,
    nodeCIDR: `172.30.${index}.0/24`,
    podCIDR: `10.${244 + index}.0.0/16`,
    serviceCIDR: `10.${96 + index}.0.0/16`,
    loadBalancerPool: `172.30.${index}.200-172.30.${index}.250`,
  };
}

export function loopbackSettings(name: string, index = 0): ClusterSettings {
  return {
    ...usualSettings(name, index),
    mode: 'loopback',
    nodeCIDR: `127.30.${index}.0/24`,
    podCIDR: `127.${244 - index}.0.0/16`,
    serviceCIDR: `127.${96 + index}.0.0/16`,
    loadBalancerPool: `127.30.${index}.200-127.30.${index}.250`,
  };
}

/** Given ones over usual ones; a pool that was not given follows the nodes' network. */
export function settingsFrom(usual: ClusterSettings, given: GivenSettings): ClusterSettings {
  const chosen = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const settings = { ...usual, ...chosen } as ClusterSettings;
  if (given.nodeCIDR === undefined || given.loadBalancerPool !== undefined) return checked(settings);
  return checked({ ...settings, loadBalancerPool: poolIn(rangeOf('--node-cidr', given.nodeCIDR)) });
}

/** The upper part of the network: .200 to .250 of a /24. */
function poolIn(network: Cidr): string {
  const size = cidrSize(network);
  const at = (share: bigint) => formatAddress('IPv4', network.base + (size * share) / 256n);
  return `${at(200n)}-${at(250n)}`;
}

export const hostAddress = (settings: ClusterSettings): string => addressAt(settings.nodeCIDR, 1n);

export function nodePlaces(settings: ClusterSettings, dataDirectory: string): NodePlace[] {
  return Array.from({ length: settings.nodes }, (_, index) => {
    const name = `node-${index + 1}`;
    return {
      name,
      address: addressAt(settings.nodeCIDR, BigInt(index) + 2n),
      namespace: `wherry-${settings.name}-${name}`,
      link: `${settings.bridge}-${index + 1}`,
      cgroup: `/wherry-${settings.name}-${name}`,
      directory: path.join(dataDirectory, 'nodes', name),
    };
  });
}

function addressAt(cidr: string, offset: bigint): string {
  return formatAddress('IPv4', (parseCidr(cidr) as Cidr).base + offset);
}

const usage = (message: string): UserError => new UserError('USAGE', message);

/** Throws USAGE: what was given and what is wanted. */
export function checked(settings: ClusterSettings): ClusterSettings {
  checkClusterName(settings.name);
  const { bridge, nodes, port } = settings;
  checkBridge(bridge);
  checkNodes(nodes);
  checkPort(port);
  const ranges = {
    '--node-cidr': rangeOf('--node-cidr', settings.nodeCIDR),
    '--pod-cidr': rangeOf('--pod-cidr', settings.podCIDR),
    '--service-cidr': rangeOf('--service-cidr', settings.serviceCIDR),
  };
  if (settings.mode === 'loopback') checkLoopback(ranges);
  const entries = Object.entries(ranges);
  for (const [index, [option, range]] of entries.entries())
    for (const [other, second] of entries.slice(index + 1))
      if (overlap(range, second))
        throw usage(`${option} and ${other} have addresses in common; wanted are ranges apart`);
  checkPool(settings.loadBalancerPool, ranges['--node-cidr'], BigInt(nodes) + 1n);
  return settings;
}

/** What can be said of given ones alone, before anything is looked at. Throws USAGE. */
export function checkGiven(given: GivenSettings): void {
  checkClusterName(given.name);
  if (given.bridge !== undefined) checkBridge(given.bridge);
  if (given.nodes !== undefined) checkNodes(given.nodes);
  if (given.port !== undefined) checkPort(given.port);
  for (const [option, text] of [
    ['--node-cidr', given.nodeCIDR],
    ['--pod-cidr', given.podCIDR],
    ['--service-cidr', given.serviceCIDR],
  ] as const)
    if (text !== undefined) rangeOf(option, text);
}

// A cable's end is called after the bridge, and names of interfaces have 15 characters.
function checkBridge(bridge: string): void {
  if (!/^[a-z][a-z0-9-]{0,10}$/.test(bridge))
    throw usage(
      `--bridge is ${JSON.stringify(bridge)}; wanted are at most 11 of a-z, 0-9 and -, with a letter first`,
    );
}

function checkNodes(nodes: number): void {
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > upLimits.nodesMax)
    throw usage(`--nodes is ${nodes}; wanted is a number from 1 to ${upLimits.nodesMax}`);
}

function checkPort(port: number): void {
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw usage(`--port is ${port}; wanted is a number from 1 to 65535`);
}

/** What the server takes with --loopback. */
function checkLoopback(ranges: Readonly<Record<string, Cidr>>): void {
  for (const [option, range] of Object.entries(ranges))
    if (range.base >> 24n !== 127n || range.prefix > 24)
      throw usage(
        `${option} is ${JSON.stringify(formatCidr(range))}; wanted for a loopback cluster is a range of a /24 or more inside 127.0.0.0/8`,
      );
}

export function checkClusterName(name: string): void {
  if (!/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name))
    throw usage(`--name is ${JSON.stringify(name)}; wanted are at most 32 of a-z, 0-9 and -`);
}

function rangeOf(option: string, text: string): Cidr {
  const range = parseCidr(text);
  if (range?.family !== 'IPv4' || range.flaw !== undefined || range.prefix < 8 || range.prefix > 28)
    throw usage(`${option} is ${JSON.stringify(text)}; wanted is an IPv4 range, such as 10.0.0.0/16`);
  return range;
}

/** Load balancers' addresses are announced on the nodes' network, and belong to nobody there. */
function checkPool(text: string, network: Cidr, taken: bigint): void {
  const [first, last, ...more] = text.split('-').map((each) => parseAddress(each.trim())?.value);
  const bad =
    first === undefined ||
    last === undefined ||
    more.length > 0 ||
    first > last ||
    first <= network.base + taken ||
    last >= cidrLast(network);
  if (bad)
    throw usage(
      `--load-balancer-pool is ${JSON.stringify(text)}; wanted is a range inside of --node-cidr, above the nodes' addresses, such as ${poolIn(network)}`,
    );
}

export function overlap(one: Cidr, other: Cidr): boolean {
  return one.family === other.family && one.base <= cidrLast(other) && other.base <= cidrLast(one);
}

/** Options that say something else than what the cluster was made with, and cannot be changed afterwards. */
export function changedSettings(made: ClusterSettings, given: GivenSettings): string[] {
  const fixed = {
    mode: '--mode',
    bridge: '--bridge',
    nodeCIDR: '--node-cidr',
    podCIDR: '--pod-cidr',
    serviceCIDR: '--service-cidr',
  } as const;
  return Object.entries(fixed).flatMap(([key, option]) => {
    const wanted = given[key as keyof typeof fixed];
    const found = made[key as keyof typeof fixed];
    return wanted === undefined || wanted === found ? [] : [`${option} ${found}`];
  });
}
