/**
 * DELETE: at once, or by marking the object and leaving the rest to whoever holds a finalizer, to the kubelet (pods with
 * a grace period) or to the garbage collector (propagation policies, recorded as finalizers).
 */
import { isDeepStrictEqual } from 'node:util';
import type { Kind } from '../../kinds/kind.ts';
import type { AnyObject } from '../../kinds/object.ts';
import { apiVersionOf } from '../../kinds/object.ts';
import { conflictError, notFoundError, StatusError, staleObject } from '../../kinds/status.ts';
import { admitDelete } from '../admission.ts';
import { type CachedObject, parseCached } from '../cache/cached-object.ts';
import type { ResourceRequest } from '../context.ts';
import { kindPrefix, objectKey, prefixEnd } from '../keys.ts';
import { listItem, listKindOf, presentObject } from '../present.ts';
import type { ApiResponse } from '../request.ts';
import { type DeleteOptions, type Propagation, parseDeleteOptions } from './delete-options.ts';
import { deleteCollectionWorkers, writeAttemptsMax } from './limits.ts';
import { parseListOptions } from './list-options.ts';
import { refuseImmortal } from './namespace-lifecycle.ts';
import { inOwnLane, persist } from './persist.ts';
import { freshen, snapshotAt } from './read.ts';
import { respondDeleted, respondJson, respondObject } from './respond.ts';

const foreground = 'foregroundDeletion';
const orphan = 'orphan';

/** What the policy asks for, as finalizers that the garbage collector answers to. */
function finalizersFor(kind: Kind, object: AnyObject, policy: Propagation | undefined): string[] {
  const present = object.metadata.finalizers ?? [];
  const asked =
    policy ??
    (present.includes(orphan)
      ? 'Orphan'
      : present.includes(foreground)
        ? 'Foreground'
        : (kind.defaultPropagation ?? 'Background'));
  const others = present.filter((finalizer) => finalizer !== foreground && finalizer !== orphan);
  if (asked === 'Orphan') return [...others, orphan];
  if (asked === 'Foreground') return [...others, foreground];
  return others;
}

function checkDeletePreconditions(request: ResourceRequest, object: AnyObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options;
  const name = object.metadata.name ?? '';
  const differs = (what: string, wanted: string, found: string | undefined) =>
    conflictError(
      request.kind,
      name,
      `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`,
    );
  if (uid !== undefined && uid !== object.metadata.uid) throw differs('UID', uid, object.metadata.uid);
  if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion)
    throw differs('ResourceVersion', resourceVersion, object.metadata.resourceVersion);
}

/** The object marked for deletion, or undefined when nothing holds it and it can go at once. */
function markDeleted(
  request: ResourceRequest,
  old: AnyObject,
  options: DeleteOptions,
): AnyObject | undefined {
  const { stored: kind, backend } = request;
  const object = structuredClone(old);
  const { metadata } = object;
  const finalizers = finalizersFor(kind, old, options.propagationPolicy);
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  else delete metadata.finalizers;
  const isNamespace = kind.group === '' && kind.plural === 'namespaces';
  const contentHeld =
    isNamespace && ((old.spec as { finalizers?: string[] } | undefined)?.finalizers ?? []).length > 0;
  const asked = kind.deletionGraceSeconds?.(old, options.gracePeriodSeconds) ?? 0;
  // A second delete may shorten the wait, never lengthen it.
  const grace =
    old.metadata.deletionTimestamp === undefined
      ? asked
      : Math.min(asked, old.metadata.deletionGracePeriodSeconds ?? 0);
  if (finalizers.length === 0 && !contentHeld && grace === 0) return undefined;
  // A namespace waits for its content, not for a time: upstream gives it no grace period.
  const graceChanged = !isNamespace && grace !== old.metadata.deletionGracePeriodSeconds;
  if (metadata.deletionTimestamp === undefined || graceChanged) {
    const at = new Date(backend.clock.now() + grace * 1000);
    metadata.deletionTimestamp = `${at.toISOString().slice(0, 19)}Z`;
    if (!isNamespace) metadata.deletionGracePeriodSeconds = grace;
    if (kind.generation && old.metadata.deletionTimestamp === undefined)
      metadata.generation = (metadata.generation ?? 0) + 1;
  }
  if (isNamespace) object.status = { ...(object.status as object), phase: 'Terminating' };
  return object;
}

