/**
 * OpenAPI version 2 as protocol buffers, the form in which client-go asks for it. Field numbers:
 * github.com/google/gnostic-models openapiv2/OpenAPIv2.proto. Only what our documents hold is written.
 */
import type { JsonSchema } from './json-schema.ts';

/** A message under construction: fields in the order in which they are added. */
class Message {
  readonly #parts: Uint8Array[] = [];

  #tag(field: number, wireType: 0 | 2): void {
    this.#varint(field * 8 + wireType);
  }

  #varint(value: number): void {
    const bytes: number[] = [];
    let rest = value;
    while (rest > 127) {
      bytes.push((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    bytes.push(rest);
    this.#parts.push(Uint8Array.from(bytes));
  }

  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, 2);
    this.#varint(value.length);
    this.#parts.push(value);
    return this;
  }

  /** Absent and empty text is not written: it is the default. */
  text(field: number, value: unknown): this {
    return typeof value === 'string' && value !== '' ? this.bytes(field, Buffer.from(value)) : this;
  }

  texts(field: number, values: unknown): this {
    for (const value of (values as string[] | undefined) ?? []) this.bytes(field, Buffer.from(value));
    return this;
  }

  flag(field: number, value: unknown): this {
    if (value !== true) return this;
    this.#tag(field, 0);
    this.#varint(1);
    return this;
  }

  message(field: number, value: Message | undefined): this {
    return value === undefined ? this : this.bytes(field, value.encode());
  }

  encode(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** A named value of a map: field 1 the name, field 2 the value. */
const named = (name: string, value: Message): Message => new Message().text(1, name).message(2, value);

/** Any JSON: field 2 is YAML text, of which JSON is a part. */
const any = (value: unknown): Message => new Message().text(2, `${JSON.stringify(value)}\n`);

function addExtensions(message: Message, field: number, from: JsonSchema): Message {
  for (const [name, value] of Object.entries(from))
    if (name.startsWith('x-')) message.message(field, named(name, any(value)));
  return message;
}

const wrapped = (field: number, value: Message): Message => new Message().message(field, value);

function schemaMessage(schema: JsonSchema): Message {
  const message = new Message()
    .text(1, schema.$ref)
    .text(2, schema.format)
    .text(4, schema.description)
    .texts(19, schema.required);
  for (const value of (schema.enum as unknown[] | undefined) ?? []) message.message(20, any(value));
  if (schema.additionalProperties !== undefined)
    message.message(21, wrapped(1, schemaMessage(schema.additionalProperties as JsonSchema)));
  if (schema.type !== undefined) message.message(22, new Message().text(1, schema.type));
  if (schema.items !== undefined) message.message(23, wrapped(1, schemaMessage(schema.items as JsonSchema)));
  if (schema.properties !== undefined) message.message(25, schemasMessage(schema.properties as JsonSchema));
  return addExtensions(message, 31, schema);
}

function schemasMessage(schemas: JsonSchema): Message {
  const message = new Message();
  for (const [name, schema] of Object.entries(schemas))
    message.message(1, named(name, schemaMessage(schema as JsonSchema)));
  return message;
}

function bodyParameter(parameter: JsonSchema): Message {
  return new Message()
    .text(2, parameter.name)
    .text(3, parameter.in)
    .flag(4, parameter.required)
    .message(5, schemaMessage(parameter.schema as JsonSchema));
}

/** Path and query parameters differ in one field that we do not write and in where the rest then stands. */
function otherParameter(parameter: JsonSchema): Message {
  const isPath = parameter.in === 'path';
  const message = new Message()
    .flag(1, parameter.required)
    .text(2, parameter.in)
    .text(4, parameter.name)
    .text(isPath ? 5 : 6, parameter.type)
    .flag(isPath ? 19 : 20, parameter.uniqueItems);
  return wrapped(isPath ? 4 : 3, message);
}

/** ParametersItem { parameter: Parameter { body_parameter | non_body_parameter } } */
function parameterMessage(parameter: JsonSchema): Message {
  const inner =
    parameter.in === 'body' ? wrapped(1, bodyParameter(parameter)) : wrapped(2, otherParameter(parameter));
  return wrapped(1, inner);
}

function responsesMessage(responses: JsonSchema): Message {
  const message = new Message();
  for (const [code, response] of Object.entries(responses)) {
    const { description, schema } = response as JsonSchema;
    const body = new Message().text(1, description);
    if (schema !== undefined) body.message(2, wrapped(1, schemaMessage(schema as JsonSchema)));
    message.message(1, named(code, wrapped(1, body)));
  }
  return message;
}

function operationMessage(operation: JsonSchema): Message {
  const message = new Message()
    .texts(1, operation.tags)
    .text(3, operation.description)
    .text(5, operation.operationId)
    .texts(6, operation.produces)
    .texts(7, operation.consumes);
  for (const parameter of operation.parameters as JsonSchema[])
    message.message(8, parameterMessage(parameter));
  message.message(9, responsesMessage(operation.responses as JsonSchema)).texts(10, operation.schemes);
  return addExtensions(message, 13, operation);
}

const operationFields: Readonly<Record<string, number>> = { get: 2, put: 3, post: 4, delete: 5, patch: 8 };

function pathItemMessage(item: JsonSchema): Message {
  const message = new Message();
  for (const [method, field] of Object.entries(operationFields))
    if (item[method] !== undefined) message.message(field, operationMessage(item[method] as JsonSchema));
  for (const parameter of (item.parameters as JsonSchema[] | undefined) ?? [])
    message.message(9, parameterMessage(parameter));
  return message;
}

/** One entry of `paths`; entries stand one after the other inside the Paths message. */
export function encodePathEntry(path: string, item: JsonSchema): Buffer {
  return new Message().message(2, named(path, pathItemMessage(item))).encode();
}

/** One entry of `definitions`. */
export function encodeDefinitionEntry(name: string, schema: JsonSchema): Buffer {
  return new Message().message(1, named(name, schemaMessage(schema))).encode();
}

/** The whole document from its encoded entries. */
export function encodeDocument(
  info: { title: string; version: string },
  entries: { paths: readonly Buffer[]; definitions: readonly Buffer[] },
): Buffer {
  return new Message()
    .text(1, '2.0')
    .message(2, new Message().text(1, info.title).text(2, info.version))
    .bytes(8, Buffer.concat(entries.paths))
    .bytes(9, Buffer.concat(entries.definitions))
    .encode();
}
