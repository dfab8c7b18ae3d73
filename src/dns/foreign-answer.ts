/**
 * What another server answered, checked, and in the form in which it is kept: what follows the question, without the
 * parts that hold only between the two of us (the id, EDNS0).
 * Source: RFC 1035, 4; RFC 2308, 5 (how long a denial is kept); RFC 5452 (answers that nobody asked for).
 */
import { cachedDenialSecondsMax, cachedSecondsMax } from './limits.ts';
import { headerBytes, parseQuestion, type Question, recordTypes, responseCodes, skipName } from './wire.ts';

export interface ForeignAnswer {
  readonly code: number;
  /** Whether the other server vouches for it by DNSSEC. */
  readonly isAuthentic: boolean;
  readonly body: Buffer;
  readonly counts: readonly [answers: number, authorities: number, additionals: number];
  /** Where each record ends in the body, and where its time to live stands. */
  readonly ends: readonly number[];
  readonly lifetimes: readonly number[];
  /** For how long it may be kept; 0 when not at all. */
  readonly seconds: number;
}

interface ForeignRecord {
  readonly type: number;
  readonly lifetimeAt: number;
  readonly end: number;
}

const isTruncated = (message: Buffer): boolean => (message[2]! & 0x02) !== 0;

/** Undefined when it is no answer to this query, or not well-formed; 'truncated' when TCP has to be asked. */
export function readForeignAnswer(message: Buffer, query: Buffer): ForeignAnswer | 'truncated' | undefined {
  if (message.length < headerBytes || (message[2]! & 0x80) === 0) return undefined;
  if (message.readUInt16BE(0) !== query.readUInt16BE(0)) return undefined;
  const asked = parseQuestion(query);
  const echoed = questionOf(message);
  if ('flaw' in asked || echoed === undefined) return undefined;
  if (echoed.name !== asked.name || echoed.type !== asked.type || echoed.class !== asked.class)
    return undefined;
  if (isTruncated(message)) return 'truncated';
  return readSections(message, asked);
}

/** The question of an answer is read as a question: with a header that says it is one, and nothing behind it. */
function questionOf(message: Buffer): Question | undefined {
  if (message.readUInt16BE(4) !== 1) return undefined;
  const end = skipName(message, headerBytes);
  if (end === undefined || end + 4 > message.length) return undefined;
  const question = Buffer.from(message.subarray(0, end + 4));
  question[2] = 0;
  question.fill(0, 6, headerBytes);
  const parsed = parseQuestion(question);
  return 'flaw' in parsed ? undefined : parsed;
}

function readSections(message: Buffer, asked: Question): ForeignAnswer | undefined {
  const counts: [number, number, number] = [
    message.readUInt16BE(6),
    message.readUInt16BE(8),
    message.readUInt16BE(10),
  ];
  const records = readRecords(message, asked.end, counts[0] + counts[1] + counts[2]);
  if (records === undefined) return undefined;
  // What stands behind the OPT record would move when that is taken out, and pointers would miss it: it goes too.
  const opt = records.findIndex(({ type }) => type === recordTypes.OPT);
  const kept = opt < 0 ? records : records.slice(0, opt);
  counts[2] = Math.max(0, kept.length - counts[0] - counts[1]);
  if (kept.length < counts[0] + counts[1]) return undefined;
  const code = message[3]! & 0x0f;
  return {
    code,
    isAuthentic: (message[3]! & 0x20) !== 0,
    body: Buffer.from(message.subarray(asked.end, kept.at(-1)?.end ?? asked.end)),
    counts,
    ends: kept.map(({ end }) => end - asked.end),
    lifetimes: kept.map(({ lifetimeAt }) => lifetimeAt - asked.end),
    seconds: secondsOf(message, kept, { code, counts }),
  };
}

function readRecords(message: Buffer, start: number, count: number): ForeignRecord[] | undefined {
  const records: ForeignRecord[] = [];
  let at: number | undefined = start;
  for (let index = 0; index < count; index++) {
    at = skipName(message, at);
    if (at === undefined || at + 10 > message.length) return undefined;
    const end: number = at + 10 + message.readUInt16BE(at + 8);
    if (end > message.length) return undefined;
    records.push({ type: message.readUInt16BE(at), lifetimeAt: at + 4, end });
    at = end;
  }
  return records;
}

/** A time to live with its highest bit set is 0. Source: RFC 2181, 8. */
export const lifetime = (message: Buffer, at: number): number => {
  const seconds = message.readUInt32BE(at);
  return seconds >= 2 ** 31 ? 0 : seconds;
};

function secondsOf(
  message: Buffer,
  records: readonly ForeignRecord[],
  { code, counts }: { code: number; counts: readonly number[] },
): number {
  const isDenial = code === responseCodes.NXDOMAIN || (code === responseCodes.NOERROR && counts[0] === 0);
  if (!isDenial && code !== responseCodes.NOERROR) return 0;
  let seconds = isDenial ? cachedDenialSecondsMax : cachedSecondsMax;
  for (const { lifetimeAt } of records) seconds = Math.min(seconds, lifetime(message, lifetimeAt));
  if (!isDenial) return seconds;
  const soa = records.find(({ type }) => type === recordTypes.SOA);
  // Its last number says how long a denial holds; without it a denial is not kept.
  return soa === undefined || soa.end - soa.lifetimeAt < 26
    ? 0
    : Math.min(seconds, lifetime(message, soa.end - 4));
}
