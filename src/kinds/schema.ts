/**
 * What the API knows about the shape of its objects, read from the generated field facts. Pruning, strict field
 * validation, strategic merge, server-side apply and OpenAPI all look here and nowhere else.
 */
import { WherryError } from '../lib/errors.ts';
import { rawSchemas as kubernetesSchemas } from './generated/schemas.ts';
import { metallbSchemas } from './metallb/schemas.ts';

const rawSchemas: Readonly<Record<string, string>> = { ...kubernetesSchemas, ...metallbSchemas };

export type ScalarName =
  | 'string'
  | 'int32'
  | 'int64'
  | 'number'
  | 'boolean'
  | 'time' // RFC 3339, seconds
  | 'microTime' // RFC 3339, microseconds
  | 'quantity'
  | 'intOrString'
  | 'bytes' // base64
  | 'any'; // free JSON

export type FieldType =
  | { readonly type: ScalarName }
  | { readonly type: 'object'; readonly schema: string }
  | { readonly type: 'list'; readonly of: FieldType }
  | { readonly type: 'map'; readonly of: FieldType };

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly required: boolean;
  /** The Go field is a pointer: a zero value that was sent stays (`replicas: 0`). */
  readonly pointer: boolean;
  /**
   * Go prints the field even when nobody set it: it has no `omitempty`, or it is a struct by value, which
   * `omitempty` does not leave out (`status: {}`, `resources: {}`).
   */
  readonly always: boolean;
  /** Go's name of the type where it is not the plain one: `v1.PullPolicy`. For error messages only. */
  readonly goType?: string;
  /** Strategic merge patch: the key that identifies a list element. */
  readonly patchMergeKey?: string;
  /** Strategic merge patch: `merge`, `replace`, `retainKeys`. */
  readonly patchStrategy?: readonly string[];
  /** Server-side apply; every list has one. */
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  /** Server-side apply: an object or map that has one owner as a whole. */
  readonly mapType?: 'atomic' | 'granular';
}

export interface Schema {
  /** The TypeScript name: `PodSpec`. */
  readonly name: string;
  readonly fields: ReadonlyMap<string, Field>;
  /** Server-side apply: objects of this type have one owner as a whole. */
  readonly atomic: boolean;
}

const scalarCodes: Readonly<Record<string, ScalarName>> = {
  s: 'string',
  i: 'int32',
  l: 'int64',
  n: 'number',
  b: 'boolean',
  t: 'time',
  u: 'microTime',
  q: 'quantity',
  x: 'intOrString',
  B: 'bytes',
  '*': 'any',
};

function parseType(code: string): FieldType {
  if (code.startsWith('[]')) return { type: 'list', of: parseType(code.slice(2)) };
  if (code.startsWith('{}')) return { type: 'map', of: parseType(code.slice(2)) };
  if (code.startsWith('@')) return { type: 'object', schema: code.slice(1) };
  const scalar = scalarCodes[code];
  if (scalar === undefined) throw new WherryError('BAD_SCHEMA_CODE', `unknown type code ${code}`);
  return { type: scalar };
}

type Writable<Type> = { -readonly [key in keyof Type]: Type[key] };

function readFact(field: Writable<Field>, fact: string): void {
  const value = fact.slice(2);
  if (fact === '!') field.required = true;
  else if (fact === 'P') field.pointer = true;
  else if (fact === 'V') field.pointer = false;
  else if (fact === 'A') field.always = true;
  else if (fact === 'O') field.always = false;
  else if (fact.startsWith('G=')) field.goType = value;
  else if (fact.startsWith('k=')) field.patchMergeKey = value;
  else if (fact.startsWith('p=')) field.patchStrategy = value.split(',');
  else if (fact.startsWith('L=')) field.listType = value as 'atomic';
  else if (fact.startsWith('K=')) field.listMapKeys = value.split(',');
  else if (fact.startsWith('M=')) field.mapType = value as 'atomic';
  else throw new WherryError('BAD_SCHEMA_FACT', `unknown fact ${fact} of ${field.name}`);
}

/** A list with a merge key is a map by that key, one that merges without a key is a set, every other list is atomic. */
function completeListType(field: Writable<Field>): void {
  const merges = field.patchStrategy?.includes('merge') === true;
  field.listType ??= merges ? (field.patchMergeKey === undefined ? 'set' : 'map') : 'atomic';
  if (field.listType === 'map' && field.patchMergeKey !== undefined)
    field.listMapKeys ??= [field.patchMergeKey];
}

/**
 * Reads one field: its name, a type code, then facts, divided by blanks.
 * Codes: s string, i int32, l int64, n number, b boolean, t time, u microTime, q quantity, x intOrString,
 * B bytes, * any, @Name object; `[]` before a code is a list, `{}` a map.
 * Facts: `!` required, `P` a pointer in Go, `V` a value (objects are pointers unless this says otherwise), `A` always
 * printed, `O` left out when empty (required fields are always printed unless this says otherwise), `G=v1.Protocol`
 * Go's type name, `k=name` merge key, `p=merge,retainKeys` patch strategy, `L=map` list type, `K=port,protocol` list
 * map keys, `M=atomic` map type. A schema that begins with `@atomic` has one owner as a whole.
 */
function parseField(raw: string): Field {
  const [name, code, ...facts] = raw.split(' ');
  const type = parseType(code as string);
  const field: Writable<Field> = {
    name: name as string,
    type,
    required: facts.includes('!'),
    pointer: type.type === 'object' && !facts.includes('!'),
    always: facts.includes('!') || (type.type === 'object' && facts.includes('V')),
  };
  for (const fact of facts) readFact(field, fact);
  if (type.type === 'list') completeListType(field);
  return field;
}

const parsed = new Map<string, Schema>();

/** The schema of a generated type; parsed at first use. Throws BAD_SCHEMA_NAME for a name that does not exist. */
export function schemaOf(name: string): Schema {
  let schema = parsed.get(name);
  if (schema === undefined) {
    const raw = Object.hasOwn(rawSchemas, name) ? rawSchemas[name] : undefined;
    if (raw === undefined) throw new WherryError('BAD_SCHEMA_NAME', `there is no schema ${name}`);
    const atomic = raw.startsWith('@atomic');
    const parts = raw.split(';').slice(atomic ? 1 : 0);
    const fields = raw === '' ? [] : parts.map(parseField);
    schema = { name, atomic, fields: new Map(fields.map((field) => [field.name, field])) };
    parsed.set(name, schema);
  }
  return schema;
}

/** Every generated type. */
export function schemaNames(): readonly string[] {
  return Object.keys(rawSchemas);
}
