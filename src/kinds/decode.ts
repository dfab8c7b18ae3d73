/**
 * From parsed JSON to an object of a kind, as a trip through Go's structs would leave it. Source of rules and wording:
 * encoding/json, sigs.k8s.io/json, k8s.io/apimachinery.
 *
 * The rule for what stays, from the facts of the Go fields (`Field.pointer`, `Field.always`):
 * - null is the same as absent; inside lists and maps it is the zero value of their elements.
 * - A field with `omitempty` that is no pointer goes when it is empty: "", 0, false, [], {} of a map.
 * - Pointers stay with what was sent (`replicas: 0`), and so do structs, however empty (`emptyDir: {}`).
 * - Times, quantities, int-or-strings and free JSON are structs: they stay.
 * - A required field that is absent is there afterwards with its zero value ("" for a name, [] for containers), and so
 *   is a struct by value (`resources: {}`, `status: {}`). So the generated types tell the truth. Required times and
 *   pointers stay absent.
 * `completeObject` adds the rest of what Go prints unasked (`targetPort: 0`, `lastProbeTime: null`, `rules: null`); it runs last, after
 * defaults, because they ask whether such a field is there.
 * Where this differs from Go: an empty list that the types call required prints as [], not null; JSON numbers above 2^53 have lost digits
 * before they come here; a field that stands twice is the last one, not the two merged.
 */
import { DecodeError, jsonKind } from './decode-error.ts';
import {
  decodeBase64,
  decodeIntOrString,
  decodeMicroTime,
  decodeQuantity,
  decodeTime,
  int32Max,
  int32Min,
} from './decode-scalars.ts';
import { goTypeOf } from './definitions.ts';
import { setOwn } from './object.ts';
import { type Field, type FieldType, type Schema, schemaOf } from './schema.ts';

export interface DecodeOptions {
  /** Objects and lists inside each other, free JSON not counted. Deeper input throws a DecodeError. */
  depthMax?: number;
}

export interface Decoded<Type = Record<string, unknown>> {
  object: Type;
  /** `unknown field "spec.foo"`, in the order of the input; at most 100, as upstream. They are not in `object`. */
  unknownFields: string[];
}

const depthMaxDefault = 128;
const unknownFieldsMax = 100;
const int64Limit = 2 ** 63;

type Target = Record<string, unknown>;

const requiredFields = new WeakMap<Schema, readonly Field[]>();

/** Fields that are there after decoding, whether they were sent or not. */
function completedFields(schema: Schema): readonly Field[] {
  let fields = requiredFields.get(schema);
  if (fields === undefined) {
    fields = [...schema.fields.values()].filter(isCompleted);
    requiredFields.set(schema, fields);
  }
  return fields;
}

function isCompleted(field: Field): boolean {
  const { type } = field.type;
  if (!field.always || field.pointer) return false;
  if (type === 'object') return true;
  return field.required && type !== 'time' && type !== 'microTime' && type !== 'any' && type !== 'bytes';
}

/** Whether Go's `omitempty` leaves this value out. */
function isEmpty(value: unknown, type: FieldType): boolean {
  switch (type.type) {
    case 'string':
    case 'bytes':
      return value === '';
    case 'int32':
    case 'int64':
    case 'number':
      return value === 0;
    case 'boolean':
      return value === false;
    case 'list':
      return (value as unknown[]).length === 0;
    case 'map':
      return Object.keys(value as object).length === 0;
    default:
      return false;
  }
}

/** Go's zero value of a type, in JSON. */
function zeroOf(type: FieldType): unknown {
  switch (type.type) {
    case 'string':
    case 'bytes':
      return '';
    case 'boolean':
      return false;
    case 'quantity':
      return '0';
    case 'list':
      return [];
    case 'map':
      return {};
    case 'object':
      return zeroObject(schemaOf(type.schema));
    case 'time':
    case 'microTime':
    case 'any':
      return null;
    default:
      return 0;
  }
}

function zeroObject(schema: Schema): Target {
  const object: Target = {};
  for (const field of completedFields(schema)) object[field.name] = zeroOf(field.type);
  return object;
}

const plainGoTypes: Readonly<Record<string, string>> = {
  string: 'string',
  int32: 'int32',
  int64: 'int64',
  number: 'float64',
  boolean: 'bool',
  time: 'v1.Time',
  microTime: 'v1.MicroTime',
  quantity: 'resource.Quantity',
  intOrString: 'intstr.IntOrString',
  bytes: '[]uint8',
  any: 'runtime.RawExtension',
};

