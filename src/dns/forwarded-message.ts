/** Messages for answers that are not prepared: another server's, and an ExternalName's with what it leads to. */
import { type ForeignAnswer, lifetime } from './foreign-answer.ts';
import type { Forwarded } from './forwarder.ts';
import { cachedSecondsMax, udpPayloadMax } from './limits.ts';
import { headerBytes, internetClass, type Question, recordTypes, type WireName } from './wire.ts';

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
    const seconds = Math.min(lifetime(message, question.end + at), cachedSecondsMax);
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
  { answers, room, code }: { answers: readonly Buffer[]; room: number; code: number },
): Buffer {
  const opt = question.edns === undefined ? 0 : optBytes;
  const body = Buffer.concat(answers);
  const isWhole = question.end + body.length + opt <= room;
  const message = Buffer.alloc(question.end + (isWhole ? body.length : 0) + opt);
  // The question as the client spelled it.
  query.copy(message, 0, 0, question.end);
  message[2] = 0x84 | (query[2]! & 0x79) | (isWhole ? 0 : 0x02);
  message[3] = 0x80 | (query[3]! & 0x10) | code;
  message.writeUInt16BE(isWhole ? answers.length : 0, 6);
  message.writeUInt16BE(0, 8);
  message.writeUInt16BE(opt === 0 ? 0 : 1, 10);
  if (isWhole) body.copy(message, question.end);
  if (opt !== 0) {
    message.writeUInt16BE(recordTypes.OPT, message.length - opt + 1);
    message.writeUInt16BE(udpPayloadMax, message.length - opt + 3);
  }
  return message;
}