export interface Deletion {
  /** Gone now; otherwise marked, and `object` is what is there. */
  readonly gone: boolean;
  readonly object: AnyObject;
}

/** Deletes or marks the object; tries again when it was changed meanwhile. */
export function deleteObject(
  request: ResourceRequest,
  find: () => CachedObject | undefined,
  options: DeleteOptions,
): Promise<Deletion> {
  return inOwnLane(request, () => deleteUntilWritten(request, find, options));
}

async function deleteUntilWritten(
  request: ResourceRequest,
  find: () => CachedObject | undefined,
  options: DeleteOptions,
): Promise<Deletion> {
  const { backend, stored, kind, info } = request;
  for (let attempt = 0; attempt < writeAttemptsMax; attempt++) {
    const cached = find();
    if (cached === undefined) throw notFoundError(kind, info.name);
    refuseImmortal(kind, cached.name);
    const old = parseCached(cached);
    checkDeletePreconditions(request, old, options);
    admitDelete(request, old);
    const marked = markDeleted(request, old, options);
    if (marked !== undefined && isDeepStrictEqual(marked, old)) return { gone: false, object: old };
    const verb = marked === undefined ? 'delete' : 'update';
    const result = await persist(backend, {
      kind: stored,
      verb,
      object: marked ?? old,
      old: { cached, object: old },
      dryRun: options.dryRun,
    });
    if (result !== 'stale') {
      const object = marked ?? old;
      object.metadata.resourceVersion = String(result.revision);
      return { gone: marked === undefined, object };
    }
    await freshen(request, '');
  }
  throw conflictError(kind, info.name, staleObject);
}

/** Kinds whose delete answers with the object, as their upstream strategies do. */
const answersWithObject: ReadonlySet<string> = new Set([
  'pods',
  'services',
  'serviceaccounts',
  'persistentvolumes',
  'persistentvolumeclaims',
  'podtemplates',
  'resourcequotas',
]);

export async function deleteOne(request: ResourceRequest): Promise<ApiResponse> {
  const options = await parseDeleteOptions(request);
  await freshen(request, '');
  const { stored, info, backend, kind } = request;
  const key = objectKey(stored, info.namespace, info.name);
  const { gone, object } = await deleteObject(
    request,
    () => backend.cache.collection(stored).get(key),
    options,
  );
  if (!gone && options.tellsAccepted) return respondObject(request, 202, object);
  if (!gone || (kind.group === '' && answersWithObject.has(kind.plural)))
    return respondObject(request, 200, object);
  return respondDeleted(request, object);
}

/** DELETE on a collection: everything that a list with the same selectors would show, a bounded number at a time. */
export async function deleteCollection(request: ResourceRequest): Promise<ApiResponse> {
  const options = await parseDeleteOptions(request);
  const selection = parseListOptions(request);
  await freshen(request, selection.resourceVersion);
  const { backend, stored, kind, info } = request;
  const collection = backend.cache.collection(stored);
  const prefix =
    kindPrefix(stored) + (info.namespace === '' || stored.scope === 'Cluster' ? '' : `${info.namespace}/`);
  const revision = backend.cache.revision;
  const all = snapshotAt(collection, { from: prefix, to: prefixEnd(prefix) }, revision) ?? [];
  const selected = selection.matches === undefined ? all : all.filter(selection.matches);
  const items: object[] = [];
  const queue = selected.values();
  const worker = async () => {
    for (const cached of queue) {
      try {
        const { object } = await deleteObject(request, () => collection.get(cached.key), options);
        items.push(listItem(kind, presentObject(kind, object)));
      } catch (error) {
        // Someone else deleted it first: that is what was wanted.
        if (!(error instanceof StatusError && error.reason === 'NotFound')) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: deleteCollectionWorkers }, worker));
  return respondJson(request, 200, {
    kind: listKindOf(kind),
    apiVersion: apiVersionOf(kind.group, kind.version),
    metadata: { resourceVersion: String(revision) },
    items,
  });
}
