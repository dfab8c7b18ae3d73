/** A request body as an object of the kind it should be: bounded, parsed, typed, pruned, defaulted. */
import { completeObject, decodeObject } from '../../kinds/decode.ts';
import { strictProblems } from '../../kinds/decode-duplicates.ts';
import { cannotBeHandled, DecodeError, strictDecodingError } from '../../kinds/decode-error.ts';
import type { Kind } from '../../kinds/kind.ts';
import { type AnyObject, apiVersionOf } from '../../kinds/object.ts';
import { decodeProtobuf, protobufMediaType } from '../../kinds/protobuf.ts';
import {
  badRequestError,
  type StatusError,
  tooLargeError,
  unsupportedMediaTypeError,
} from '../../kinds/status.ts';
import { jsonElementsMax, scanJson } from '../../lib/json-scan.ts';
import { ProtobufError } from '../../lib/protobuf-reader.ts';
import type { ResourceRequest } from '../context.ts';
import { goJsonName, jsonProblem } from '../go-json.ts';
import { warningsMax } from './limits.ts';
import { nextTurn } from './turn.ts';
import type { FieldValidation } from './write-options.ts';

const acceptedTypes = ['application/json', 'application/yaml', protobufMediaType];

/** Throws 415. */
export function mediaTypeOf(request: ResourceRequest): 'json' | 'yaml' | 'protobuf' {
  const header = request.request.headers['content-type'] ?? '';
  // No header is JSON; a header without a type is no media type.
  const type = header === '' ? 'application/json' : header.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/json') return 'json';
  if (type === 'application/yaml') return 'yaml';
  if (type === protobufMediaType) return 'protobuf';
  throw unsupportedMediaTypeError(acceptedTypes);
}

const openBrace = 0x7b;

/** How much of a body is shown to whoever sent it. */
const shownBytes = 30;

/** As upstream's summarizeData: JSON as it is, anything else in hexadecimal. */
function summaryOf(body: Uint8Array): string {
  if (body.length === 0) return '<empty>';
  const shown = Buffer.from(body.subarray(0, shownBytes)).toString(body[0] === openBrace ? 'utf8' : 'hex');
  return body.length > shownBytes ? `${shown} ...` : shown;
}

const unreadable = (kind: Kind, body: Uint8Array, why: string) =>
  badRequestError(
    `the object provided is unrecognized (must be of type ${kind.kind}): ${why} (${summaryOf(body)})`,
  );

const noType = "couldn't get version/kind; json parse error: ";

/** One for all bodies: making one takes longer than decoding a small body. Each call of decode stands for itself. */
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Parses JSON after its depth and size in elements were checked. Throws 400 as `describe` words it, JsonLimitError (413). */
export function parseJsonBody(body: Uint8Array, describe: (why: string) => Error): unknown {
  scanJson(body);
  try {
    return JSON.parse(decoder.decode(body));
  } catch (error) {
    throw describe(jsonProblem(body) ?? (error as Error).message);
  }
}

interface ParsedBody {
  readonly value: unknown;
  /** The bytes in which fields that stand twice can be looked for. */
  readonly raw?: Uint8Array;
  /** Keys that stand twice in YAML: `line 5: key "name" already set in map`. */
  readonly duplicateKeys?: readonly string[];
}

/**
 * Parses YAML in a thread of its own; the shape limits are on what is there once aliases are expanded. What is JSON, as
 * kubectl apply sends it, is read as such. Throws 400 as `describe` words it, 413.
 */
export async function parseYamlBody(
  request: ResourceRequest,
  describe: (why: string) => Error,
): Promise<ParsedBody> {
  const { body } = request.request;
  if (body[0] === openBrace) {
    scanJson(body);
    try {
      return { value: JSON.parse(decoder.decode(body)), raw: body };
    } catch {
      // Braces are YAML too.
    }
  }
  const reply = await request.backend.yaml.read.run({ work: 'read', bytes: body });
  if (reply === undefined)
    throw tooLargeError('Request entity too large: the YAML takes too long to read; send JSON');
  if ('problem' in reply) throw describe(reply.problem);
  return { value: parseJsonBody(reply.bytes, describe), duplicateKeys: reply.duplicates };
}

function parseProtobufBody(body: Uint8Array, kind: Kind): unknown {
  try {
    return decodeProtobuf(body, kind.schema, { valuesMax: jsonElementsMax });
  } catch (error) {
    if (error instanceof ProtobufError) throw unreadable(kind, body, error.message);
    throw error;
  }
}

/** The body in the shape of parsed JSON. */
async function parseBody(request: ResourceRequest, kind: Kind): Promise<ParsedBody> {
  const { body } = request.request;
  switch (mediaTypeOf(request)) {
    case 'json':
      return { value: parseJsonBody(body, (why) => unreadable(kind, body, noType + why)), raw: body };
    case 'yaml':
      return parseYamlBody(request, (why) => unreadable(kind, body, why));
    case 'protobuf':
      return { value: parseProtobufBody(body, kind) };
  }
}

