/**
 * IP addresses as numbers. Parsing is as lenient as Kubernetes has always been (leading zeros, IPv4-mapped IPv6);
 * what is wrong with the form is told apart, so that callers can be strict. Source: k8s.io/utils/net ParseIPSloppy,
 * KEP-4858, RFC 5952.
 */
import ipaddr from 'ipaddr.js';

export type IPFamily = 'IPv4' | 'IPv6';

/** Why a parsed text is not a good one: `010.0.0.1` (octal to some software), `::ffff:10.0.0.1` (IPv4 to some). */
export type AddressFlaw = 'leadingZeros' | 'mapped';

export interface Address {
  readonly family: IPFamily;
  /** Network byte order: below 2^32 or 2^128. */
  readonly value: bigint;
  readonly flaw?: AddressFlaw;
}

const ipv4Pattern = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/;
const leadingZeroPattern = /(^|\.)0\d/;
/** An IPv4 tail of an IPv6 text, `::ffff:10.0.0.1`. */
const embeddedPattern = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/;
const mappedPrefix = 0xffffn;
/** Longer than any address in any form: a bound before the patterns run. */
const textLengthMax = 64;

export const addressBits = (family: IPFamily): number => (family === 'IPv4' ? 32 : 128);

const fromBytes = (bytes: readonly number[]): bigint =>
  bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);

function parseIPv4(text: string): Address | undefined {
  const octets = ipv4Pattern.exec(text)?.slice(1).map(Number);
  if (octets === undefined || octets.some((octet) => octet > 255)) return undefined;
  const value = fromBytes(octets);
  return leadingZeroPattern.test(text)
    ? { family: 'IPv4', value, flaw: 'leadingZeros' }
    : { family: 'IPv4', value };
}

function parseIPv6(text: string): Address | undefined {
  const embedded = embeddedPattern.exec(text);
  const tail = embedded === null ? undefined : parseIPv4(embedded[2] as string);
  if (embedded !== null && tail === undefined) return undefined;
  const plain =
    tail === undefined
      ? text
      : `${(embedded as RegExpExecArray)[1]}${(tail.value >> 16n).toString(16)}:${(tail.value & 0xffffn).toString(16)}`;
  if (!/^[0-9a-f:]+$/i.test(plain) || !ipaddr.IPv6.isValid(plain)) return undefined;
  const value = fromBytes(ipaddr.IPv6.parse(plain).toByteArray());
  if (value >> 32n === mappedPrefix) return { family: 'IPv4', value: value & 0xffffffffn, flaw: 'mapped' };
  return tail?.flaw === undefined ? { family: 'IPv6', value } : { family: 'IPv6', value, flaw: tail.flaw };
}

/** Undefined when it is no address at all. Zones (`fe80::1%eth0`) are none. */
export function parseAddress(text: string): Address | undefined {
  if (text.length > textLengthMax) return undefined;
  return text.includes(':') ? parseIPv6(text) : parseIPv4(text);
}

/** The canonical text: dotted decimal, or RFC 5952. */
export function formatAddress(family: IPFamily, value: bigint): string {
  const bytes: number[] = [];
  for (let shift = addressBits(family) - 8; shift >= 0; shift -= 8)
    bytes.push(Number((value >> BigInt(shift)) & 0xffn));
  return family === 'IPv4' ? bytes.join('.') : new ipaddr.IPv6(bytes).toRFC5952String();
}

/** The canonical text of any accepted one; undefined when it is no address. */
export function canonicalAddress(text: string): string | undefined {
  const address = parseAddress(text);
  return address && formatAddress(address.family, address.value);
}

export const isIPv6 = (text: string): boolean => parseAddress(text)?.family === 'IPv6';

export type AddressScope = 'unspecified' | 'loopback' | 'linkLocalUnicast' | 'linkLocalMulticast' | 'other';

/** Which of the special ranges an address is in. RFC 1122, 3927, 4291, 5771. */
export function addressScope({ family, value }: Address): AddressScope {
  if (value === 0n) return 'unspecified';
  if (family === 'IPv4') {
    if (value >> 24n === 127n) return 'loopback';
    if (value >> 16n === 0xa9fen) return 'linkLocalUnicast';
    return value >> 8n === 0xe00000n ? 'linkLocalMulticast' : 'other';
  }
  if (value === 1n) return 'loopback';
  if (value >> 118n === 0xfe80n >> 6n) return 'linkLocalUnicast';
  // ff02::/16 and, with any flags, ffX2: link-local scope.
  return value >> 120n === 0xffn && ((value >> 112n) & 0xfn) === 2n ? 'linkLocalMulticast' : 'other';
}
