/** Field numbers of the generated types. */
import { WherryError } from '../lib/errors.ts';
import { rawMessages } from './generated/protobuf.ts';
import { type Field, schemaOf } from './schema.ts';

/** By field number: a field of the JSON shape, or a message whose fields belong to the outer object. */
export type Message = ReadonlyMap<number, { field: Field } | { inline: Message }>;

const parsed = new Map<string, Message>();

/** Reads `metadata spec 4=immutable ~VolumeSource`: a number is one more than the one before unless it is given. */
function parseMessage(raw: string, fields: ReadonlyMap<string, Field>): Message {
  const message = new Map<number, { field: Field } | { inline: Message }>();
  let number = 0;
  for (const part of raw.split(' ').filter((each) => each !== '')) {
    const [, explicit, name = ''] = /^(?:(\d+)=)?(.*)$/.exec(part) ?? [];
    number = explicit === undefined ? number + 1 : Number(explicit);
    const field = fields.get(name);
    const inline = Object.hasOwn(rawMessages, name) ? rawMessages[name] : undefined;
    if (field !== undefined) message.set(number, { field });
    else if (name.startsWith('~') && inline !== undefined)
      message.set(number, { inline: parseMessage(inline, fields) });
    else throw new WherryError('BAD_PROTOBUF_TABLE', `there is no field ${name}`);
  }
  return message;
}

/** Parsed at first use. Undefined for types that upstream does not send as protobuf. */
export function messageOf(schema: string): Message | undefined {
  let message = parsed.get(schema);
  if (message === undefined) {
    const raw = Object.hasOwn(rawMessages, schema) ? rawMessages[schema] : undefined;
    if (raw === undefined) return undefined;
    message = parseMessage(raw, schemaOf(schema).fields);
    parsed.set(schema, message);
  }
  return message;
}
