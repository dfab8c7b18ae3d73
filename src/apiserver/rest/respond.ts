import type { Kind } from '../../kinds/kind.ts';
import type { AnyObject } from '../../kinds/object.ts';
import { badRequestError, timeoutError } from '../../kinds/status.ts';
import type { ResourceRequest } from '../context.ts';
import { type Representation, wantsPretty } from '../negotiate.ts';
import { partialObject, present, presentObject, type TableOptions, table, tableRow } from '../present.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import type { RequestInfo } from '../request-info.ts';
import type { YamlThread } from '../yaml/thread.ts';

const noCache = 'no-cache, private';
const jsonHeaders = { 'content-type': 'application/json', 'cache-control': noCache };

/** `299 - "text"`: the quoted text may not hold a bare quote or a line break (RFC 9110, 5.6.4). */
function warningHeaders(warnings: readonly string[]): { warning?: string[] } {
  if (warnings.length === 0) return {};
  return {
    warning: [...new Set(warnings)].map(
      (text) => `299 - "${text.replace(/[\r\n]+/g, ' ').replace(/["\\]/g, '\\$&')}"`,
    ),
  };
}

type Reading = {
  request: ApiRequest;
  info: RequestInfo;
  warnings: readonly string[];
  representation: Representation;
};

/** A JSON document as the client wants it: compact or indented. */
export function respondJson(reading: Reading, status: number, value: object): ApiResponse {
  const warnings = warningHeaders(reading.warnings);
  const pretty = wantsPretty(reading.info.query.get('pretty'), reading.request.headers['user-agent']);
  const text = pretty ? `${JSON.stringify(value, undefined, 2)}\n` : `${JSON.stringify(value)}\n`;
  return { status, headers: { ...jsonHeaders, ...warnings }, body: [Buffer.from(text)] };
}

/** The same answer in YAML, made in a thread. Throws 504 when it is too long. */
export async function toYaml(
  made: ApiResponse | Promise<ApiResponse>,
  thread: YamlThread,
): Promise<ApiResponse> {
  const response = await made;
  if (typeof response.body === 'function') return response;
  const reply = await thread.run({ work: 'write', bytes: Buffer.concat(response.body) });
  if (reply === undefined || 'problem' in reply)
    throw timeoutError('the answer is too long to be written as YAML; ask for JSON, or for fewer objects', 1);
  return {
    ...response,
    headers: { ...response.headers, 'content-type': 'application/yaml' },
    body: [reply.bytes],
  };
}

/** True when wire bytes can go out as they are. */
export function bytesSuffice(reading: Reading): boolean {
  return !wantsPretty(reading.info.query.get('pretty'), reading.request.headers['user-agent']);
}

export function respondBytes(reading: Reading, status: number, body: readonly Uint8Array[]): ApiResponse {
  return { status, headers: { ...jsonHeaders, ...warningHeaders(reading.warnings) }, body };
}

/** Throws 400. */
export function tableOptionsOf(request: ResourceRequest): TableOptions {
  const includeObject = request.info.query.get('includeObject') || 'Metadata';
  if (includeObject !== 'None' && includeObject !== 'Object' && includeObject !== 'Metadata')
    throw badRequestError(
      `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(includeObject)}: must be 'Metadata', 'Object', 'None', or empty`,
    );
  return {
    includeObject,
    metaVersion: request.representation.metaVersion,
    now: request.backend.clock.now(),
  };
}

function tableOf(request: ResourceRequest, object: AnyObject): object {
  const options = tableOptionsOf(request);
  return table(request.kind, {
    ...options,
    metadata: { resourceVersion: object.metadata.resourceVersion },
    rows: [tableRow(request.kind, object, options)],
  });
}

/** One object, from its wire bytes in the stored version. */
export function respondStored(request: ResourceRequest, status: number, wire: Uint8Array): ApiResponse {
  if (request.representation.as === 'Object' && bytesSuffice(request))
    return respondBytes(request, status, [present(request.kind, wire)]);
  return respondObject(request, status, JSON.parse(Buffer.from(wire).toString()) as AnyObject);
}

/** One object in the stored version. */
export function respondObject(request: ResourceRequest, status: number, stored: AnyObject): ApiResponse {
  const object = presentObject(request.kind, stored);
  const { as, metaVersion } = request.representation;
  if (as === 'Table') return respondJson(request, status, tableOf(request, object));
  if (as === 'PartialObjectMetadata') return respondJson(request, status, partialObject(object, metaVersion));
  return respondJson(request, status, object);
}

/** `{"status":"Success"}` after a delete. */
export function respondDeleted(request: ResourceRequest, object: AnyObject): ApiResponse {
  const { kind } = request;
  return respondJson(request, 200, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: detailsOf(kind, object),
  });
}

function detailsOf(kind: Kind, object: AnyObject): object {
  return {
    name: object.metadata.name,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.plural,
    uid: object.metadata.uid,
  };
}
