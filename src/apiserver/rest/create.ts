import { completeObject } from '../../kinds/decode.ts';
import type { AnyObject } from '../../kinds/object.ts';
import { invalidError, notFoundError, StatusError } from '../../kinds/status.ts';
import { admitNew, validateAdmission } from '../admission.ts';
import type { ResourceRequest } from '../context.ts';
import type { ApiResponse } from '../request.ts';
import { readObject } from './body.ts';
import { generateNameAttemptsMax } from './limits.ts';
import { trackCreate } from './managed-fields.ts';
import { namespaceGuard } from './namespace-lifecycle.ts';
import { dedupOwnerReferences } from './owner-references.ts';
import { persist } from './persist.ts';
import { generateName, placeObject, prepareForCreate } from './prepare.ts';
import { freshen } from './read.ts';
import { respondStored } from './respond.ts';
import { nextTurn } from './turn.ts';
import { parseWriteOptions, type WriteOptions } from './write-options.ts';

export async function create(request: ResourceRequest): Promise<ApiResponse> {
  const options = parseWriteOptions(request);
  const object = await readObject(request, request.kind, options.fieldValidation);
  return respondStored(request, 201, await createObject(request, object, options));
}

/** The kind's own version to the stored one. */
export function toStored(request: ResourceRequest, object: AnyObject): AnyObject {
  const { storedAs } = request.kind;
  if (storedAs === undefined) return object;
  const stored = storedAs.toStored(object);
  request.stored.defaults?.(stored);
  return stored;
}

/** What only the version that was asked for demands; the stored kind's own rules come with every write. Throws 422. */
function checkOwnVersion(request: ResourceRequest, object: AnyObject): void {
  const { kind } = request;
  if (kind.storedAs === undefined) return;
  const errors = kind.validateCreate?.(object) ?? [];
  if (errors.length > 0) throw invalidError(kind, object.metadata.name ?? '', errors);
}

/** Writes a decoded, defaulted object as new. Returns its wire bytes. Used by POST, by PUT and apply on an absent name. */
async function createObject(
  request: ResourceRequest,
  decoded: AnyObject,
  options: WriteOptions & { tracked?: boolean },
): Promise<Uint8Array> {
  const { backend, stored } = request;
  placeObject(request, decoded);
  dedupOwnerReferences(request, decoded);
  if ((decoded.metadata.resourceVersion ?? '') !== '')
    throw new StatusError(400, 'BadRequest', 'resourceVersion should not be set on objects to be created');
  checkOwnVersion(request, decoded);
  if (!options.tracked) trackCreate(request, decoded, options);
  // Only a name that is drawn here is drawn again: who gives one beside a generateName wants that one.
  const { name: given = '', generateName: prefix = '' } = decoded.metadata;
  const { length } = request.request.body;
  await nextTurn(length);
  const object = toStored(request, decoded);
  // Upstream's admission comes before validation: a missing namespace is told before a bad field.
  namespaceGuard(backend, stored, object);
  admitNew(request, object);
  prepareForCreate(request, object);
  validateAdmission(request, object, undefined);
  await nextTurn(length);
  completeObject(object, stored.schema);
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await persist(backend, {
        kind: stored,
        verb: 'create',
        object,
        dryRun: options.dryRun,
        isApply: options.tracked === true,
      });
      if (result === 'stale') throw notFoundError(stored, object.metadata.name ?? '');
      return result.wire;
    } catch (error) {
      const taken = error instanceof StatusError && error.reason === 'AlreadyExists';
      const drawn = given === '' && prefix !== '';
      if (!taken || !drawn || attempt >= generateNameAttemptsMax) throw error;
      object.metadata.name = generateName(backend, prefix);
    }
  }
}

/** The same; undefined when somebody else was quicker, and the cache has what they wrote. */
export async function createUnlessThere(
  request: ResourceRequest,
  decoded: AnyObject,
  options: WriteOptions & { tracked?: boolean },
): Promise<Uint8Array | undefined> {
  try {
    return await createObject(request, decoded, options);
  } catch (error) {
    if (!(error instanceof StatusError && error.reason === 'AlreadyExists')) throw error;
    await freshen(request, '');
    return undefined;
  }
}
