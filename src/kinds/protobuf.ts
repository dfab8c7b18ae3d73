/**
 * Protobuf bodies, as kubectl from 1.32 on and other Go clients send built-in kinds, turned into the shape that JSON has.
 * Pruning, zero values and defaults are decode.ts's, as for JSON: what Go sends unasked (`name: ""`) goes there.
 * Source: k8s.io/apimachinery pkg/runtime/serializer/protobuf (the envelope), pkg/apis/meta/v1 (times), pkg/api/resource
 * and pkg/util/intstr, generated.proto of each.
 */
import { ProtobufError, ProtobufReader, wireTypes } from '../lib/protobuf-reader.ts';
import { setOwn } from './object.ts';
import { type Message, messageOf } from './protobuf-messages.ts';
import type { FieldType } from './schema.ts';

export const protobufMediaType = 'application/vnd.kubernetes.protobuf';

/** Every body begins with `k8s` and a zero byte. */
const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

export interface ProtobufOptions {
  /** Values in the whole body, so that a small body cannot become a big object. More throws ProtobufError. */
  valuesMax?: number;
}

const valuesMaxDefault = 1_000_000;

type Target = Record<string, unknown>;

/** Runs `onField` for each field, which reads the value or leaves it to be skipped by answering false. */
function eachField(
  bytes: Uint8Array,
  onField: (number: number, reader: ProtobufReader, wireType: number) => boolean,
): void {
  const reader = new ProtobufReader(bytes);
  while (!reader.done) {
    const { number, wireType } = reader.key();
    if (!onField(number, reader, wireType)) reader.skip(wireType);
  }
}

/** The one string, or bytes, of a message that is nothing but its field 1: Quantity, RawExtension, FieldsV1. */
function onlyBytes(bytes: Uint8Array): Uint8Array {
  let found: Uint8Array = new Uint8Array();
  eachField(bytes, (number, reader, wireType) => {
    if (number !== 1 || wireType !== wireTypes.bytes) return false;
    found = reader.bytes();
    return true;
  });
  return found;
}

/** Seconds since 1970 that have a year of four digits; RFC 3339 has no others. */
const secondsMin = -62_135_596_800;
const secondsMax = 253_402_300_799;

/** Time and MicroTime { seconds = 1, nanos = 2 }; an empty one is Go's zero time, which JSON shows as null. */
function decodeTime(bytes: Uint8Array, digits: 0 | 6): string | null {
  if (bytes.length === 0) return null;
  let seconds = 0;
  let nanos = 0;
  eachField(bytes, (number, reader, wireType) => {
    if (wireType !== wireTypes.varint || (number !== 1 && number !== 2)) return false;
    if (number === 1) seconds = reader.int64();
    else nanos = reader.int32();
    return true;
  });
  if (seconds < secondsMin || seconds > secondsMax || nanos < 0 || nanos > 999_999_999)
    throw new ProtobufError(`a time is out of range: ${seconds} s and ${nanos} ns`);
  const whole = new Date(seconds * 1000).toISOString().slice(0, -'.000Z'.length);
  return digits === 0 ? `${whole}Z` : `${whole}.${String(nanos).padStart(9, '0').slice(0, digits)}Z`;
}

/** IntOrString { type = 1 (0 int, 1 string), intVal = 2, strVal = 3 } */
function decodeIntOrString(bytes: Uint8Array): number | string {
  let isString = false;
  let integer = 0;
  let text = '';
  eachField(bytes, (number, reader, wireType) => {
    if (number === 1 && wireType === wireTypes.varint) isString = reader.int32() === 1;
    else if (number === 2 && wireType === wireTypes.varint) integer = reader.int32();
    else if (number === 3 && wireType === wireTypes.bytes) text = reader.string();
    else return false;
    return true;
  });
  return isString ? text : integer;
}

function decodeFreeJson(bytes: Uint8Array): unknown {
  const raw = onlyBytes(bytes);
  if (raw.length === 0) return null;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw)) as unknown;
  } catch (error) {
    throw new ProtobufError(`embedded JSON: ${(error as Error).message}`);
  }
}

/** An integer 0, or bytes of length 0. */
const zero = new Uint8Array([0]);

function isVarint(type: FieldType): boolean {
  return type.type === 'int32' || type.type === 'int64' || type.type === 'boolean';
}

class Decoder {
  #valuesLeft: number;

  constructor(valuesMax: number) {
    this.#valuesLeft = valuesMax;
  }

  object(bytes: Uint8Array, schema: string): Target {
    const message = messageOf(schema);
    if (message === undefined) throw new ProtobufError(`${schema} has no protobuf form`);
    const target: Target = {};
    this.#fields(bytes, message, target);
    return target;
  }

