/** Address ranges in prefix form. As lenient in parsing as lib/ip.ts, and as honest about it. */
import { type Address, addressBits, formatAddress, type IPFamily, parseAddress } from './ip.ts';

/** Why a parsed CIDR is not a good one. `hostBits`: bits set beyond the prefix, `10.0.0.1/24`. */
export type CidrFlaw = 'leadingZeros' | 'mapped' | 'hostBits';

export interface Cidr {
  readonly family: IPFamily;
  /** The first address. */
  readonly base: bigint;
  readonly prefix: number;
}

export interface ParsedCidr extends Cidr {
  /** What stood before the slash. */
  readonly address: Address;
  readonly flaw?: CidrFlaw;
}

const textLengthMax = 80;

/** How many addresses, network and broadcast included. */
export const cidrSize = (cidr: Cidr): bigint => 1n << BigInt(addressBits(cidr.family) - cidr.prefix);

/** The last address. */
export const cidrLast = (cidr: Cidr): bigint => cidr.base + cidrSize(cidr) - 1n;

export function parseCidr(text: string): ParsedCidr | undefined {
  if (text.length > textLengthMax) return undefined;
  const [, ip = '', digits = ''] = /^([^/]+)\/(\d{1,8})$/.exec(text) ?? [];
  const address = parseAddress(ip);
  if (address === undefined || digits === '') return undefined;
  // ::ffff:10.0.0.0/120 counts its prefix in the 128 bits of the form it is written in.
  const writtenBits = address.flaw === 'mapped' ? 128 : addressBits(address.family);
  const written = Number(digits);
  if (written > writtenBits) return undefined;
  const prefix = Math.max(0, written - (writtenBits - addressBits(address.family)));
  const hostBits = BigInt(addressBits(address.family) - prefix);
  const base = (address.value >> hostBits) << hostBits;
  const flaw =
    address.flaw ?? (/^0\d/.test(digits) ? 'leadingZeros' : base === address.value ? undefined : 'hostBits');
  return { family: address.family, base, prefix, address, ...(flaw === undefined ? {} : { flaw }) };
}

/** `10.96.0.0/16` */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr.family, cidr.base)}/${cidr.prefix}`;
}

export function cidrContains(cidr: Cidr, family: IPFamily, value: bigint): boolean {
  return family === cidr.family && value >= cidr.base && value <= cidrLast(cidr);
}
