import { completeObject } from '../../kinds/decode.ts';
import type { Kind } from '../../kinds/kind.ts';
import type { AnyObject } from '../../kinds/object.ts';
import {
  conflictError,
  invalidError,
  notFoundError,
  type StatusError,
  staleObject,
} from '../../kinds/status.ts';
import { admitChanged, validateAdmission } from '../admission.ts';
import { type CachedObject, parseCached } from '../cache/cached-object.ts';
import type { ResourceRequest } from '../context.ts';
import { objectKey } from '../keys.ts';
import { cloneObject } from '../patch/json.ts';
import { presentObject } from '../present.ts';
import type { ApiResponse } from '../request.ts';
import { readObject } from './body.ts';
import { createUnlessThere, toStored } from './create.ts';
import { writeAttemptsMax } from './limits.ts';
import { trackUpdate } from './managed-fields.ts';
import { dedupOwnerReferences } from './owner-references.ts';
import { inOwnLane, persist } from './persist.ts';
import { checkPreconditions, placeObject, prepareForUpdate, type UpdateTarget } from './prepare.ts';
import { freshen } from './read.ts';
import { respondStored } from './respond.ts';
import { nextTurn } from './turn.ts';
import { parseWriteOptions, type WriteOptions } from './write-options.ts';

/**
 * Makes the new object from the present one, both in the stored version; called again with a newer one when another
 * write came first. The old object is not to be changed.
 */
export type Change = (old: AnyObject) => AnyObject | Promise<AnyObject>;

export interface ChangeOptions extends WriteOptions {
  readonly target: UpdateTarget;
  /** The change is made from the object it is given: when another write comes first, it is simply made again. */
  readonly derived?: boolean;
  /** The change keeps managedFields itself (server-side apply). */
  readonly tracked?: boolean;
}

export function findStored(request: ResourceRequest): CachedObject | undefined {
  const { stored, info, backend } = request;
  return backend.cache.collection(stored).get(objectKey(stored, info.namespace, info.name));
}

/** An object that waited only for its finalizers is removed when the last one goes; a namespace has some in its spec too. */
function isFinished(kind: Kind, object: AnyObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  const isNamespace = kind.group === '' && kind.plural === 'namespaces';
  const inSpec = isNamespace ? (object as { spec?: { finalizers?: string[] } }).spec?.finalizers : undefined;
  return (
    deletionTimestamp !== undefined &&
    (deletionGracePeriodSeconds ?? 0) === 0 &&
    (finalizers ?? []).length === 0 &&
    (inSpec ?? []).length === 0
  );
}

/** What only the version that was asked for demands of a change. Throws 422. */
function checkOwnVersion({ kind }: ResourceRequest, object: AnyObject, old: AnyObject): void {
  if (kind.storedAs === undefined) return;
  const errors = kind.validateUpdate?.(presentObject(kind, object), presentObject(kind, old)) ?? [];
  if (errors.length > 0) throw invalidError(kind, old.metadata.name ?? '', errors);
}

/**
 * Reads, changes, checks and writes an object; reads again when it was changed meanwhile, unless the caller named the
 * resourceVersion it changes. Returns wire bytes in the stored version.
 */
export function changeObject(
  request: ResourceRequest,
  change: Change,
  options: ChangeOptions,
): Promise<Uint8Array> {
  return inOwnLane(request, () => changeUntilWritten(request, change, options));
}

async function changeUntilWritten(
  request: ResourceRequest,
  change: Change,
  options: ChangeOptions,
): Promise<Uint8Array> {
  const { backend, stored, kind, info } = request;
  for (let attempt = 0; attempt < writeAttemptsMax; attempt++) {
    const cached = findStored(request);
    if (cached === undefined) throw notFoundError(kind, info.name);
    const old = parseCached(cached);
    const bytes = cached.bytes.length + request.request.body.length;
    await nextTurn(bytes);
    const object = await change(old);
    dedupOwnerReferences(request, object);
    await nextTurn(bytes);
    const named = object.metadata.resourceVersion;
    checkPreconditions(stored, object, old);
    const conditional = named !== undefined && named !== '' && named !== '0';
    if (conditional && named !== old.metadata.resourceVersion)
      throw conflictError(kind, info.name, staleObject);
    if (!options.tracked) trackUpdate(request, { object, old }, options);
    await nextTurn(bytes);
    completeObject(object, stored.schema);
    admitChanged(request, object, old);
    await nextTurn(bytes);
    prepareForUpdate(request, object, { old, target: options.target });
    if (options.target === 'object') checkOwnVersion(request, object, old);
    validateAdmission(request, object, old);
    completeObject(object, stored.schema);
    await nextTurn(bytes);
    const verb = isFinished(stored, object) ? 'delete' : 'update';
    const result = await persist(backend, {
      kind: stored,
      verb,
      object,
      old: { cached, object: old },
      dryRun: options.dryRun,
      isApply: options.tracked === true,
    });
    if (result === 'stale') {
      if (conditional && !options.derived) throw conflictError(kind, info.name, staleObject);
      await freshen(request, '');
      continue;
    }
    await nextTurn(bytes);
    return verb === 'delete'
      ? Buffer.from(
          JSON.stringify({
            ...object,
            metadata: { ...object.metadata, resourceVersion: String(result.revision) },
          }),
        )
      : result.wire;
  }
  throw conflictError(kind, info.name, staleObject);
}

/** PUT of the object or of its status. */
export async function update(request: ResourceRequest, target: UpdateTarget): Promise<ApiResponse> {
  const options = parseWriteOptions(request);
  await freshen(request, '');
  const body = await readObject(request, request.kind, options.fieldValidation);
  if (findStored(request) === undefined && target === 'object' && request.kind.createOnUpdate) {
    if ((body.metadata.uid ?? '') !== '') throw uidGone(request, body);
    const object = cloneObject(body);
    delete object.metadata.resourceVersion;
    const wire = await createUnlessThere(request, object, options);
    if (wire !== undefined) return respondStored(request, 201, wire);
  }
  const change = () => {
    const object = cloneObject(body);
    placeObject(request, object);
    return toStored(request, object);
  };
  return respondStored(request, 200, await changeObject(request, change, { ...options, target }));
}

function uidGone(request: ResourceRequest, body: AnyObject): StatusError {
  return conflictError(
    request.kind,
    request.info.name,
    `Precondition failed: UID in precondition: ${body.metadata.uid}, UID in object meta: `,
  );
}
