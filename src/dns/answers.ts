/**
 * Answers as bytes, made when records change: what remains for a question is to copy them behind it. Names in an
 * answer point back to the question's name where they are it.
 */
import { parseAddress } from '../lib/ip.ts';
import type { DnsRecord } from './records.ts';
import { headerBytes, internetClass, recordTypes, type WireName, wireName } from './wire.ts';

/** The sections that follow the question, for one name and type. */
export interface Answer {
  readonly answers: Buffer;
  /** Where each record of the answer section ends in it. */
  readonly ends: readonly number[];
  /** All records of the answer section have this length, and none is pointed at: they may be sent in any order. */
  readonly turns: number;
  readonly additionals: Buffer;
  readonly additionalCount: number;
}

/** A name's own place in every answer about it. */
const questionPointer = 0xc000 | headerBytes;

const fixedBytes = 10;

function fixedPart(type: number, seconds: number, dataBytes: number): Buffer {
  const bytes = Buffer.alloc(fixedBytes);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(internetClass, 2);
  bytes.writeUInt32BE(seconds, 4);
  bytes.writeUInt16BE(dataBytes, 8);
  return bytes;
}

/** An owner's pointer, type, class, time to live and data. */
function record(pointer: number, type: number, options: { seconds: number; data: Buffer }): Buffer {
  const owner = Buffer.alloc(2);
  owner.writeUInt16BE(pointer);
  return Buffer.concat([owner, fixedPart(type, options.seconds, options.data.length), options.data]);
}

function addressBytes(address: string): Buffer | undefined {
  const parsed = parseAddress(address);
  if (parsed === undefined) return undefined;
  const length = parsed.family === 'IPv4' ? 8 : 32;
  return Buffer.from(parsed.value.toString(16).padStart(length, '0'), 'hex');
}

const nameBytes = (name: string): Buffer | undefined => {
  const wire = wireName(name);
  return wire === undefined ? undefined : Buffer.from(wire, 'latin1');
};

/** `cluster.local 5 SOA ns.dns.cluster.local hostmaster.cluster.local ...` without its owner. */
export function startOfAuthority(zone: string, serial: number, seconds: number): Buffer | undefined {
  const [primary, mailbox] = [nameBytes(`ns.dns.${zone}`), nameBytes(`hostmaster.${zone}`)];
  if (primary === undefined || mailbox === undefined) return undefined;
  const numbers = Buffer.alloc(20);
  // Refresh, retry and expiry are for secondary servers, which there are none of; the last is how long a denial holds.
  for (const [index, value] of [serial >>> 0, 7200, 1800, 86_400, seconds].entries())
    numbers.writeUInt32BE(value, index * 4);
  return Buffer.concat([primary, mailbox, numbers]);
}

/** Undefined when the record can not be said on the wire: a name or text too long, an address that is none. */
function recordData(each: DnsRecord, weight = srvWeights): Buffer | undefined {
  switch (each.type) {
    case 'A':
    case 'AAAA':
      return addressBytes(each.address);
    case 'CNAME':
    case 'PTR':
    case 'NS':
      return nameBytes(each.target);
    case 'SRV': {
      const target = nameBytes(each.target);
      if (target === undefined) return undefined;
      const numbers = Buffer.alloc(6);
      numbers.writeUInt16BE(weight, 2);
      numbers.writeUInt16BE(each.port, 4);
      return Buffer.concat([numbers, target]);
    }
    case 'TXT': {
      const text = Buffer.from(each.text);
      return text.length > 255 ? undefined : Buffer.concat([Buffer.from([text.length]), text]);
    }
  }
}

/** What the records of one answer share evenly, as CoreDNS shares it (plugin/backend_lookup.go). */
const srvWeights = 100;
const srvTargetOffset = 6;

export interface AnswerOptions {
  readonly name: WireName;
  readonly seconds: number;
  /** The addresses of a name in the same zone: those of a SRV record's target go with it. */
  readonly addressesOf: (target: string) => readonly DnsRecord[];
}

/** The answer to a question for these records, which have one name and one type; undefined when none can be said. */
export function prepareAnswer(records: readonly DnsRecord[], options: AnswerOptions): Answer | undefined {
  const start = headerBytes + options.name.length + 4;
  const parts: Buffer[] = [];
  const ends: number[] = [];
  const additionals: Buffer[] = [];
  const seen = new Set<string>();
  let length = 0;
  const weight = Math.max(1, Math.floor(srvWeights / records.length));
  for (const each of records) {
    const data = recordData(each, weight);
    if (data === undefined) continue;
    const bytes = record(questionPointer, recordTypes[each.type], { seconds: options.seconds, data });
    const target = start + length + 2 + fixedBytes + srvTargetOffset;
    if (each.type === 'SRV' && !seen.has(each.target)) {
      seen.add(each.target);
      additionals.push(...targetAddresses(each.target, target, options));
    }
    parts.push(bytes);
    length += bytes.length;
    ends.push(length);
  }
  if (parts.length === 0) return undefined;
  const first = parts[0]!.length;
  const isEven = parts.every((part) => part.length === first);
  return {
    answers: Buffer.concat(parts),
    ends,
    turns: additionals.length === 0 && isEven && parts.length > 1 ? first : 0,
    additionals: Buffer.concat(additionals),
    additionalCount: additionals.length,
  };
}

/** Their owner is written in the SRV record already. A pointer reaches 16 KiB. */
function targetAddresses(target: string, offset: number, options: AnswerOptions): Buffer[] {
  if (offset > 0x3fff) return [];
  return options.addressesOf(target).flatMap((each) => {
    const data = recordData(each);
    return data === undefined
      ? []
      : [record(0xc000 | offset, recordTypes[each.type], { seconds: options.seconds, data })];
  });
}