  #fields(bytes: Uint8Array, message: Message, target: Target): void {
    eachField(bytes, (number, reader, wireType) => {
      const entry = message.get(number);
      if (entry === undefined) return false;
      if ('inline' in entry) {
        this.#expect(wireType, wireTypes.bytes);
        this.#fields(reader.bytes(), entry.inline, target);
        return true;
      }
      const { name, type } = entry.field;
      if (type.type === 'list')
        this.#listItems(reader, { wireType, of: type.of, list: own(target, name, []) });
      else if (type.type === 'map') this.#mapEntry(reader.bytes(), type.of, own(target, name, {}));
      else target[name] = this.#value(reader, type, wireType);
      return true;
    });
  }

  /** One item, or a packed run of numbers: a decoder must take both. */
  #listItems(reader: ProtobufReader, options: { wireType: number; of: FieldType; list: unknown[] }): void {
    const { wireType, of, list } = options;
    if (!isVarint(of) || wireType !== wireTypes.bytes) {
      list.push(this.#value(reader, of, wireType));
      return;
    }
    const packed = new ProtobufReader(reader.bytes());
    while (!packed.done) list.push(this.#value(packed, of, wireTypes.varint));
  }

  /** A map is a list of { key = 1, value = 2 }; a part that is missing has its zero value. */
  #mapEntry(bytes: Uint8Array, of: FieldType, target: object): void {
    let key = '';
    let value: unknown;
    eachField(bytes, (number, reader, wireType) => {
      if (number === 1 && wireType === wireTypes.bytes) key = reader.string();
      else if (number === 2) value = this.#mapValue(reader, of, wireType);
      else return false;
      return true;
    });
    setOwn(
      target,
      key,
      value ?? this.#mapValue(new ProtobufReader(zero), of, isVarint(of) ? 0 : wireTypes.bytes),
    );
  }

  /** A list as a map's value is a message { items = 1 } of its own (authorization's ExtraValue). */
  #mapValue(reader: ProtobufReader, of: FieldType, wireType: number): unknown {
    if (of.type !== 'list') return this.#value(reader, of, wireType);
    const items: unknown[] = [];
    eachField(reader.bytes(), (number, inner, innerWireType) => {
      if (number !== 1) return false;
      items.push(this.#value(inner, of.of, innerWireType));
      return true;
    });
    return items;
  }

  #value(reader: ProtobufReader, type: FieldType, wireType: number): unknown {
    this.#valuesLeft -= 1;
    if (this.#valuesLeft < 0) throw new ProtobufError('the body has too many values');
    if (type.type === 'number') {
      if (wireType === wireTypes.fixed64) return reader.double();
      this.#expect(wireType, wireTypes.varint);
      return reader.int64();
    }
    this.#expect(wireType, isVarint(type) ? wireTypes.varint : wireTypes.bytes);
    switch (type.type) {
      case 'int32':
        return reader.int32();
      case 'int64':
        return reader.int64();
      case 'boolean':
        return reader.int32() !== 0;
      case 'string':
        return reader.string();
      case 'bytes':
        return Buffer.from(reader.bytes()).toString('base64');
      case 'time':
        return decodeTime(reader.bytes(), 0);
      case 'microTime':
        return decodeTime(reader.bytes(), 6);
      case 'quantity':
        return Buffer.from(onlyBytes(reader.bytes())).toString('utf8');
      case 'intOrString':
        return decodeIntOrString(reader.bytes());
      case 'any':
        return decodeFreeJson(reader.bytes());
      case 'object':
        return this.object(reader.bytes(), type.schema);
      default:
        throw new ProtobufError(`a ${type.type} cannot stand here`);
    }
  }

  #expect(wireType: number, wanted: number): void {
    if (wireType !== wanted) throw new ProtobufError(`wire type ${wireType} where ${wanted} is wanted`);
  }
}

/** The list or map of a repeated field, made at its first item. */
function own<Value>(target: Target, name: string, empty: Value): Value {
  if (!Object.hasOwn(target, name)) target[name] = empty;
  return target[name] as Value;
}

/** runtime.Unknown { typeMeta = 1 { apiVersion = 1, kind = 2 }, raw = 2, contentEncoding = 3, contentType = 4 } */
function readEnvelope(body: Uint8Array): { apiVersion: string; kind: string; raw: Uint8Array } {
  if (!magic.equals(body.subarray(0, magic.length)))
    throw new ProtobufError('the body does not begin with the prefix of Kubernetes protobuf');
  const envelope = { apiVersion: '', kind: '', raw: new Uint8Array() as Uint8Array };
  eachField(body.subarray(magic.length), (number, reader, wireType) => {
    if (wireType !== wireTypes.bytes || (number !== 1 && number !== 2)) return false;
    if (number === 2) envelope.raw = reader.bytes();
    else
      eachField(reader.bytes(), (inner, typeReader, innerWireType) => {
        if (innerWireType !== wireTypes.bytes || (inner !== 1 && inner !== 2)) return false;
        envelope[inner === 1 ? 'apiVersion' : 'kind'] = typeReader.string();
        return true;
      });
    return true;
  });
  return envelope;
}

/** What the body says it is, before it is read as such. Throws ProtobufError. */
export function protobufTypeOf(body: Uint8Array): { apiVersion: string; kind: string } {
  const { apiVersion, kind } = readEnvelope(body);
  return { apiVersion, kind };
}

/**
 * A whole body as an object of `schema` (`Deployment`, `DeleteOptions`), in the shape that parsed JSON would have, with
 * the `apiVersion` and `kind` of its envelope. Throws ProtobufError.
 */
export function decodeProtobuf(
  body: Uint8Array,
  schema: string,
  { valuesMax = valuesMaxDefault }: ProtobufOptions = {},
): Record<string, unknown> {
  const { apiVersion, kind, raw } = readEnvelope(body);
  return { apiVersion, kind, ...new Decoder(valuesMax).object(raw, schema) };
}
