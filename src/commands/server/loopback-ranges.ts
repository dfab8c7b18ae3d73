/**
 * Where things of a loopback cluster are inside of 127.0.0.0/8; the last two bytes are as in a cluster of containers.
 * Two clusters on one machine have other ranges: --node-cidr, --cluster-cidr, --service-cidr, --load-balancer-pool.
 */
import { type Cidr, parseCidr } from '../../lib/cidr.ts';
import { formatAddress } from '../../lib/ip.ts';

export interface LoopbackRanges {
  /** The DNS server has the first address of it, node-1 the second, load balancers those from .200 to .250. */
  readonly nodes: string;
  /** A /24 for each node. */
  readonly pods: string;
}

export const usualLoopbackRanges: LoopbackRanges = { nodes: '127.30.0.0/24', pods: '127.244.0.0/16' };

/** Before it: DNS, nodes. */
const poolOffset = 200n;
const poolSize = 51n;

/** Nodes have the addresses between that of DNS and the load balancers'. */
export const loopbackNodesMax = Number(poolOffset) - 2;

/** Undefined when it is no range of loopback addresses of at least that size. */
export function loopbackRange(text: string, prefixMax: number): Cidr | undefined {
  const range = parseCidr(text);
  const isGood =
    range?.family === 'IPv4' && range.flaw === undefined && range.base >> 24n === 127n && range.prefix >= 8;
  return isGood && range.prefix <= prefixMax ? range : undefined;
}

const base = ({ nodes }: LoopbackRanges): bigint => (parseCidr(nodes) as Cidr).base;

export const dnsAddressOf = (ranges: LoopbackRanges): string => formatAddress('IPv4', base(ranges) + 1n);

/** Nodes' addresses follow this one. */
export const hostBaseOf = (ranges: LoopbackRanges): bigint => base(ranges) + 1n;

export function loopbackPool(ranges: LoopbackRanges): string {
  const first = base(ranges) + poolOffset;
  return `${formatAddress('IPv4', first)}-${formatAddress('IPv4', first + poolSize - 1n)}`;
}

/** A /24 holds all of them. */
export const nodeRangePrefixMax = 24;
export const podRangePrefixMax = 24;
