/** As much of DER (ITU-T X.690) as certificates need. */

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Context-specific tag; constructed when it holds other values. */
export const contextTag = (number: number, constructed: boolean): number =>
  0x80 | (constructed ? 0x20 : 0) | number;

export function encode(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([Buffer.from([tag]), lengthOctets(length), ...contents]);
}

function lengthOctets(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Buffer.from([0x80 | octets.length, ...octets]);
}

export const sequence = (...contents: readonly Uint8Array[]): Buffer => encode(tags.sequence, ...contents);

export const utf8String = (text: string): Buffer => encode(tags.utf8String, Buffer.from(text));

export const octetString = (content: Uint8Array): Buffer => encode(tags.octetString, content);

export const boolean = (value: boolean): Buffer => encode(tags.boolean, Buffer.from([value ? 0xff : 0]));

/** A positive integer from its bytes, the highest first. */
export function positiveInteger(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const shortest = first === -1 ? Buffer.from([0]) : Buffer.from(bytes.subarray(first));
  return encode(tags.integer, (shortest[0]! & 0x80) === 0 ? Buffer.alloc(0) : Buffer.from([0]), shortest);
}

/** `unused` bits at the end of the last byte do not count. */
export const bitString = (bytes: Uint8Array, unused = 0): Buffer =>
  encode(tags.bitString, Buffer.from([unused]), bytes);

/** `2.5.29.15` */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const octets = [first * 40 + second, ...rest].flatMap((part) => {
    const groups = [part % 128];
    for (let high = Math.floor(part / 128); high > 0; high = Math.floor(high / 128))
      groups.unshift((high % 128) | 0x80);
    return groups;
  });
  return encode(tags.objectIdentifier, Buffer.from(octets));
}

/** UTCTime until 2049, GeneralizedTime from then on (RFC 5280 4.1.2.5). */
export function time(milliseconds: number): Buffer {
  const text = `${new Date(milliseconds).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  const year = Number(text.slice(0, 4));
  return year >= 1950 && year < 2050
    ? encode(tags.utcTime, Buffer.from(text.slice(2)))
    : encode(tags.generalizedTime, Buffer.from(text));
}

export interface DerValue {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag, length and content. */
  readonly whole: Uint8Array;
}

/** More octets of length than this are no length of anything that fits into memory. */
const lengthOctetsMax = 4;

/**
 * The values that stand one after the other in `bytes`. Throws RangeError when they are cut off, or when a length is not
 * in the one form that DER has for it: what two readers might read differently is not read at all.
 */
export function decodeAll(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const short = bytes[at + 1] ?? 0;
    const lengthLength = short < 0x80 ? 0 : short & 0x7f;
    if (short === 0x80 || lengthLength > lengthOctetsMax)
      throw new RangeError('the DER value has a length that DER does not know');
    let length = short < 0x80 ? short : 0;
    for (let index = 0; index < lengthLength; index++) length = length * 256 + (bytes[at + 2 + index] ?? 0);
    if (lengthLength > 0 && lengthOctets(length).length !== lengthLength + 1)
      throw new RangeError('the DER value has a length that is not in its shortest form');
    const start = at + 2 + lengthLength;
    const end = start + length;
    if (end > bytes.length) throw new RangeError('the DER value is cut off');
    values.push({
      tag: bytes[at]!,
      content: bytes.subarray(start, end),
      whole: bytes.subarray(at, end),
    });
    at = end;
  }
  return values;
}
