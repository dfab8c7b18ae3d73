/**
 * Reads OpenAPI version 2 from protocol buffers, for tests: written apart from the encoder, from the table of messages
 * in github.com/google/gnostic-models openapiv2/OpenAPIv2.proto.
 */

type Fields = Map<number, (number | Buffer)[]>;

function readVarint(bytes: Buffer, at: number): [value: number, next: number] {
  let value = 0;
  let next = at;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes.readUInt8(next++);
    value += (byte % 128) * factor;
    if (byte < 128) return [value, next];
  }
}

function readFields(bytes: Buffer): Fields {
  const fields: Fields = new Map();
  for (let at = 0; at < bytes.length; ) {
    const [tag, afterTag] = readVarint(bytes, at);
    const [number, afterNumber] = readVarint(bytes, afterTag);
    const isBytes = tag % 8 === 2;
    at = isBytes ? afterNumber + number : afterNumber;
    const field = Math.floor(tag / 8);
    fields.set(field, [...(fields.get(field) ?? []), isBytes ? bytes.subarray(afterNumber, at) : number]);
  }
  return fields;
}

type Reader = (values: (number | Buffer)[]) => unknown;
type Table = Readonly<Record<number, readonly [name: string, read: Reader]>>;

const text: Reader = (values) => String(values[0]);
const texts: Reader = (values) => values.map(String);
const flag: Reader = (values) => values[0] === 1;
const any = (bytes: Buffer): unknown => JSON.parse(String(readFields(bytes).get(2)?.[0]));

/** Steps through messages that hold one field each. */
function through(bytes: Buffer, ...fields: number[]): Buffer {
  return fields.reduce((inner, field) => readFields(inner).get(field)?.[0] as Buffer, bytes);
}

const one =
  (read: (bytes: Buffer) => unknown, ...fields: number[]): Reader =>
  (values) =>
    read(through(values[0] as Buffer, ...fields));

const many =
  (read: (bytes: Buffer) => unknown): Reader =>
  (values) =>
    values.map((value) => read(value as Buffer));

/** Repeated { name, value } as an object. */
const named =
  (read: (bytes: Buffer) => unknown): Reader =>
  (values) =>
    Object.fromEntries(
      values.map((value) => {
        const fields = readFields(value as Buffer);
        return [String(fields.get(1)?.[0]), read((fields.get(2)?.[0] ?? Buffer.alloc(0)) as Buffer)];
      }),
    );

/** Reads a message by its table; the field `...` is spread into the result. */
function message(table: Table): (bytes: Buffer) => Record<string, unknown> {
  return (bytes) => {
    const result: Record<string, unknown> = {};
    for (const [field, values] of readFields(bytes)) {
      const [name, read] = table[field] ?? [`field ${field}`, () => 'is not in the table'];
      if (name === '...') Object.assign(result, read(values));
      else result[name] = read(values);
    }
    return result;
  };
}

const schema = (bytes: Buffer): Record<string, unknown> =>
  message({
    1: ['$ref', text],
    2: ['format', text],
    4: ['description', text],
    19: ['required', texts],
    20: ['enum', many(any)],
    21: ['additionalProperties', one(schema, 1)],
    22: ['type', one(String, 1)],
    23: ['items', one(schema, 1)],
    25: ['properties', one((inner) => named(schema)(readFields(inner).get(1) ?? []))],
    31: ['...', named(any)],
  })(bytes);

const body = message({
  2: ['name', text],
  3: ['in', text],
  4: ['required', flag],
  5: ['schema', one(schema)],
});
const inQuery = message({ 2: ['in', text], 4: ['name', text], 6: ['type', text], 20: ['uniqueItems', flag] });
const inPath = message({
  1: ['required', flag],
  2: ['in', text],
  4: ['name', text],
  5: ['type', text],
  19: ['uniqueItems', flag],
});

function parameter(bytes: Buffer): unknown {
  const kind = readFields(through(bytes, 1));
  if (kind.has(1)) return body(kind.get(1)?.[0] as Buffer);
  const other = readFields(kind.get(2)?.[0] as Buffer);
  return other.has(3) ? inQuery(other.get(3)?.[0] as Buffer) : inPath(other.get(4)?.[0] as Buffer);
}

const response = message({ 1: ['description', text], 2: ['schema', one(schema, 1)] });

const operation = message({
  1: ['tags', texts],
  3: ['description', text],
  5: ['operationId', text],
  6: ['produces', texts],
  7: ['consumes', texts],
  8: ['parameters', many(parameter)],
  9: [
    'responses',
    one((inner) => named((value) => response(through(value, 1)))(readFields(inner).get(1) ?? [])),
  ],
  10: ['schemes', texts],
  13: ['...', named(any)],
});

const pathItem = (bytes: Buffer): Record<string, unknown> => ({
  ...message({
    2: ['get', one(operation)],
    3: ['put', one(operation)],
    4: ['post', one(operation)],
    5: ['delete', one(operation)],
    8: ['patch', one(operation)],
    9: ['parameters', many(parameter)],
  })(bytes),
});

/** An operation without parameters has an empty list in JSON. */
function completeOperations(paths: Record<string, Record<string, unknown>>): unknown {
  for (const item of Object.values(paths))
    for (const [method, value] of Object.entries(item))
      if (method !== 'parameters') (value as Record<string, unknown>).parameters ??= [];
  return paths;
}

/** The document as JSON would say it. */
export function decodeDocument(bytes: Buffer): Record<string, unknown> {
  return message({
    1: ['swagger', text],
    2: ['info', one(message({ 1: ['title', text], 2: ['version', text] }))],
    8: [
      'paths',
      one((inner) =>
        completeOperations(
          named(pathItem)(readFields(inner).get(2) ?? []) as Record<string, Record<string, unknown>>,
        ),
      ),
    ],
    9: ['definitions', one((inner) => named(schema)(readFields(inner).get(1) ?? []))],
  })(bytes);
}
