/**
 * What the API knows about the shape of its objects, read from the generated field facts. Pruning, strict field
 * validation, strategic merge, server-side apply and OpenAPI all look here and nowhere else.
 */
import { WherryError } from '../lib/errors.ts';
import { rawSchemas } from './generated/schemas.ts';

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
  /** Strategic merge patch: the key that identifies a list element. */
  readonly patchMergeKey?: string;
  /** Strategic merge patch: `merge`, `replace`, `retainKeys`. */
  readonly patchStrategy?: readonly string[];
  /** Server-side apply. */
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
}

export interface Schema {
  /** The TypeScript name: `PodSpec`. */
  readonly name: string;
  readonly fields: ReadonlyMap<string, Field>;
}

/**
 * A raw field: a type code, then facts after blanks.
 * Codes: s string, i int32, l int64, n number, b boolean, t time, u microTime, q quantity, x intOrString,
 * B bytes, * any, @Name object; `[]` before a code is a list, `{}` a map. Facts: `!` required, `k=name` merge key,
 * `p=merge,retainKeys` patch strategy, `L=map` list type, `K=port,protocol` list map keys.
 */
export type RawSchema = Readonly<Record<string, string>>;

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

function parseField(name: string, raw: string): Field {
  const [code, ...facts] = raw.split(' ');
  const field: { -readonly [key in keyof Field]: Field[key] } = {
    name,
    type: parseType(code as string),
    required: false,
  };
  for (const fact of facts) {
    if (fact === '!') field.required = true;
    else if (fact.startsWith('k=')) field.patchMergeKey = fact.slice(2);
    else if (fact.startsWith('p=')) field.patchStrategy = fact.slice(2).split(',');
    else if (fact.startsWith('L=')) field.listType = fact.slice(2) as 'atomic';
    else if (fact.startsWith('K=')) field.listMapKeys = fact.slice(2).split(',');
  }
  return field;
}

const parsed = new Map<string, Schema>();

/** The schema of a generated type; parsed at first use. Throws BAD_SCHEMA_NAME for a name that does not exist. */
export function schemaOf(name: string): Schema {
  let schema = parsed.get(name);
  if (schema === undefined) {
    const raw = Object.hasOwn(rawSchemas, name) ? rawSchemas[name] : undefined;
    if (raw === undefined) throw new WherryError('BAD_SCHEMA_NAME', `there is no schema ${name}`);
    schema = {
      name,
      fields: new Map(Object.entries(raw).map(([field, code]) => [field, parseField(field, code)])),
    };
    parsed.set(name, schema);
  }
  return schema;
}
