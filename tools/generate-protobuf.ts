/**
 * Reads protobuf field numbers from the descriptors that a kubectl up to 1.33 carries (gzipped FileDescriptorProtos of
 * k8s.io/api and k8s.io/apimachinery) and writes src/kinds/generated/protobuf.ts.
 * Run: node tools/generate-protobuf.ts <kubectl>
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { rawDefinitions } from '../src/kinds/generated/definitions.ts';
import { rawSchemas } from '../src/kinds/generated/schemas.ts';
import { earlierPackages, laterFields } from './protobuf-facts.ts';

interface MessageField {
  name: string;
  number: number;
  /** Full name of the message type; empty for scalars. */
  typeName: string;
}

type Messages = Map<string, MessageField[]>;

/** The fields of a message of which nothing is known: number and bytes or integer. */
function* rawFields(bytes: Buffer): Generator<[number, Buffer | number]> {
  let at = 0;
  const varint = () => {
    let result = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('truncated');
      result += (byte & 127) * factor;
      if (byte < 128) return result;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    if (key % 8 === 0) yield [number, varint()];
    else if (key % 8 === 2) {
      const length = varint();
      if (at + length > bytes.length) throw new Error('truncated');
      yield [number, bytes.subarray(at, at + length)];
      at += length;
    } else throw new Error('not a descriptor');
  }
}

/** Field numbers of descriptor.proto: FieldDescriptorProto { name = 1, number = 3, type_name = 6 }. */
function readField(bytes: Buffer): MessageField {
  const field: MessageField = { name: '', number: 0, typeName: '' };
  for (const [number, value] of rawFields(bytes)) {
    if (number === 1) field.name = String(value);
    if (number === 3) field.number = Number(value);
    if (number === 6) field.typeName = String(value).replace(/^\./, '');
  }
  return field;
}

/** DescriptorProto { name = 1, field = 2, nested_type = 3 }. */
function readMessage(bytes: Buffer, scope: string, messages: Messages): void {
  const parts = [...rawFields(bytes)];
  const name = `${scope}.${parts.find(([number]) => number === 1)?.[1]}`;
  const fields = parts.filter(([number]) => number === 2).map(([, value]) => readField(value as Buffer));
  messages.set(name, fields);
  for (const [number, value] of parts) if (number === 3) readMessage(value as Buffer, name, messages);
}

/** FileDescriptorProto { package = 2, message_type = 4 }. */
function readMessages(program: Buffer): Messages {
  const messages: Messages = new Map();
  const magic = Buffer.from([0x1f, 0x8b, 0x08]);
  const fileLengthMax = 256 * 1024;
  for (let at = program.indexOf(magic); at >= 0; at = program.indexOf(magic, at + 1)) {
    let file: Buffer;
    try {
      file = gunzipSync(program.subarray(at, at + fileLengthMax), { finishFlush: 2 });
      const parts = [...rawFields(file)];
      const scope = String(parts.find(([number]) => number === 2)?.[1]);
      if (!scope.startsWith('k8s.io.')) continue;
      for (const [number, value] of parts) if (number === 4) readMessage(value as Buffer, scope, messages);
    } catch {
      // Other gzipped data, or bytes that only look like it.
    }
  }
  return messages;
}

/** `metadata spec 4=immutable`: a number only where it is not one more than the one before. */
function formatFields(fields: readonly { number: number; name: string }[]): string {
  let next = 1;
  return fields
    .toSorted((a, b) => a.number - b.number)
    .map(({ number, name }) => {
      const text = number === next ? name : `${number}=${name}`;
      next = number + 1;
      return text;
    })
    .join(' ');
}

function schemaFields(schema: string): string[] {
  return (rawSchemas[schema] ?? '').split(';').map((field) => field.split(' ')[0] ?? '');
}

/**
 * The line of a message. A message field whose name the JSON shape does not have is embedded in Go: its own fields are
 * the outer object's, and it gets a line of its own, named `~Message`.
 */
function describeMessage(
  message: string,
  names: readonly string[],
  context: { messages: Messages; lines: Map<string, string> },
): string {
  const fields = (context.messages.get(message) ?? []).flatMap(({ name, number, typeName }) => {
    const known = names.find((each) => each.toLowerCase() === name.toLowerCase());
    if (known !== undefined) return [{ number, name: known }];
    if (!context.messages.has(typeName)) return [];
    const inline = `~${typeName.split('.').at(-1)}`;
    context.lines.set(inline, describeMessage(typeName, names, context));
    return [{ number, name: inline }];
  });
  return formatFields(fields);
}

function main(kubectl: string): void {
  const messages = readMessages(readFileSync(kubectl));
  const lines = new Map<string, string>();
  for (const [scope, entries] of Object.entries(rawDefinitions)) {
    const ofPackage = scope.replace(/^io\.k8s\./, 'k8s.io.');
    for (const entry of entries.split(' ')) {
      const [schema = '', theirs = schema] = entry.split('=');
      const message = [ofPackage, ...(earlierPackages[ofPackage] ?? [])]
        .map((each) => `${each}.${theirs}`)
        .find((each) => messages.has(each));
      if (message === undefined) continue;
      lines.set(schema, describeMessage(message, schemaFields(schema), { messages, lines }));
    }
  }
  for (const [schema, fields] of Object.entries(laterFields)) {
    lines.set(schema, [lines.get(schema) ?? '', fields].join(' ').trim());
  }
  const body = [...lines]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([schema, fields]) => `  ${/^\w+$/.test(schema) ? schema : `'${schema}'`}: '${fields}',\n`)
    .join('');
  const text = `// Written by tools/generate-protobuf.ts from kubectl 1.33's descriptors; do not edit.

/** Field numbers by schema, \`~Message\` for what Go embeds. Read by ../protobuf-messages.ts. */
export const rawMessages: Readonly<Record<string, string>> = {
${body}};
`;
  writeFileSync(path.join(import.meta.dirname, '../src/kinds/generated/protobuf.ts'), text);
  console.log(`${lines.size} messages`);
}

const [kubectl] = process.argv.slice(2);
if (kubectl === undefined)
  throw new Error('name a kubectl up to 1.33: node tools/generate-protobuf.ts <kubectl>');
main(kubectl);
