/** What every create and update does to an object around its kind's own functions, in upstream's order. */
import { isDeepStrictEqual } from 'node:util';
import type { FieldError } from '../../kinds/field.ts';
import type { Kind } from '../../kinds/kind.ts';
import {
  clearSystemMeta,
  resourceVersionRequired,
  restoreObjectMeta,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from '../../kinds/metadata.ts';
import { type AnyObject, apiVersionOf } from '../../kinds/object.ts';
import { badRequestError, conflictError, invalidError } from '../../kinds/status.ts';
import { randomSuffix } from '../../lib/random.ts';
import type { Backend, ResourceRequest } from '../context.ts';
import { warningsMax } from './limits.ts';

/** `2026-11-21T01:02:03Z` */
export function timestamp(backend: Pick<Backend, 'clock'>): string {
  const second = Math.floor(backend.clock.now() / 1000);
  if (second !== latest.second)
    latest = { second, text: `${new Date(second * 1000).toISOString().slice(0, 19)}Z` };
  return latest.text;
}

/** A write asks several times, and writes come many to a second. */
let latest = { second: Number.NaN, text: '' };

const generatedNameLengthMax = 63;
const suffixLength = 5;

/** `web-` -> `web-x7k2p`, cut so that the result is a DNS label. */
export function generateName(backend: Backend, prefix: string): string {
  return prefix.slice(0, generatedNameLengthMax - suffixLength) + randomSuffix(backend.random, suffixLength);
}

function hasStatus(kind: Kind): boolean {
  return kind.subresources.includes('status');
}

/** Checks where the object says it is against where the request puts it. Throws 400. */
export function placeObject(request: ResourceRequest, object: AnyObject): void {
  const { info, kind } = request;
  const { metadata } = object;
  if (kind.scope === 'Cluster') {
    if (metadata.namespace !== undefined && metadata.namespace !== '' && kind.plural !== 'namespaces')
      throw badRequestError(
        'the namespace of the provided object does not match the namespace sent on the request',
      );
    delete metadata.namespace;
  } else {
    if (
      metadata.namespace !== undefined &&
      metadata.namespace !== '' &&
      metadata.namespace !== info.namespace
    )
      throw badRequestError(
        'the namespace of the provided object does not match the namespace sent on the request',
      );
    metadata.namespace = info.namespace;
  }
  if (info.name === '') return;
  if (metadata.name === undefined || metadata.name === '')
    throw badRequestError(
      `the name of the object (${info.name} based on URL) was undeterminable: name must be provided`,
    );
  if (metadata.name !== info.name)
    throw badRequestError(
      `the name of the object (${metadata.name}) does not match the name on the URL (${info.name})`,
    );
}

function addWarnings(request: ResourceRequest, texts: readonly string[] | undefined): void {
  for (const text of texts ?? []) if (request.warnings.length < warningsMax) request.warnings.push(text);
}

/** Fills in what the server decides for a new object, then validates it. `object` is in the stored version. */
export function prepareForCreate(request: ResourceRequest, object: AnyObject): void {
  const { stored: kind, backend } = request;
  const { metadata } = object;
  object.apiVersion = apiVersionOf(kind.group, kind.version);
  object.kind = kind.kind;
  clearSystemMeta(metadata);
  delete metadata.resourceVersion;
  metadata.uid = backend.random.uuid();
  metadata.creationTimestamp = timestamp(backend);
  if (kind.generation) metadata.generation = 1;
  if ((metadata.name ?? '') === '' && (metadata.generateName ?? '') !== '')
    metadata.name = generateName(backend, metadata.generateName as string);
  if (hasStatus(kind) && !kind.statusOnCreate) object.status = {};
  kind.prepareCreate?.(object);
  throwIfInvalid(kind, object, [
    ...validateObjectMeta(object.metadata, kind),
    ...(kind.validate?.(object) ?? []),
    ...(kind.validateCreate?.(object) ?? []),
  ]);
  addWarnings(request, kind.warnings?.(object));
}

function throwIfInvalid(kind: Kind, object: AnyObject, errors: FieldError[]): void {
  if (errors.length > 0) throw invalidError(kind, object.metadata.name ?? '', errors);
}

/** Optimistic locking: what the caller says it changes must be what is there. Throws 409. */
export function checkPreconditions(kind: Kind, object: AnyObject, old: AnyObject): void {
  const { uid, resourceVersion } = object.metadata;
  const name = old.metadata.name ?? '';
  if (uid !== undefined && uid !== '' && uid !== old.metadata.uid)
    throw conflictError(
      kind,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
    );
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== '0') return;
  if (!kind.unconditionalUpdate) throw invalidError(kind, name, [resourceVersionRequired()]);
}

