/**
 * Fields that stand twice in one JSON object. JSON.parse keeps the last and says nothing, so they are looked for in
 * the bytes: first only counted, in one pass without allocation, and named only when the counts differ.
 * Source of the wording and the path form: sigs.k8s.io/json; of the lines: gopkg.in/yaml.v2.
 */

/** As many as upstream tells of one body. */
const problemsMax = 100;

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const newline = 0x0a;
const blanks: readonly (number | undefined)[] = [0x20, 0x09, newline, 0x0d, colon];

/** The index behind a string that starts at `index` with its quotation mark. */
function skipString(bytes: Uint8Array, index: number): number {
  let at = index + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at + 1;
}

/** Where the value of a field begins whose name ends at `index`. */
function valueAfter(bytes: Uint8Array, index: number): number {
  let at = index;
  while (blanks.includes(bytes[at])) at++;
  return at;
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

/** A field as it stands in the bytes. */
interface SeenField {
  readonly path: string;
  readonly key: string;
  /** It stood in the same object before. */
  readonly again: boolean;
  /** Where its name ends. */
  readonly end: number;
}

/** Tells every field in the order of the bytes. */
class FieldScanner {
  readonly #bytes: Buffer;
  readonly #frames: Frame[] = [];
  readonly #visit: (field: SeenField) => void;

  constructor(bytes: Uint8Array, visit: (field: SeenField) => void) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#visit = visit;
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
    this.#visit({ path: this.#childPath(), key: frame.key, again: frame.seen.has(frame.key), end: to });
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

const hasDuplicates = (bytes: Uint8Array, parsed: unknown): boolean =>
  countFieldsInBytes(bytes) !== countFields(parsed);

const duplicateField = (path: string): string => `duplicate field ${JSON.stringify(path)}`;

/**
 * What stands more than once, in the order of the bytes: `duplicate field "spec.replicas"`. `bytes` is valid JSON,
 * `parsed` what JSON.parse made of it.
 */
export function duplicateFields(bytes: Uint8Array, parsed: unknown): string[] {
  if (!hasDuplicates(bytes, parsed)) return [];
  const found = new Set<string>();
  const visit = ({ path, again }: SeenField) => {
    if (again && found.size < problemsMax) found.add(duplicateField(path));
  };
  new FieldScanner(bytes, visit).run();
  return [...found];
}

/**
 * The same among the fields that the type does not have (`unknown field "spec.foo"`), as Go's decoder finds them: in the
 * order of the bytes, and what is unknown is only that, however often it stands there and whatever is in it.
 */
export function strictProblems(
  bytes: Uint8Array,
  parsed: unknown,
  unknownFields: readonly string[],
): readonly string[] {
  if (!hasDuplicates(bytes, parsed)) return unknownFields;
  const unknown = new Set(unknownFields);
  const found = new Set<string>();
  let inside: string | undefined;
  const visit = ({ path, again }: SeenField) => {
    if (found.size >= problemsMax) return;
    if (inside !== undefined && (path.startsWith(`${inside}.`) || path.startsWith(`${inside}[`))) return;
    inside = undefined;
    const text = `unknown field ${JSON.stringify(path)}`;
    if (unknown.has(text)) {
      inside = path;
      found.add(text);
    } else if (again) found.add(duplicateField(path));
  };
  new FieldScanner(bytes, visit).run();
  return [...found];
}

/** The same of JSON that is read as YAML: `line 5: key "name" already set in map`, the line being that of the value. */
export function duplicateLines(bytes: Uint8Array, parsed: unknown): string[] {
  if (!hasDuplicates(bytes, parsed)) return [];
  const found: string[] = [];
  let line = 1;
  let counted = 0;
  const visit = ({ key, again, end }: SeenField) => {
    if (!again || found.length >= problemsMax) return;
    const value = valueAfter(bytes, end);
    for (; counted < value; counted++) if (bytes[counted] === newline) line++;
    found.push(`line ${line}: key ${JSON.stringify(key)} already set in map`);
  };
  new FieldScanner(bytes, visit).run();
  return found;
}
