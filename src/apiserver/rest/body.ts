/** A request body as an object of the kind it should be: bounded, parsed, typed, pruned, defaulted. */
import { parse as parseYaml } from 'yaml';
import { decodeObject } from '../../kinds/decode.ts';
import { duplicateFields } from '../../kinds/decode-duplicates.ts';
import { cannotBeHandled, DecodeError, strictDecodingError } from '../../kinds/decode-error.ts';
import type { Kind } from '../../kinds/kind.ts';
import { type AnyObject, apiVersionOf } from '../../kinds/object.ts';
import { badRequestError, unsupportedMediaTypeError } from '../../kinds/status.ts';
import { JsonLimitError, scanJson } from '../../lib/json-scan.ts';
import type { ResourceRequest } from '../context.ts';
import { warningsMax } from './limits.ts';
import type { FieldValidation } from './write-options.ts';

const acceptedTypes = ['application/json', 'application/yaml'];

/** YAML aliases that may be expanded in one body (CVE-2019-11253). */
const yamlAliasesMax = 100;

function mediaTypeOf(request: ResourceRequest): 'json' | 'yaml' {
  const header = request.request.headers['content-type'] ?? '';
  const type = header.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === '' || type === 'application/json') return 'json';
  if (type === 'application/yaml') return 'yaml';
  throw unsupportedMediaTypeError(acceptedTypes);
}

const unreadable = (kind: Kind, why: string) =>
  badRequestError(
    `the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind; json parse error: ${why}`,
  );

/** Parses JSON after its depth and size in elements were checked. Throws 400 as `describe` words it, JsonLimitError (413). */
export function parseJsonBody(body: Uint8Array, describe: (why: string) => Error): unknown {
  scanJson(body);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw describe((error as Error).message);
  }
}

function parseBody(request: ResourceRequest, kind: Kind): { value: unknown; json: boolean } {
  const { body } = request.request;
  if (mediaTypeOf(request) === 'json')
    return { value: parseJsonBody(body, (why) => unreadable(kind, why)), json: true };
  try {
    const value = parseYaml(new TextDecoder('utf-8', { fatal: true }).decode(body), {
      maxAliasCount: yamlAliasesMax,
    });
    // The limits are on what is there once aliases are expanded.
    scanJson(Buffer.from(JSON.stringify(value) ?? 'null'));
    return { value, json: false };
  } catch (error) {
    if (error instanceof JsonLimitError) throw error;
    throw unreadable(kind, (error as Error).message);
  }
}

/** The type a body claims must be the one that the URL means. Throws 400. */
function checkType(kind: Kind, value: unknown): asserts value is AnyObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unreadable(kind, 'the body must be a JSON object');
  const claimed = value as { kind?: unknown; apiVersion?: unknown };
  const expected = apiVersionOf(kind.group, kind.version);
  if (claimed.apiVersion !== undefined && claimed.apiVersion !== '' && claimed.apiVersion !== expected)
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

function decode(kind: Kind, value: AnyObject): { object: AnyObject; unknownFields: string[] } {
  try {
    return decodeObject<AnyObject>(value, kind.schema);
  } catch (error) {
    if (error instanceof DecodeError) throw badRequestError(cannotBeHandled(kind, error.message));
    throw error;
  }
}

/** Turns parsed JSON into a typed, pruned object of `kind`. Throws 400 on wrong types, and on unknown fields if Strict. */
export function typedObject(
  request: ResourceRequest,
  value: unknown,
  options: { kind: Kind; fieldValidation: FieldValidation; raw?: Uint8Array; problems?: readonly string[] },
): AnyObject {
  const { kind, fieldValidation, raw, problems: found = [] } = options;
  checkType(kind, value);
  const { object, unknownFields } = decode(kind, value);
  object.metadata ??= {};
  if (fieldValidation === 'Ignore') return object;
  const problems = [...found, ...unknownFields, ...(raw === undefined ? [] : duplicateFields(raw, value))];
  if (problems.length === 0) return object;
  if (fieldValidation === 'Strict')
    throw badRequestError(cannotBeHandled(kind, strictDecodingError(problems)));
  for (const problem of problems) if (request.warnings.length < warningsMax) request.warnings.push(problem);
  return object;
}

/** The body as an object of `kind`, with defaults. */
export function readObject(
  request: ResourceRequest,
  kind: Kind,
  fieldValidation: FieldValidation,
): AnyObject {
  const { value, json } = parseBody(request, kind);
  const raw = json ? request.request.body : undefined;
  const object = typedObject(request, value, { kind, fieldValidation, raw });
  kind.defaults?.(object);
  return object;
}
