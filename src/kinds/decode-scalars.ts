/**
 * Scalars that Go decodes with code of their own: times, bytes, quantities, int-or-string. Each function returns the
 * form that the API stores and prints, or throws a DecodeError with upstream's text.
 */
import { canonicalQuantity, quantityProblem } from '../lib/quantity.ts';
import { DecodeError, jsonKind } from './decode-error.ts';

const daysBeforeLeap = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : (daysBeforeLeap[month - 1] as number);
}

/** Reads a time piece by piece as Go's time.Parse does, so that the messages are Go's. */
class TimeReader {
  readonly #text: string;
  readonly #layout: string;
  #rest: string;

  constructor(text: string, layout: string) {
    this.#text = text;
    this.#layout = layout;
    this.#rest = text;
  }

  fail(message: string): never {
    throw new DecodeError(`parsing time ${JSON.stringify(this.#text)}${message}`);
  }

  /** Go names the whole layout only when a piece cannot be parsed at all. */
  #mismatch(element: string): never {
    this.fail(
      ` as ${JSON.stringify(this.#layout)}: cannot parse ${JSON.stringify(this.#rest)} as ${JSON.stringify(element)}`,
    );
  }

  literal(character: string): void {
    if (!this.#rest.startsWith(character)) this.#mismatch(character);
    this.#rest = this.#rest.slice(character.length);
  }

  /** Takes what matches at the start; `element` is the layout's piece. */
  take(pattern: RegExp, element: string): string {
    const match = pattern.exec(this.#rest);
    if (match === null) this.#mismatch(element);
    this.#rest = this.#rest.slice(match[0].length);
    return match[0];
  }

  number(pattern: RegExp, element: string, range?: { from: number; to: number; name: string }): number {
    const taken = Number(this.take(pattern, element));
    if (range !== undefined && (taken < range.from || taken > range.to))
      this.fail(`: ${range.name} out of range`);
    return taken;
  }

  /** Seconds may have a fraction that the layout does not ask for. */
  optionalFraction(): void {
    this.#rest = this.#rest.replace(/^[.,]\d+/, '');
  }

  /** `Z` or `+02:00`, in minutes east. */
  zone(): number {
    const taken = this.take(/^(?:Z|[+-]\d\d:\d\d)/, 'Z07:00');
    if (taken === 'Z') return 0;
    const hours = Number(taken.slice(1, 3));
    const minutes = Number(taken.slice(4, 6));
    if (hours > 24) this.fail(': time zone offset hour out of range');
    if (minutes > 60) this.fail(': time zone offset minute out of range');
    return (taken.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
  }

  end(): void {
    if (this.#rest !== '') this.fail(`: extra text: ${JSON.stringify(this.#rest)}`);
  }
}

/** RFC 3339 -> UTC. `micro` asks for exactly six digits of fraction (MicroTime); else a fraction is dropped. */
function parseTime(text: string, micro: boolean): string {
  const layout = micro ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00';
  const reader = new TimeReader(text, layout);
  const year = reader.number(/^\d{4}/, '2006');
  reader.literal('-');
  const month = reader.number(/^\d\d/, '01', { from: 1, to: 12, name: 'month' });
  reader.literal('-');
  const day = reader.number(/^\d\d/, '02');
  reader.literal('T');
  const hour = reader.number(/^\d\d?/, '15', { from: 0, to: 23, name: 'hour' });
  reader.literal(':');
  const minute = reader.number(/^\d\d/, '04', { from: 0, to: 59, name: 'minute' });
  reader.literal(':');
  const second = reader.number(/^\d\d/, '05', { from: 0, to: 59, name: 'second' });
  const fraction = micro ? reader.take(/^[.,]\d{6}/, '.000000').slice(1) : '';
  if (!micro) reader.optionalFraction();
  const zone = reader.zone();
  reader.end();
  if (day < 1 || day > daysIn(year, month)) reader.fail(': day out of range');
  const instant = new Date(0);
  instant.setUTCFullYear(year, month - 1, day);
  instant.setUTCHours(hour, minute - zone, second);
  const [seconds] = instant.toISOString().split('.') as [string];
  return micro ? `${seconds}.${fraction}Z` : `${seconds}Z`;
}

const plainTime = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new DecodeError(`json: cannot unmarshal ${jsonKind(value)} into Go value of type string`);
}

/** `2026-01-02T03:04:05Z`; other offsets and fractions of a second are brought to that form. */
export function decodeTime(value: unknown): string {
  const text = textOf(value);
  return plainTime.test(text) ? text : parseTime(text, false);
}

/** `2026-01-02T03:04:05.123456Z`. */
export function decodeMicroTime(value: unknown): string {
  return parseTime(textOf(value), true);
}

/** Numbers are quantities too: `cpu: 1`. */
export function decodeQuantity(value: unknown): string {
  const text = typeof value === 'object' ? '{}' : String(value);
  const canonical = canonicalQuantity(text);
  if (canonical === undefined) throw new DecodeError(quantityProblem(text) as string);
  return canonical;
}

export const int32Min = -2147483648;
export const int32Max = 2147483647;

export function decodeIntOrString(value: unknown): number | string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'number')
    throw new DecodeError(`json: cannot unmarshal ${jsonKind(value)} into Go value of type int32`);
  if (!Number.isInteger(value) || value < int32Min || value > int32Max)
    throw new DecodeError(`json: cannot unmarshal number ${value} into Go value of type int32`);
  return value;
}

const base64Characters = new Set('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');

/** Where Go's base64.StdEncoding finds the first fault; undefined when there is none. */
function base64Fault(text: string): number | undefined {
  let inQuantum = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index] as string;
    if (character === '\n' || character === '\r') continue;
    if (character === '=') return paddingFault(text, index, inQuantum);
    if (!base64Characters.has(character)) return index;
    inQuantum = (inQuantum + 1) % 4;
  }
  return inQuantum === 0 ? undefined : text.length - inQuantum;
}

function paddingFault(text: string, at: number, inQuantum: number): number | undefined {
  const skipNewlines = (from: number) => {
    let index = from;
    while (text[index] === '\n' || text[index] === '\r') index += 1;
    return index;
  };
  if (inQuantum < 2) return at;
  let next = skipNewlines(at + 1);
  if (inQuantum === 2) {
    if (next === text.length) return next;
    if (text[next] !== '=') return next - 1;
    next = skipNewlines(next + 1);
  }
  return next < text.length ? next : undefined;
}

/** Checks base64 (RFC 4648, padded; line breaks are allowed) and returns its canonical form. */
export function decodeBase64(text: string): string {
  // Node skips what is not base64, so what comes back the same is canonical; a mebibyte takes 2 ms.
  const canonical = Buffer.from(text, 'base64').toString('base64');
  if (canonical === text) return text;
  const fault = base64Fault(text);
  if (fault !== undefined) throw new DecodeError(`illegal base64 data at input byte ${fault}`);
  return canonical;
}