/** What upstream reads a body's type into. */
const typeStruct =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** The type a body claims must be the one that the URL means. Throws 400. */
function checkType(kind: Kind, value: unknown, body: Uint8Array): asserts value is AnyObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unreadable(
      kind,
      body,
      `${noType}json: cannot unmarshal ${goJsonName(value)} into Go value of type ${typeStruct}`,
    );
  const claimed = value as { kind?: unknown; apiVersion?: unknown };
  const expected = apiVersionOf(kind.group, kind.version);
  const isAccepted = kind.acceptedVersions?.some(
    (version) => claimed.apiVersion === apiVersionOf(kind.group, version),
  );
  if (claimed.apiVersion && claimed.apiVersion !== expected && !isAccepted)
    throw badRequestError(
      `the API version in the data (${String(claimed.apiVersion)}) does not match the expected API version (${expected})`,
    );
  if (claimed.kind !== undefined && claimed.kind !== '' && claimed.kind !== kind.kind)
    throw badRequestError(
      cannotBeHandled(
        kind,
        `the kind in the data (${String(claimed.kind)}) does not match the expected kind (${kind.kind})`,
      ),
    );
}

function decode(
  kind: Kind,
  value: AnyObject,
  describe: (mismatch: string) => StatusError,
): { object: AnyObject; unknownFields: string[] } {
  try {
    return decodeObject<AnyObject>(value, kind.schema);
  } catch (error) {
    if (error instanceof DecodeError) throw describe(error.message);
    throw error;
  }
}

export interface TypedOptions {
  readonly kind: Kind;
  readonly fieldValidation: FieldValidation;
  /** The bytes that were parsed, where fields that stand twice can be looked for. */
  readonly raw?: Uint8Array;
  /** What was found wrong before, in the words of strict validation. */
  readonly problems?: readonly string[];
  /** The failure for a value of the wrong type; unless given: 400. */
  readonly describeMismatch?: (mismatch: string) => StatusError;
  /** The failure for fields that should not be there; unless given: 400. Its fields are in the order of their names. */
  readonly describeStrict?: (problem: string) => StatusError;
}

/** Turns parsed JSON into a typed, pruned object of `kind`. Throws 400 on wrong types, and on unknown fields if Strict. */
export function typedObject(request: ResourceRequest, sent: unknown, options: TypedOptions): AnyObject {
  const { kind, fieldValidation, raw, problems: found = [], describeStrict } = options;
  // Go leaves the empty object as it is when it reads null into it.
  const value = sent ?? {};
  checkType(kind, value, request.request.body);
  const describe =
    options.describeMismatch ?? ((mismatch) => badRequestError(cannotBeHandled(kind, mismatch)));
  const { object, unknownFields } = decode(kind, value, describe);
  object.metadata ??= {};
  // An empty list is more than none: whoever sends it wants them forgotten.
  const { managedFields } = value.metadata ?? {};
  if (Array.isArray(managedFields) && managedFields.length === 0) object.metadata.managedFields = [];
  if (fieldValidation === 'Ignore') return object;
  const unknown = describeStrict === undefined ? unknownFields : unknownFields.sort();
  const problems = [...found, ...(raw === undefined ? unknown : strictProblems(raw, value, unknown))];
  if (problems.length === 0) return object;
  if (fieldValidation === 'Strict') {
    const problem = strictDecodingError(problems);
    throw describeStrict?.(problem) ?? badRequestError(cannotBeHandled(kind, problem));
  }
  for (const problem of problems) if (request.warnings.length < warningsMax) request.warnings.push(problem);
  return object;
}

/** Go tells them in one error, and in a warning each. */
function duplicateKeyProblems(keys: readonly string[], fieldValidation: FieldValidation): readonly string[] {
  if (keys.length === 0 || fieldValidation !== 'Strict') return keys;
  return [`yaml: unmarshal errors:\n  ${keys.join('\n  ')}`];
}

/** The body as an object of `kind`, with defaults. A large one takes more than one turn of the event loop. */
export async function readObject(
  request: ResourceRequest,
  kind: Kind,
  fieldValidation: FieldValidation,
): Promise<AnyObject> {
  const { length } = request.request.body;
  const { value, raw, duplicateKeys = [] } = await parseBody(request, kind);
  await nextTurn(length);
  const problems = duplicateKeyProblems(duplicateKeys, fieldValidation);
  const object = typedObject(request, value, { kind, fieldValidation, raw, problems });
  kind.defaults?.(object);
  completeObject(object, kind.schema);
  await nextTurn(length);
  return object;
}
