/**
 * Fields that stand twice in one JSON object. JSON.parse keeps the last and says nothing, so they are looked for in
 * the bytes: first only counted, in one pass without allocation, and named only when the counts differ.
 * Source of the wording and the path form: sigs.k8s.io/json.
 */

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;

/** The index behind a string that starts at `index` with its quotation mark. */
function skipString(bytes: Uint8Array, index: number): number {
  let at = index + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at + 1;
}

function countFieldsInBytes(bytes: Uint8Array): number {
  let count = 0;
  for (let index = 0; index < bytes.length; ) {
    const byte = bytes[index];
    if (byte === quote) index = skipString(bytes, index);
    else {
      if (byte === colon) count += 1;
      index += 1;
    }
  }
  return count;
}

/** Depth is that of the parsed body, which the caller has bounded. */
function countFields(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countFields(item);
    return count;
  }
  const record = value as Record<string, unknown>;
  for (const key in record) {
    count += 1;
    const item = record[key];
    if (typeof item === 'object') count += countFields(item);
  }
  return count;
}

interface Frame {
  /** Where the object or list stands: `spec.containers[0]`. */
  readonly path: string;
  /** The keys of an object so far; a list has none. */
  readonly seen?: Set<string>;
  /** Of a list. */
  index: number;
  /** The last key of an object, until its value has come. */
  key: string;
}

class DuplicateScanner {
  readonly #bytes: Buffer;
  readonly #frames: Frame[] = [];
  readonly found = new Set<string>();

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #childPath(): string {
    const frame = this.#frames.at(-1);
    if (frame === undefined) return '';
    if (frame.seen === undefined) return `${frame.path}[${frame.index}]`;
    return frame.path === '' ? frame.key : `${frame.path}.${frame.key}`;
  }

  #open(object: boolean): void {
    const path = this.#childPath();
    this.#frames.push(object ? { path, seen: new Set(), index: 0, key: '' } : { path, index: 0, key: '' });
  }

  #string(from: number, to: number, isKey: boolean): void {
    const frame = this.#frames.at(-1);
    if (!isKey || frame?.seen === undefined) return;
    frame.key = JSON.parse(this.#bytes.toString('utf8', from, to)) as string;
    if (frame.seen.has(frame.key)) this.found.add(this.#childPath());
    frame.seen.add(frame.key);
  }

  run(): void {
    const bytes = this.#bytes;
    let expectKey = false;
    for (let index = 0; index < bytes.length; ) {
      const character = String.fromCharCode(bytes[index] as number);
      if (character === '"') {
        const end = skipString(bytes, index);
        this.#string(index, end, expectKey);
        expectKey = false;
        index = end;
        continue;
      }
      if (character === '{' || character === '[') this.#open(character === '{');
      else if (character === '}' || character === ']') this.#frames.pop();
      const frame = this.#frames.at(-1);
      if (character === '{') expectKey = true;
      else if (character === ',' && frame !== undefined) {
        expectKey = frame.seen !== undefined;
        if (!expectKey) frame.index += 1;
      }
      index += 1;
    }
  }
}

/**
 * What stands more than once, in the order of the bytes: `duplicate field "spec.replicas"`. `bytes` is valid JSON,
 * `parsed` what JSON.parse made of it.
 */
export function duplicateFields(bytes: Uint8Array, parsed: unknown): string[] {
  if (countFieldsInBytes(bytes) === countFields(parsed)) return [];
  const scanner = new DuplicateScanner(bytes);
  scanner.run();
  return [...scanner.found].map((path) => `duplicate field ${JSON.stringify(path)}`);
}
