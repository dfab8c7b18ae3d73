/**
 * A question as bytes in, an answer as bytes out, or what else has to be done for it. No I/O.
 * Source: RFC 1035, RFC 2308 (negative answers), RFC 6891, RFC 8906; CoreDNS plugin/kubernetes for pod names.
 */
import { parseAddress } from '../lib/ip.ts';
import { type Answer, prepareAnswer, startOfAuthority } from './answers.ts';
import { messageBytesMax, plainUdpPayloadMax, udpPayloadMax } from './limits.ts';
import type { DnsRecord } from './records.ts';
import {
  type Flaw,
  headerBytes,
  internetClass,
  parseQuestion,
  type Question,
  questionTypes,
  recordTypes,
  responseCodes,
  type WireName,
  wireName,
} from './wire.ts';
import type { Zone } from './zone.ts';

export interface ResponderOptions {
  readonly zone: Zone;
  /** `cluster.local` */
  readonly zoneName: string;
  /** How long an answer may be kept, and a denial. */
  readonly seconds: number;
  /** Names of pods by their address are answered in these namespaces only. */
  readonly hasNamespace: (name: string) => boolean;
  /** Before all Services are known, a name that is not there may be there all the same. */
  readonly isReady: () => boolean;
}

/** What a question comes to. */
export type Outcome =
  | { readonly type: 'answer'; readonly message: Buffer; readonly code: number }
  | { readonly type: 'silence' }
  /** Not ours: somebody else has to be asked. */
  | { readonly type: 'forward'; readonly question: Question }
  /** An ExternalName's: its target has to be followed. */
  | { readonly type: 'alias'; readonly question: Question; readonly target: string };

const optBytes = 11;
const ipv4PodName = /^\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3}$/;

const headerOf = (
  query: Buffer,
  question: Question | undefined,
  options: { length: number; code: number },
) => {
  const message = Buffer.allocUnsafe(options.length);
  message[0] = query[0]!;
  message[1] = query[1]!;
  // An answer; the operation and the wish for recursion are the question's.
  message[2] = 0x80 | (query[2]! & 0x79);
  // Recursion is available. The bit that turns validation off is echoed (RFC 4035, 3.2.2).
  message[3] = 0x80 | (question === undefined ? 0 : query[3]! & 0x10) | (options.code & 0x0f);
  message.writeUInt16BE(question === undefined ? 0 : 1, 4);
  message.fill(0, 6, headerBytes);
  return message;
};

export class Responder {
  readonly #options: ResponderOptions;
  readonly #zoneName: WireName;
  readonly #podSuffix: WireName;
  readonly #serviceSuffix: WireName;
  readonly #authority: Buffer;
  #turn = 0;

  /** Throws a RangeError when the zone is no name. */
  constructor(options: ResponderOptions) {
    this.#options = options;
    const zoneName = wireName(options.zoneName);
    const podSuffix = wireName(`pod.${options.zoneName}`);
    const serviceSuffix = wireName(`svc.${options.zoneName}`);
    const authority = startOfAuthority(options.zoneName, 1, options.seconds);
    const isName = zoneName !== undefined && zoneName !== '\0';
    if (!isName || podSuffix === undefined || serviceSuffix === undefined || authority === undefined)
      throw new RangeError(`${JSON.stringify(options.zoneName)} is no name for a zone`);
    this.#zoneName = zoneName;
    this.#podSuffix = podSuffix;
    this.#serviceSuffix = serviceSuffix;
    this.#authority = authority;
  }

  respond(query: Buffer, options: { overTcp: boolean }): Outcome {
    const question = parseQuestion(query);
    if ('flaw' in question) return this.#flawed(query, question);
    const room = roomFor(question, options.overTcp);
    const fail = (code: number): Outcome => this.failure(query, question, code);
    if (question.edns !== undefined && question.edns.version !== 0) return fail(responseCodes.BADVERS);
    if (question.class !== internetClass) return fail(responseCodes.REFUSED);
    if (question.type === questionTypes.AXFR || question.type === questionTypes.IXFR)
      return fail(responseCodes.REFUSED);
    const { zone, isReady } = this.#options;
    const found = zone.find(question.name, question.type);
    if (found.answer !== undefined)
      return {
        type: 'answer',
        message: this.#positive(query, question, { answer: found.answer, room }),
        code: 0,
      };
    const isOurs = isBelow(question.name, this.#zoneName);
    // Of other names, addresses' reverse names among them, nothing is known but what was found.
    if (!isOurs) return { type: 'forward', question };
    if (!isReady()) return fail(responseCodes.SERVFAIL);
    if (found.alias !== undefined) return { type: 'alias', question, target: found.alias };
    const pod = this.#podAnswer(question);
    if (pod.answer !== undefined)
      return {
        type: 'answer',
        message: this.#positive(query, question, { answer: pod.answer, room }),
        code: 0,
      };
    const exists = found.exists || pod.exists || this.#isNamespace(question.name);
    return this.#denial(query, question, exists ? responseCodes.NOERROR : responseCodes.NXDOMAIN);
  }

  /** An answer without records. */
  failure(query: Buffer, question: Question, code: number): Outcome {
    const length = question.end + (question.edns === undefined ? 0 : optBytes);
    const message = headerOf(query, question, { length, code });
    query.copy(message, headerBytes, headerBytes, question.end);
    message.writeUInt16BE(question.edns === undefined ? 0 : 1, 10);
    if (question.edns !== undefined) writeOpt(message, question.end, code);
    return { type: 'answer', message, code };
  }

  #flawed(query: Buffer, { code }: Flaw): Outcome {
    if (code === undefined) return { type: 'silence' };
    return { type: 'answer', message: headerOf(query, undefined, { length: headerBytes, code }), code };
  }

