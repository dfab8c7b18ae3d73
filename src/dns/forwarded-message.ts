/** Messages for answers that are not prepared: another server's, and an ExternalName's with what it leads to. */
import { decode, encode, type Answer as PacketAnswer } from 'dns-packet';
import type { ForeignAnswer } from './foreign-answer.ts';
import type { Forwarded } from './forwarder.ts';
import { cachedSecondsMax, udpPayloadMax } from './limits.ts';
import { headerBytes, internetClass, nameText, type Question, recordTypes, type WireName } from './wire.ts';

const optBytes = 11;

/** Another server's answer for our client: his id and question, what fits, and times to live as they are by now. */
export function forwardedMessage(
  query: Buffer,
  question: Question,
  { forwarded, room }: { forwarded: Forwarded; room: number },
): Buffer {
  const { answer, age } = forwarded;
  const opt = question.edns === undefined ? 0 : optBytes;
  const free = room - question.end - opt;
  let kept = answer.ends.length;
  while (kept > 0 && answer.ends[kept - 1]! > free) kept--;
  const bodyBytes = kept === 0 ? 0 : answer.ends[kept - 1]!;
  const message = Buffer.alloc(question.end + bodyBytes + opt);
  query.copy(message, 0, 0, 2);
  const [answers, authorities] = answer.counts;
  const counts = [answers, authorities, answer.counts[2]].map((count, index) => {
    const before = index === 0 ? 0 : index === 1 ? answers : answers + authorities;
    return Math.min(count, Math.max(0, kept - before));
  });
  // Cut off within what was asked for: the client should come again over TCP.
  const isTruncated = counts[0]! < answers;
  message[2] = 0x80 | (query[2]! & 0x79) | (isTruncated ? 0x02 : 0);
  message[3] = 0x80 | (query[3]! & 0x10) | (isAuthenticFor(question, query, answer) ? 0x20 : 0) | answer.code;
  for (const [index, count] of [1, counts[0]!, counts[1]!, counts[2]! + (opt === 0 ? 0 : 1)].entries())
    message.writeUInt16BE(count, 4 + 2 * index);
  query.copy(message, headerBytes, headerBytes, question.end);
  answer.body.copy(message, question.end, 0, bodyBytes);
  for (const at of answer.lifetimes.slice(0, kept)) {
    const seconds = Math.min(message.readUInt32BE(question.end + at), cachedSecondsMax);
    message.writeUInt32BE(Math.max(0, seconds - age), question.end + at);
  }
  if (opt !== 0) {
    const at = message.length - opt;
    message.writeUInt16BE(recordTypes.OPT, at + 1);
    message.writeUInt16BE(udpPayloadMax, at + 3);
    message[at + 7] = question.edns?.dnssec ? 0x80 : 0;
  }
  return message;
}

/** Said only to those who ask for it. Source: RFC 6840, 5.7. */
function isAuthenticFor(question: Question, query: Buffer, answer: ForeignAnswer): boolean {
  return answer.isAuthentic && (question.edns?.dnssec === true || (query[3]! & 0x20) !== 0);
}

/**
 * The records of the answer section that lead from a name to what was asked for; undefined when one of them is not
 * well-formed inside.
 */
export function answersOf(message: Buffer, wantedType: number): PacketAnswer[] | undefined {
  const types = new Set(['CNAME', typeText(wantedType)]);
  try {
    const { answers = [] } = decode(message);
    return answers.filter(({ type }) => types.has(type));
  } catch {
    return undefined;
  }
}

const typeText = (type: number): string =>
  Object.entries(recordTypes).find(([, number]) => number === type)?.[0] ?? 'none';

/** A query like a client's, for a name that an alias led to. */
export function followUpQuery(name: WireName, type: number): Buffer {
  const end = headerBytes + name.length + 4;
  const query = Buffer.alloc(end);
  query[2] = 0x01;
  query.writeUInt16BE(1, 4);
  query.write(name, headerBytes, 'latin1');
  query.writeUInt16BE(type, end - 4);
  query.writeUInt16BE(internetClass, end - 2);
  return query;
}

/** An ExternalName's answer: its CNAME, and the records it leads to. `room` in bytes. */
export function aliasMessage(
  query: Buffer,
  question: Question,
  { answers, room, code }: { answers: readonly PacketAnswer[]; room: number; code: number },
): Buffer {
  const packet = (some: readonly PacketAnswer[], isTruncated: boolean): Buffer => {
    const message = encode({
      type: 'response',
      id: question.id,
      // Authoritative, recursion available, recursion desired when it was, and the code in the last bits.
      flags: 0x0480 | (isTruncated ? 0x0200 : 0) | (question.recursionDesired ? 0x0100 : 0) | code,
      questions: [{ name: nameText(question.name), type: 'A', class: 'IN' }],
      answers: [...some],
    });
    // The question as the client spelled it.
    query.copy(message, headerBytes, headerBytes, question.end);
    if (question.edns === undefined) return message;
    const opt = Buffer.alloc(optBytes);
    opt.writeUInt16BE(recordTypes.OPT, 1);
    opt.writeUInt16BE(udpPayloadMax, 3);
    message.writeUInt16BE(1, 10);
    return Buffer.concat([message, opt]);
  };
  const whole = packet(answers, false);
  return whole.length <= room ? whole : packet([], true);
}

/** `web.default.svc.cluster.local.` leads to `example.com`. */
export const aliasRecord = (owner: WireName, target: string, seconds: number): PacketAnswer => ({
  name: nameText(owner).replace(/\.$/, ''),
  type: 'CNAME',
  ttl: seconds,
  data: target,
});
