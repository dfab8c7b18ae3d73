/** The pods' addresses, and how much of them a node gets. */
import { type Cidr, parseCidr } from '../lib/cidr.ts';
import { UserError } from '../lib/errors.ts';
import { addressBits } from '../lib/ip.ts';

export interface ClusterRange {
  readonly range: Cidr;
  /** Prefix of a node's share. */
  readonly nodePrefix: number;
}

/** As upstream's: more shares than this in a range is a mistake. */
const shareBitsMax = 16;

/** `10.244.0.0/16` -> a /24 for each node; IPv6 a /64. Throws UserError BAD_CLUSTER_CIDR. */
export function parseClusterRanges(
  cidrs: readonly string[],
  prefixes: { readonly IPv4: number; readonly IPv6: number } = { IPv4: 24, IPv6: 64 },
): ClusterRange[] {
  const bad = (why: string) =>
    new UserError(
      'BAD_CLUSTER_CIDR',
      `--cluster-cidr is ${JSON.stringify(cidrs.join(','))}: ${why}; wanted is a range such as 10.244.0.0/16, or one of each family`,
    );
  const ranges = cidrs.map((text) => {
    const range = parseCidr(text);
    if (range === undefined || range.flaw !== undefined) throw bad(`${text} is no range of addresses`);
    const nodePrefix = prefixes[range.family];
    const bits = nodePrefix - range.prefix;
    if (bits < 0) throw bad(`${text} has no room for a /${nodePrefix}`);
    if (bits > shareBitsMax) throw bad(`${text} has more than ${2 ** shareBitsMax} shares of /${nodePrefix}`);
    if (nodePrefix > addressBits(range.family)) throw bad(`/${nodePrefix} is longer than an address`);
    return { range: { family: range.family, base: range.base, prefix: range.prefix }, nodePrefix };
  });
  if (new Set(ranges.map(({ range }) => range.family)).size < ranges.length)
    throw bad('it has two ranges of one family');
  return ranges;
}
