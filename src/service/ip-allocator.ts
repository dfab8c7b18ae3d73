/**
 * Which ClusterIP comes next. A range has a lower band, left to addresses that people choose by hand, and an upper
 * one, from which addresses are given out; only when the upper one is full does the lower one serve.
 * Source: KEP-3070; pkg/registry/core/service/ipallocator/ipallocator.go.
 */
import { type Cidr, cidrLast, cidrSize, formatCidr } from '../lib/cidr.ts';
import type { IPFamily } from '../lib/ip.ts';
import type { Random } from '../lib/random.ts';
import type { AddressSet } from './address-set.ts';

const bandMin = 16n;
const bandMax = 256n;
const bandStep = 16n;

/** Addresses from which ClusterIPs come. All bounds are inclusive. */
export interface AddressRange {
  readonly family: IPFamily;
  /** `10.96.0.0/16` */
  readonly text: string;
  readonly first: bigint;
  readonly last: bigint;
  /** Where the upper band begins; equals `first` in a range too small to divide. */
  readonly dynamicFirst: bigint;
}

/** How many addresses the lower band has: min(max(16, size/16), 256), and none in a range of 16 or fewer. */
function staticBandSize(size: bigint): bigint {
  if (size <= bandMin) return 0n;
  const part = size / bandStep;
  return part < bandMin ? bandMin : part > bandMax ? bandMax : part;
}

/** The usable addresses of a CIDR: not the network's own, nor, in IPv4, the broadcast address. */
export function addressRange(cidr: Cidr): AddressRange {
  const first = cidr.base + 1n;
  const last = cidrLast(cidr) - (cidr.family === 'IPv4' ? 1n : 0n);
  return {
    family: cidr.family,
    text: formatCidr(cidr),
    first,
    last,
    dynamicFirst: first + staticBandSize(cidrSize(cidr)),
  };
}

export const rangeContains = (range: AddressRange, address: bigint): boolean =>
  address >= range.first && address <= range.last;

/** A bigint in [0, below), from as many draws as its size needs. */
function randomBelow(random: Random, below: bigint): bigint {
  let value = 0n;
  let span = 1n;
  while (span < below) {
    value = (value << 32n) | BigInt(Math.floor(random.next() * 2 ** 32));
    span <<= 32n;
  }
  return (value * below) / span;
}

export interface NextAddressOptions {
  readonly taken: AddressSet;
  readonly random: Random;
  /** An address that is not to be given out, though nobody has it. */
  readonly isReserved?: (address: bigint) => boolean;
}

/** From a random place in [first, last] to its end, and then from its beginning. */
function nextInBand(first: bigint, last: bigint, options: NextAddressOptions): bigint | undefined {
  if (last < first) return undefined;
  const start = first + randomBelow(options.random, last - first + 1n);
  const accept = (address: bigint) => options.isReserved?.(address) !== true;
  return options.taken.nextFree(start, last, accept) ?? options.taken.nextFree(first, start - 1n, accept);
}

/** An address that nobody has, from the first of these ranges that has one; undefined when all are full. */
export function nextAddress(
  ranges: readonly AddressRange[],
  options: NextAddressOptions,
): bigint | undefined {
  for (const range of ranges) {
    const address =
      nextInBand(range.dynamicFirst, range.last, options) ??
      nextInBand(range.first, range.dynamicFirst - 1n, options);
    if (address !== undefined) return address;
  }
  return undefined;
}