/** Everything but metadata and status: a change here is a new generation. */
function desired(object: AnyObject): Record<string, unknown> {
  const { metadata: _metadata, status: _status, ...rest } = object;
  return rest;
}

/**
 * What an update may change: everything but status; status and some metadata; or (`custom`) what the subresource decided,
 * which has done its own checks; `part`: the same, and it is a change of what is wanted.
 */
export type UpdateTarget = 'object' | 'status' | 'custom' | 'part';

/** Keeps what an update may not touch, then validates. Both objects are in the stored version; `object` is changed. */
export function prepareForUpdate(
  request: ResourceRequest,
  object: AnyObject,
  options: { old: AnyObject; target: UpdateTarget },
): void {
  const { stored: kind } = request;
  const { old, target } = options;
  object.apiVersion = apiVersionOf(kind.group, kind.version);
  object.kind = kind.kind;
  restoreObjectMeta(object.metadata, old.metadata);
  delete object.metadata.resourceVersion;
  if (target === 'custom' || target === 'part') {
    if (target === 'part') countGeneration(request, object, old);
    throwIfInvalid(kind, object, validateObjectMetaUpdate(object.metadata, old.metadata));
  } else if (target === 'status') prepareStatusUpdate(request, object, old);
  else prepareObjectUpdate(request, object, old);
}

function countGeneration({ stored: kind }: ResourceRequest, object: AnyObject, old: AnyObject): void {
  if (kind.generation && !isDeepStrictEqual(desired(object), desired(old)))
    object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

function prepareObjectUpdate(request: ResourceRequest, object: AnyObject, old: AnyObject): void {
  const { stored: kind } = request;
  if (hasStatus(kind)) {
    if (old.status === undefined) delete object.status;
    else object.status = structuredClone(old.status);
  }
  kind.prepareUpdate?.(object, old);
  countGeneration(request, object, old);
  throwIfInvalid(kind, object, [
    ...validateObjectMeta(object.metadata, kind),
    ...validateObjectMetaUpdate(object.metadata, old.metadata),
    ...(kind.validate?.(object) ?? []),
    ...(kind.validateUpdate?.(object, old) ?? []),
  ]);
  addWarnings(request, kind.warnings?.(object, old));
}

const clientMetadata = ['labels', 'annotations', 'finalizers'] as const;

function prepareStatusUpdate(request: ResourceRequest, object: AnyObject, old: AnyObject): void {
  const { stored: kind } = request;
  const { subresource } = request.info;
  const { status } = object;
  const { metadata } = object;
  for (const field of Object.keys(object)) if (field !== 'metadata') delete object[field];
  Object.assign(object, structuredClone({ ...old, metadata: undefined }), { metadata });
  if (status === undefined) delete object.status;
  else object.status = status;
  const keeps = kind.statusKeeps === 'metadata' ? clientMetadata : (kind.statusKeeps ?? []);
  // Owners are put back for every kind: nobody else writes them with a status.
  for (const field of ['ownerReferences', ...keeps] as const)
    if (old.metadata[field] === undefined) delete metadata[field];
    else Object.assign(metadata, { [field]: structuredClone(old.metadata[field]) });
  kind.prepareStatusUpdate?.(object, old, subresource);
  throwIfInvalid(kind, object, [
    ...validateObjectMetaUpdate(object.metadata, old.metadata),
    ...(kind.validateStatusUpdate?.(object, old, subresource) ?? []),
  ]);
}
