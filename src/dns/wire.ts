/**
 * The DNS wire format, as much of it as answering takes. Names are lowercase on the wire's form as a latin1 string
 * (`\x03web\x07default...\x00`), which is unambiguous for any bytes that a client may send.
 * Source: RFC 1035, 4; RFC 6891 (EDNS0); RFC 4343 (case).
 */
import { labelBytesMax, nameBytesMax } from './limits.ts';

export const recordTypes = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
} as const;

/** Question types that ask for more than records of a type. */
export const questionTypes = { IXFR: 251, AXFR: 252, ANY: 255 } as const;

export const responseCodes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  /** In two parts, the upper one in the OPT record. */
  BADVERS: 16,
} as const;

export const internetClass = 1;
export const headerBytes = 12;

/** A name on the wire, lowercase, as latin1. */
export type WireName = string;

/** Undefined when a label is empty or too long, or all together is. `web.default.svc.cluster.local`, a last dot or none. */
export function wireName(text: string): WireName | undefined {
  const labels = text.replace(/\.$/, '').toLowerCase().split('.');
  if (labels.length === 1 && labels[0] === '') return '\0';
  let name = '';
  for (const label of labels) {
    const bytes = Buffer.from(label).toString('latin1');
    if (bytes.length === 0 || bytes.length > labelBytesMax) return undefined;
    name += String.fromCharCode(bytes.length) + bytes;
  }
  name += '\0';
  return name.length > nameBytesMax ? undefined : name;
}

/** For people: `web.default.svc.cluster.local.`; bytes that are no text are written `\ddd`. */
export function nameText(name: WireName): string {
  let text = '';
  for (let at = 0; at < name.length; ) {
    const length = name.charCodeAt(at);
    if (length === 0) break;
    const label = name.slice(at + 1, at + 1 + length);
    text += `${label.replace(/[^!-~]|[.\\]/g, (byte) => `\\${String(byte.charCodeAt(0)).padStart(3, '0')}`)}.`;
    at += 1 + length;
  }
  return text === '' ? '.' : text;
}

export interface Question {
  readonly id: number;
  /** Lowercase. */
  readonly name: WireName;
  readonly type: number;
  readonly class: number;
  readonly recursionDesired: boolean;
  /** Where the question section ends in the message. */
  readonly end: number;
  /** What EDNS0 says, when the client speaks it. */
  readonly edns:
    | { readonly udpPayload: number; readonly version: number; readonly dnssec: boolean }
    | undefined;
}

/** Why a message is no question that can be answered: the code to answer it with, or undefined to be silent. */
export type Flaw = { readonly flaw: true; readonly code: number | undefined };

const silent: Flaw = { flaw: true, code: undefined };
const malformed: Flaw = { flaw: true, code: responseCodes.FORMERR };
const notImplemented: Flaw = { flaw: true, code: responseCodes.NOTIMP };

export function parseQuestion(message: Buffer): Question | Flaw {
  // Too short to be answered, or an answer itself: answering those makes loops.
  if (message.length < headerBytes || (message[2]! & 0x80) !== 0) return silent;
  if ((message[2]! & 0x78) !== 0) return notImplemented;
  if (message.readUInt16BE(4) !== 1) return malformed;
  const name = questionName(message);
  if (name === undefined) return malformed;
  const end = headerBytes + name.length + 4;
  if (end > message.length) return malformed;
  const edns = readEdns(message, end);
  if (edns === 'malformed') return malformed;
  return {
    id: message.readUInt16BE(0),
    name,
    type: message.readUInt16BE(end - 4),
    class: message.readUInt16BE(end - 2),
    recursionDesired: (message[2]! & 0x01) !== 0,
    end,
    edns,
  };
}

/** The first name after the header; undefined when it is cut off, too long or compressed, which a question never is. */
function questionName(message: Buffer): WireName | undefined {
  let at: number = headerBytes;
  let isLowercase = true;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > labelBytesMax) return undefined;
    at++;
    if (length === 0) break;
    const next = at + length;
    if (next >= message.length || next - headerBytes > nameBytesMax - 1) return undefined;
    for (; at < next; at++) {
      const byte = message[at]!;
      if (byte >= 0x41 && byte <= 0x5a) isLowercase = false;
    }
  }
  const name = message.toString('latin1', headerBytes, at);
  // The length of a label is below 64, so it is no letter. Other bytes than ASCII letters keep their case.
  return isLowercase ? name : name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The OPT record among the additional ones; a question brings no other records (TSIG and the like are passed over). */
function readEdns(message: Buffer, start: number): Question['edns'] | 'malformed' {
  const [answers, authorities, additionals] = [
    message.readUInt16BE(6),
    message.readUInt16BE(8),
    message.readUInt16BE(10),
  ];
  if (answers !== 0) return 'malformed';
  let at: number | undefined = start;
  let edns: Question['edns'];
  for (let index = 0; index < authorities + additionals; index++) {
    const isRoot: boolean = message[at] === 0;
    at = skipName(message, at);
    if (at === undefined || at + 10 > message.length) return 'malformed';
    const type = message.readUInt16BE(at);
    if (type === recordTypes.OPT) {
      // Source: RFC 6891, 6.1.1: one at most, with the root's name.
      if (edns !== undefined || !isRoot || index < authorities) return 'malformed';
      edns = {
        udpPayload: message.readUInt16BE(at + 2),
        version: message[at + 5]!,
        dnssec: (message[at + 6]! & 0x80) !== 0,
      };
    }
    at += 10 + message.readUInt16BE(at + 8);
    if (at > message.length) return 'malformed';
  }
  return edns;
}

/** Where the name that begins here ends; undefined when it does not. A compressed one ends with its pointer. */
export function skipName(message: Buffer, start: number): number | undefined {
  let at = start;
  for (;;) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length >= 0xc0) return at + 2 <= message.length ? at + 2 : undefined;
    if (length > labelBytesMax || at - start > nameBytesMax) return undefined;
    at += 1 + length;
    if (length === 0) return at;
  }
}
