/**
 * Ranges of addresses as MetalLB writes them: `10.8.8.30-10.8.8.40`, `10.8.8.0/28`, `fd00::10-fd00::20`.
 * Source of the wording: internal/config of MetalLB.
 */
import { type Cidr, cidrLast, formatCidr, parseCidr } from '../../lib/cidr.ts';
import { addressBits, formatAddress, type IPFamily, parseAddress } from '../../lib/ip.ts';

export interface AddressRange {
  readonly family: IPFamily;
  readonly first: bigint;
  readonly last: bigint;
}

/** What is wrong with a configuration, for people. */
export class PoolError extends Error {}

/** Throws PoolError. */
export function parseRange(text: string): AddressRange {
  if (!text.includes('-')) {
    const cidr = parseCidr(text.trim());
    if (cidr === undefined) throw new PoolError(`invalid CIDR ${JSON.stringify(text)}`);
    return { family: cidr.family, first: cidr.base, last: cidrLast(cidr) };
  }
  const dash = text.indexOf('-');
  const [start, end] = [text.slice(0, dash), text.slice(dash + 1)];
  const invalid = `invalid IP range ${JSON.stringify(text)}`;
  const first = parseAddress(start.trim());
  if (first === undefined) throw new PoolError(`${invalid}: invalid start IP ${JSON.stringify(start)}`);
  const last = parseAddress(end.trim());
  if (last === undefined) throw new PoolError(`${invalid}: invalid end IP ${JSON.stringify(end)}`);
  // IPv4 sorts before IPv6 there; a range from one into the other has no meaning in either order.
  if (first.family !== last.family || first.value > last.value) {
    const [shownFirst, shownLast] = [first, last].map(({ family, value }) => formatAddress(family, value));
    throw new PoolError(`${invalid}: start IP "${shownFirst}" is after the end IP "${shownLast}"`);
  }
  return { family: first.family, first: first.value, last: last.value };
}

/** The fewest prefixes that are the range together, in order. */
export function prefixesOf({ family, first, last }: AddressRange): Cidr[] {
  const prefixes: Cidr[] = [];
  const bits = addressBits(family);
  for (let base = first; base <= last; ) {
    let hostBits = 0;
    // As large as its first address is aligned, and as there is room.
    while (hostBits < bits) {
      const size = 1n << BigInt(hostBits + 1);
      if (base % size !== 0n || base + size - 1n > last) break;
      hostBits++;
    }
    prefixes.push({ family, base, prefix: bits - hostBits });
    base += 1n << BigInt(hostBits);
  }
  return prefixes;
}

export const rangesOverlap = (one: AddressRange, other: AddressRange): boolean =>
  one.family === other.family && one.first <= other.last && other.first <= one.last;

/** The first prefixes of the two that share an address, as text; undefined when none do. */
export function overlapOf(one: AddressRange, other: AddressRange): [string, string] | undefined {
  if (!rangesOverlap(one, other)) return undefined;
  for (const left of prefixesOf(one))
    for (const right of prefixesOf(other))
      if (left.base <= cidrLast(right) && right.base <= cidrLast(left))
        return [formatCidr(left), formatCidr(right)];
  return undefined;
}

/** IPv4 addresses that end in .0 and .255: some old routers drop what is for them. */
export const isBuggyAddress = (family: IPFamily, value: bigint): boolean =>
  family === 'IPv4' && ((value & 0xffn) === 0n || (value & 0xffn) === 0xffn);

/** How many of them are in the range. */
export function buggyAddresses({ family, first, last }: AddressRange): bigint {
  if (family !== 'IPv4') return 0n;
  const upTo = (value: bigint): bigint => (value < 0n ? 0n : value / 256n + 1n + (value + 1n) / 256n);
  return upTo(last) - upTo(first - 1n);
}
