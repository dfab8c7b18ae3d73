/**
 * A patch request's body applied to an object, and what goes wrong in the words and codes of the API.
 * Source: k8s.io/apiserver pkg/endpoints/handlers/patch.go.
 */

import { duplicateFields, strictProblems } from '../../kinds/decode-duplicates.ts';
import {
  badRequestError,
  StatusError,
  tooLargeError,
  unsupportedMediaTypeError,
} from '../../kinds/status.ts';
import { scanJson } from '../../lib/json-scan.ts';
import { goJsonName, jsonProblem } from '../go-json.ts';
import { isMap, type Json, type JsonMap } from './json.ts';
import { applyJsonPatch, JsonPatchError } from './json-patch.ts';
import { jsonPatchOperationsMax } from './limits.ts';
import { applyMergePatch } from './merge-patch.ts';
import { StrategicMergeError } from './strategic-error.ts';
import { applyStrategicMergePatch, type SchemaLookup } from './strategic-merge.ts';

const jsonPatchType = 'application/json-patch+json';
const mergePatchType = 'application/merge-patch+json';
export const strategicMergePatchType = 'application/strategic-merge-patch+json';
export const applyPatchType = 'application/apply-patch+yaml';

/** In the order in which upstream names them in a 415. */
const patchTypes: readonly string[] = [
  jsonPatchType,
  mergePatchType,
  strategicMergePatchType,
  applyPatchType,
];

export interface PatchRequest {
  /** The media type alone, lower case, without parameters. */
  contentType: string;
  /** The object as its clients see it. It is not changed, and nothing of it is shared by a strategic or JSON patch. */
  document: object;
  patch: Uint8Array;
  /** The name of the document's schema: `Deployment`. */
  schema: string;
  lookup?: SchemaLookup;
  /** Where fields that the patch itself should not have are named: `duplicate field "spec.replicas"`. */
  problems?: string[];
}

const operationFields = ['op', 'path', 'from', 'value'];

/** The tree of the body, whose depth and size have been looked at before. */
function parsePatch(patch: Uint8Array, prefix: string): Json {
  scanJson(patch);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(patch)) as Json;
  } catch (error) {
    throw badRequestError(prefix + (jsonProblem(patch) ?? (error as Error).message));
  }
}

/** One answer for whatever does not apply; upstream keeps the reason to itself. */
function unprocessable(cause: Error): StatusError {
  const error = new StatusError(
    422,
    'Invalid',
    'the server rejected our request due to an error in our request',
    {},
  );
  error.cause = cause;
  return error;
}

const decodePrefix = 'error decoding patch: ';

const cannotUnmarshal = (value: Json, into: string): StatusError =>
  badRequestError(`${decodePrefix}json: cannot unmarshal ${goJsonName(value)} into Go ${into}`);

function checkOperation(operation: Json, index: number, unknown: string[]): void {
  if (operation === null) return;
  if (!isMap(operation)) throw cannotUnmarshal(operation, 'value of type handlers.jsonPatchOp');
  for (const key of Object.keys(operation)) {
    const value = operation[key] as Json;
    if (!operationFields.includes(key)) unknown.push(`unknown field ${JSON.stringify(`[${index}].${key}`)}`);
    else if (key !== 'value' && value !== null && typeof value !== 'string')
      throw cannotUnmarshal(value, `struct field jsonPatchOp.${key} of type string`);
  }
}

function patchJson({ document, patch, problems }: PatchRequest): Json {
  const operations = parsePatch(patch, decodePrefix) ?? [];
  if (!Array.isArray(operations)) throw cannotUnmarshal(operations, 'value of type []handlers.jsonPatchOp');
  const unknown: string[] = [];
  operations.forEach((operation, index) => {
    checkOperation(operation, index, unknown);
  });
  const found = problems === undefined ? [] : strictProblems(patch, operations, unknown);
  problems?.push(...found.map((problem) => `json patch ${problem}`));
  if (operations.length > jsonPatchOperationsMax)
    throw tooLargeError(
      `Request entity too large: The allowed maximum operations in a JSON patch is ${jsonPatchOperationsMax}, got ${operations.length}`,
    );
  try {
    return applyJsonPatch(
      document as JsonMap,
      operations.map((operation) => (operation ?? {}) as JsonMap),
    );
  } catch (error) {
    if (error instanceof JsonPatchError) throw unprocessable(error);
    throw error;
  }
}

function patchMerge({ document, patch, problems }: PatchRequest): Json {
  const parsed = parsePatch(patch, decodePrefix);
  if (parsed === null) throw badRequestError('Invalid JSON Patch');
  if (!isMap(parsed)) throw cannotUnmarshal(parsed, 'value of type map[string]interface {}');
  problems?.push(...duplicateFields(patch, parsed));
  return applyMergePatch(document as JsonMap, parsed);
}

function patchStrategic({ document, patch, problems, schema, lookup }: PatchRequest): Json {
  const parsed = parsePatch(patch, '') ?? {};
  if (!isMap(parsed))
    throw badRequestError(
      `json: cannot unmarshal ${goJsonName(parsed)} into Go value of type map[string]interface {}`,
    );
  problems?.push(...duplicateFields(patch, parsed));
  try {
    return applyStrategicMergePatch(document as JsonMap, parsed, { schema, lookup });
  } catch (error) {
    if (!(error instanceof StrategicMergeError)) throw error;
    if (error.httpCode === 400) throw badRequestError(error.message);
    if (error.httpCode === 422) throw unprocessable(error);
    // Upstream passes these on as errors without a reason.
    throw new StatusError(500, '', error.message);
  }
}

/**
 * The patched JSON, not yet decoded or checked. Throws StatusError: 400 for a body that is no patch, 413 for too many
 * operations, 415 for a type that is no patch type, 422 where the patch does not apply. Server-side apply is not done here.
 */
export function applyPatch(request: PatchRequest): unknown {
  switch (request.contentType) {
    case jsonPatchType:
      return patchJson(request);
    case mergePatchType:
      return patchMerge(request);
    case strategicMergePatchType:
      return patchStrategic(request);
    default:
      throw unsupportedMediaTypeError(patchTypes);
  }
}