/** How Go prints a type: `[]v1.Container`. `named` is the name of a named type where the field has one. */
function goTypeText(type: FieldType, named: string | undefined): string {
  if (named !== undefined) return named;
  if (type.type === 'list') return `[]${goTypeText(type.of, undefined)}`;
  if (type.type === 'map') return `map[string]${goTypeText(type.of, undefined)}`;
  if (type.type === 'object') {
    const go = goTypeOf(type.schema);
    return `${go.package}.${go.name}`;
  }
  return plainGoTypes[type.type] as string;
}

/** The Go text of `type`, which stands somewhere inside the type of `field`. */
function goTypeInside(field: Field, type: FieldType): string {
  let named = field.goType;
  let at = field.type;
  while (at !== type && (at.type === 'list' || at.type === 'map')) {
    named =
      named?.startsWith('[]') || named?.startsWith('map[') ? named.slice(named.indexOf(']') + 1) : undefined;
    at = at.of;
  }
  return goTypeText(type, named);
}

class Decoder {
  readonly unknownFields = new Set<string>();
  /** Go goes on after a mismatch and reports the first; a fault in a time or quantity ends it at once. */
  mismatch: string | undefined;
  readonly #depthMax: number;
  /** Steps down to the current place: field names, indices, and map keys wrapped in a list. */
  readonly #steps: (string | number | [string])[] = [];
  #depth = 0;
  #field: Field | undefined;
  #schema: Schema;

  constructor(schema: Schema, depthMax: number) {
    this.#schema = schema;
    this.#depthMax = depthMax;
  }

  #addUnknown(): void {
    if (this.unknownFields.size >= unknownFieldsMax) return;
    let path = '';
    for (const step of this.#steps.slice(0, this.#depth))
      path += typeof step === 'number' ? `[${step}]` : `${path === '' ? '' : '.'}${step}`;
    this.unknownFields.add(`unknown field ${JSON.stringify(path)}`);
  }

  #mismatch(found: string, type: FieldType): undefined {
    if (this.mismatch !== undefined) return;
    const go = goTypeOf(this.#schema.name);
    const fields = this.#steps.slice(0, this.#depth).filter((step) => typeof step === 'string');
    const target =
      this.#field === undefined
        ? `value of type ${go.package}.${go.name}`
        : `struct field ${go.name}.${fields.join('.')} of type ${goTypeInside(this.#field, type)}`;
    this.mismatch = `json: cannot unmarshal ${found} into Go ${target}`;
  }

  #enter(step: string | number | [string]): void {
    if (this.#depth >= this.#depthMax) throw new DecodeError('exceeded max depth');
    this.#steps[this.#depth++] = step;
  }

  object(input: unknown, type: FieldType & { type: 'object' }): Target | undefined {
    if (typeof input !== 'object' || input === null || Array.isArray(input))
      return this.#mismatch(jsonKind(input), type);
    const schema = schemaOf(type.schema);
    const outerField = this.#field;
    const outerSchema = this.#schema;
    const result: Target = {};
    for (const key of Object.keys(input)) {
      const value = (input as Target)[key];
      if (value === undefined) continue;
      const field = schema.fields.get(key);
      this.#enter(key);
      if (field === undefined) this.#addUnknown();
      else if (value !== null) {
        this.#field = field;
        this.#schema = schema;
        const decoded = this.value(value, field.type);
        if (decoded !== undefined && (field.pointer || field.always || !isEmpty(decoded, field.type)))
          result[key] = decoded;
      }
      this.#depth -= 1;
    }
    for (const field of completedFields(schema))
      if (result[field.name] === undefined) result[field.name] = zeroOf(field.type);
    this.#field = outerField;
    this.#schema = outerSchema;
    return result;
  }

  #list(input: unknown, type: FieldType & { type: 'list' }): unknown[] | undefined {
    if (!Array.isArray(input)) return this.#mismatch(jsonKind(input), type);
    const result: unknown[] = [];
    for (let index = 0; index < input.length; index++) {
      this.#enter(index);
      const item: unknown = input[index];
      result.push(this.#element(item, type.of));
      this.#depth -= 1;
    }
    return result;
  }

  #map(input: unknown, type: FieldType & { type: 'map' }): Target | undefined {
    if (typeof input !== 'object' || Array.isArray(input)) return this.#mismatch(jsonKind(input), type);
    const result: Target = {};
    for (const key of Object.keys(input as object)) {
      this.#enter([key]);
      const item = (input as Target)[key];
      if (item !== undefined) setOwn(result, key, this.#element(item, type.of));
      this.#depth -= 1;
    }
    return result;
  }

