/**
 * What Go's decoder says about bytes that are no JSON: its words stand in answers. Only looked for once JSON.parse has
 * refused. Source: encoding/json of Go, scanner.go.
 */
import { jsonProblemBytesMax } from './limits.ts';

const problems = {
  value: 'looking for beginning of value',
  key: 'looking for beginning of object key string',
  afterKey: 'after object key',
  afterMember: 'after object key:value pair',
  afterElement: 'after array element',
  afterTop: 'after top-level value',
} as const;

const ended = 'unexpected end of JSON input';

const quote = 0x22;
const backslash = 0x5c;
const isSpace = (byte: number | undefined) =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const isDigit = (byte: number | undefined) => byte !== undefined && byte >= 0x30 && byte <= 0x39;

const words: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };

/** A byte in single quotes, as strconv.Quote has it; Go takes it for a code point. */
function quoted(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === "'") return "'\\''";
  if (character === '"') return `'"'`;
  const short = { 7: 'a', 8: 'b', 9: 't', 10: 'n', 11: 'v', 12: 'f', 13: 'r', 92: '\\' }[byte];
  if (short !== undefined) return `'\\${short}'`;
  const hex = byte.toString(16).padStart(2, '0');
  if (byte < 0x20 || byte === 0x7f) return `'\\x${hex}'`;
  if ((byte > 0x7f && byte <= 0xa0) || byte === 0xad) return `'\\u00${hex}'`;
  return `'${character}'`;
}

/** Thrown by the scanner below, and caught by its only caller. */
class Problem extends Error {}

class Scanner {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Throws Problem. Containers that are open stand in a list, for there may be many. */
  run(): void {
    const open: ('object' | 'array')[] = [];
    for (;;) {
      let isWhole = this.#value(open);
      while (isWhole) {
        const container = open.at(-1);
        if (container === undefined) {
          this.#end();
          return;
        }
        isWhole = this.#afterValue(open, container);
      }
    }
  }

  #end(): void {
    this.#space();
    if (this.#at < this.#bytes.length) this.#refuse(problems.afterTop);
  }

  get #character(): string {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new Problem(ended);
    return String.fromCharCode(byte);
  }

  #refuse(context: string): never {
    const byte = this.#bytes[this.#at];
    throw new Problem(byte === undefined ? ended : `invalid character ${quoted(byte)} ${context}`);
  }

  #expect(character: string, context: string): void {
    if (this.#character !== character) this.#refuse(context);
  }

  #space(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    while (isSpace(bytes[at])) at++;
    this.#at = at;
  }

  /** Reads a value, or the opening of one; true when it is whole. */
  #value(open: ('object' | 'array')[]): boolean {
    this.#space();
    const first = this.#character;
    if (first === '{') {
      this.#at++;
      this.#space();
      if (this.#character === '}') return this.#close();
      open.push('object');
      this.#key();
      return false;
    }
    if (first === '[') {
      this.#at++;
      this.#space();
      if (this.#character === ']') return this.#close();
      open.push('array');
      return false;
    }
    if (first === '"') this.#string();
    else if (first === '-' || isDigit(this.#bytes[this.#at])) this.#number();
    else if (Object.hasOwn(words, first)) this.#word(words[first] as string);
    else this.#refuse(problems.value);
    return true;
  }

  #close(): true {
    this.#at++;
    return true;
  }

  /** What follows a value in a container; true when it was the container's end. */
  #afterValue(open: ('object' | 'array')[], container: 'object' | 'array'): boolean {
    this.#space();
    const next = this.#character;
    if (next === (container === 'object' ? '}' : ']')) {
      open.pop();
      return this.#close();
    }
    if (next !== ',') this.#refuse(container === 'object' ? problems.afterMember : problems.afterElement);
    this.#at++;
    if (container === 'object') this.#key();
    return false;
  }

  #key(): void {
    this.#space();
    this.#expect('"', problems.key);
    this.#string();
    this.#space();
    this.#expect(':', problems.afterKey);
    this.#at++;
  }

  #string(): void {
    const bytes = this.#bytes;
    for (;;) {
      let at = this.#at + 1;
      while ((bytes[at] as number) >= 0x20 && bytes[at] !== quote && bytes[at] !== backslash) at++;
      this.#at = at;
      if (bytes[at] === quote) break;
      if (bytes[at] === backslash) this.#escape();
      else this.#refuse('in string literal');
    }
    this.#at++;
  }

  #escape(): void {
    this.#at++;
    if (!/["\\/bfnrtu]/.test(this.#character)) this.#refuse('in string escape code');
    if (this.#character !== 'u') return;
    for (let digit = 0; digit < 4; digit++) {
      this.#at++;
      if (!/[\da-fA-F]/.test(this.#character)) this.#refuse('in \\u hexadecimal character escape');
    }
  }

  #number(): void {
    if (this.#character === '-') this.#at++;
    if (!isDigit(this.#bytes[this.#at])) this.#refuse('in numeric literal');
    if (this.#character === '0') this.#at++;
    else this.#digits();
    if (this.#bytes[this.#at] === 0x2e) {
      this.#at++;
      if (!isDigit(this.#bytes[this.#at])) this.#refuse('after decimal point in numeric literal');
      this.#digits();
    }
    if (!/[eE]/.test(String.fromCharCode(this.#bytes[this.#at] ?? 0))) return;
    this.#at++;
    if (/[+-]/.test(this.#character)) this.#at++;
    if (!isDigit(this.#bytes[this.#at])) this.#refuse('in exponent of numeric literal');
    this.#digits();
  }

  #digits(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    while (isDigit(bytes[at])) at++;
    this.#at = at;
  }

  #word(word: string): void {
    for (const letter of word) {
      if (this.#character !== letter) this.#refuse(`in literal ${word} (expecting '${letter}')`);
      this.#at++;
    }
  }
}

/** What is wrong with the JSON; undefined: nothing that Go would see, or the body is too long to look for it. */
export function jsonProblem(bytes: Uint8Array): string | undefined {
  if (bytes.length > jsonProblemBytesMax) return undefined;
  try {
    new Scanner(bytes).run();
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error.message;
    throw error;
  }
}

/** What Go's decoder calls a JSON value. */
export function goJsonName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