  #positive(query: Buffer, question: Question, { answer, room }: { answer: Answer; room: number }): Buffer {
    const opt = question.edns === undefined ? 0 : optBytes;
    const free = room - question.end - opt;
    const { ends, additionals } = answer;
    let count = ends.length;
    while (count > 0 && ends[count - 1]! > free) count--;
    const answerBytes = count === 0 ? 0 : ends[count - 1]!;
    const isWhole = count === ends.length;
    // Additional records are a kindness: they are left out first, all of them, and nobody has to be told.
    const withAdditionals = isWhole && answerBytes + additionals.length <= free;
    const length = question.end + answerBytes + (withAdditionals ? additionals.length : 0) + opt;
    const message = headerOf(query, question, { length, code: 0 });
    message[2]! |= isWhole ? 0x04 : 0x06;
    message.writeUInt16BE(count, 6);
    message.writeUInt16BE((withAdditionals ? answer.additionalCount : 0) + (opt === 0 ? 0 : 1), 10);
    query.copy(message, headerBytes, headerBytes, question.end);
    this.#copyAnswers(answer, message, { at: question.end, bytes: answerBytes });
    if (withAdditionals) additionals.copy(message, question.end + answerBytes);
    if (opt !== 0) writeOpt(message, length - opt, 0);
    return message;
  }

  /** A different record comes first each time, since many clients take the first. */
  #copyAnswers({ answers, turns }: Answer, message: Buffer, to: { at: number; bytes: number }): void {
    const from = turns === 0 ? 0 : (this.#turn++ % (answers.length / turns)) * turns;
    const head = Math.min(to.bytes, answers.length - from);
    answers.copy(message, to.at, from, from + head);
    answers.copy(message, to.at + head, 0, to.bytes - head);
  }

  /** No such name, or no such type, with the SOA record that says for how long this holds. */
  #denial(query: Buffer, question: Question, code: number): Outcome {
    const opt = question.edns === undefined ? 0 : optBytes;
    const authorityBytes = 12 + this.#authority.length;
    const isApex = question.name === this.#zoneName && question.type === recordTypes.SOA;
    const message = headerOf(query, question, { length: question.end + authorityBytes + opt, code });
    message[2]! |= 0x04;
    query.copy(message, headerBytes, headerBytes, question.end);
    message.writeUInt16BE(1, isApex ? 6 : 8);
    const at = question.end;
    message.writeUInt16BE(0xc000 | (headerBytes + question.name.length - this.#zoneName.length), at);
    message.writeUInt16BE(recordTypes.SOA, at + 2);
    message.writeUInt16BE(internetClass, at + 4);
    message.writeUInt32BE(this.#options.seconds, at + 6);
    message.writeUInt16BE(this.#authority.length, at + 10);
    this.#authority.copy(message, at + 12);
    message.writeUInt16BE(opt === 0 ? 0 : 1, 10);
    if (opt !== 0) writeOpt(message, message.length - opt, 0);
    return { type: 'answer', message, code };
  }

  /** `default.svc.cluster.local` is a name although a namespace has no Services: what is below may come at any time. */
  #isNamespace(name: WireName): boolean {
    if (!isBelow(name, this.#serviceSuffix)) return false;
    const labels = name.slice(0, name.length - this.#serviceSuffix.length);
    if (labels === '') return true;
    return labels.charCodeAt(0) === labels.length - 1 && this.#options.hasNamespace(labels.slice(1));
  }

  /** `10-244-1-5.default.pod.cluster.local` is 10.244.1.5, whether there is such a pod or not. */
  #podAnswer(question: Question): { exists: boolean; answer?: Answer } {
    const { name } = question;
    if (!isBelow(name, this.#podSuffix)) return { exists: false };
    if (name === this.#podSuffix) return { exists: true };
    const labels = name.slice(0, name.length - this.#podSuffix.length);
    const first = labels.slice(1, 1 + labels.charCodeAt(0));
    const rest = labels.slice(1 + first.length);
    const namespace = rest === '' ? first : rest.slice(1);
    if (rest !== '' && rest.charCodeAt(0) !== namespace.length) return { exists: false };
    if (!this.#options.hasNamespace(namespace)) return { exists: false };
    if (rest === '') return { exists: true };
    const address = ipv4PodName.test(first) ? first.replaceAll('-', '.') : first.replaceAll('-', ':');
    const parsed = parseAddress(address);
    if (parsed === undefined || parsed.flaw !== undefined) return { exists: false };
    const type = parsed.family === 'IPv4' ? 'A' : 'AAAA';
    if (question.type !== recordTypes[type]) return { exists: true };
    const record: DnsRecord = { name: '', type, address };
    const { seconds } = this.#options;
    const answer = prepareAnswer([record], { name, seconds, addressesOf: () => [] });
    return answer === undefined ? { exists: true } : { exists: true, answer };
  }
}

/** How long an answer may be. */
export function roomFor({ edns }: Question, overTcp: boolean): number {
  if (overTcp) return messageBytesMax;
  return Math.max(plainUdpPayloadMax, Math.min(edns?.udpPayload ?? 0, udpPayloadMax));
}

/** The name is the zone or below it. A label's bytes may look like the zone's name: its beginning must be a label's. */
export function isBelow(name: WireName, zone: WireName): boolean {
  if (!name.endsWith(zone)) return false;
  const start = name.length - zone.length;
  let at = 0;
  while (at < start) at += 1 + name.charCodeAt(at);
  return at === start;
}

function writeOpt(message: Buffer, at: number, code: number): void {
  message.fill(0, at, at + optBytes);
  message.writeUInt16BE(recordTypes.OPT, at + 1);
  message.writeUInt16BE(udpPayloadMax, at + 3);
  message[at + 5] = code >> 4;
}