  #element(item: unknown, type: FieldType): unknown {
    if (item === null || item === undefined) return zeroOf(type);
    return this.value(item, type) ?? zeroOf(type);
  }

  #integer(value: unknown, type: FieldType): number | undefined {
    if (typeof value !== 'number') return this.#mismatch(jsonKind(value), type);
    const fits =
      type.type === 'int32'
        ? value >= int32Min && value <= int32Max
        : value >= -int64Limit && value < int64Limit;
    return fits && Number.isInteger(value) ? value : this.#mismatch(`number ${value}`, type);
  }

  #bytes(value: unknown, type: FieldType): string | undefined {
    if (typeof value !== 'string') return this.#mismatch(jsonKind(value), type);
    try {
      return decodeBase64(value);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.mismatch ??= error.message;
      return undefined;
    }
  }

  /** `value` is neither null nor undefined. Answers undefined after a mismatch. */
  value(value: unknown, type: FieldType): unknown {
    switch (type.type) {
      case 'string':
        return typeof value === 'string' ? value : this.#mismatch(jsonKind(value), type);
      case 'object':
        return this.object(value, type);
      case 'list':
        return this.#list(value, type);
      case 'map':
        return this.#map(value, type);
      case 'int32':
      case 'int64':
        return this.#integer(value, type);
      case 'number':
        return typeof value === 'number' ? value : this.#mismatch(jsonKind(value), type);
      case 'boolean':
        return typeof value === 'boolean' ? value : this.#mismatch(jsonKind(value), type);
      case 'quantity':
        return decodeQuantity(value);
      case 'intOrString':
        return decodeIntOrString(value);
      case 'time':
        return decodeTime(value);
      case 'microTime':
        return decodeMicroTime(value);
      case 'bytes':
        return this.#bytes(value, type);
      case 'any':
        return value;
    }
  }
}

/**
 * Decodes parsed JSON as a generated type. The result is a copy, free JSON excepted, which is shared with the input.
 * Throws DecodeError (see `cannotBeHandled` for the whole text of the 400).
 */
export function decodeObject<Type = Record<string, unknown>>(
  input: unknown,
  schemaName: string,
  options: DecodeOptions = {},
): Decoded<Type> {
  const decoder = new Decoder(schemaOf(schemaName), options.depthMax ?? depthMaxDefault);
  const object = decoder.object(input, { type: 'object', schema: schemaName });
  if (decoder.mismatch !== undefined) throw new DecodeError(decoder.mismatch);
  return { object: object as Type, unknownFields: [...decoder.unknownFields] };
}

interface Late {
  /** Fields that Go prints though nobody set them, beyond those that decoding completes. */
  readonly add: readonly Field[];
  /** Fields below which there may be such fields. */
  readonly descend: readonly Field[];
}

const latePlans = new Map<string, Late>();

const innermost = (type: FieldType): FieldType =>
  type.type === 'list' || type.type === 'map' ? innermost(type.of) : type;

/** What Go prints for a field that has nothing: null for pointers, lists, maps and times. */
function nothingOf(field: Field): unknown {
  const { type } = field.type;
  return field.pointer || type === 'list' || type === 'map' ? null : zeroOf(field.type);
}

/** Required lists and maps stay lists and maps, since the generated types say so. */
function isLate(field: Field): boolean {
  const { type } = field.type;
  return field.always && (field.pointer || !field.required || (type !== 'list' && type !== 'map'));
}

const hasNothing = (value: unknown): boolean =>
  value === undefined || (Array.isArray(value) && value.length === 0);

/** A type that contains itself is descended into, which costs time and no more. */
function lateOf(name: string): Late {
  const known = latePlans.get(name);
  if (known !== undefined) return known;
  const schema = schemaOf(name);
  const descend: Field[] = [];
  const late: Late = { add: [...schema.fields.values()].filter(isLate), descend };
  latePlans.set(name, late);
  for (const field of schema.fields.values()) {
    const type = innermost(field.type);
    if (type.type !== 'object') continue;
    const below = lateOf(type.schema);
    if (type.schema === name || below.add.length > 0 || below.descend.length > 0) descend.push(field);
  }
  return late;
}

function completeItems(items: object, of: FieldType): void {
  if (Array.isArray(items)) for (const item of items) completeBelow(item, of);
  else for (const item of Object.values(items)) completeBelow(item, of);
}

function completeBelow(value: unknown, type: FieldType): void {
  if (typeof value !== 'object' || value === null) return;
  if (type.type === 'object') completeObject(value as Target, type.schema);
  else if (type.type === 'list' || type.type === 'map') completeItems(value, type.of);
}

/**
 * Adds, in place, what Go prints of an object though nobody set it: `lastProbeTime: null` of a pod's condition,
 * `divisor: "0"`, `endpoints: null` of an empty EndpointSlice, `status: {}` of what the server made itself. Runs after defaults, before encoding. Idempotent.
 */
export function completeObject(object: Target, schemaName: string): void {
  const { add, descend } = lateOf(schemaName);
  for (const field of add) if (hasNothing(object[field.name])) object[field.name] = nothingOf(field);
  for (const field of descend) completeBelow(object[field.name], field.type);
}
