/** The one place that writes: hooks plan, the store commits all of it or nothing. */
import { isDeepStrictEqual } from 'node:util';
import type { ManagedFieldsEntry } from '../../kinds/generated/types.ts';
import type { Kind } from '../../kinds/kind.ts';
import type { AnyObject } from '../../kinds/object.ts';
import { alreadyExistsError, notFoundError, StatusError, tooLargeError } from '../../kinds/status.ts';
import { jsonElementsMax, scanJson, storedMembersMax } from '../../lib/json-scan.ts';
import type { Operation } from '../../store/store.ts';
import type { CachedObject } from '../cache/cached-object.ts';
import { encodeStored, encodeWire } from '../codec.ts';
import type { Backend, ResourceRequest } from '../context.ts';
import type { Hook } from '../hooks/hook.ts';
import type { Lane } from '../hooks/lane.ts';
import { objectKey } from '../keys.ts';
import { jsonPatchDepthMax } from '../patch/limits.ts';
import { perKind } from '../per-kind.ts';
import { bytesPerTurn, laneAttemptsMax, objectBytesMax, writeAttemptsMax } from './limits.ts';
import { namespaceGuard } from './namespace-lifecycle.ts';
import { freshen } from './read.ts';

const storedShape = {
  depthMax: jsonPatchDepthMax,
  elementsMax: 2 * jsonElementsMax,
  membersMax: storedMembersMax,
};

export interface PlannedWrite {
  /** The stored kind. */
  readonly kind: Kind;
  readonly verb: 'create' | 'update' | 'delete';
  /** In the stored version, ready to be written. */
  readonly object: AnyObject;
  readonly old?: { readonly cached: CachedObject; readonly object: AnyObject };
  readonly dryRun: boolean;
  /** The write is an apply: its managedFields are its point, and not given up for want of room. */
  readonly isApply?: boolean;
}

/** `stale`: the object itself is not what the plan was made for; read it again and plan anew. */
export type PersistResult = { readonly wire: Uint8Array; readonly revision: number } | 'stale';

/** The hooks that see writes of the kind, in their order. */
const hooksOf = perKind<readonly Hook[]>(({ hooks }, { group, plural }) =>
  hooks.filter(({ resources }) =>
    resources.some((resource) => resource.group === group && resource.plural === plural),
  ),
);

function hookOperations(backend: Backend, write: PlannedWrite, attempt: number): Operation[] {
  const { kind, verb, object, old, dryRun } = write;
  return hooksOf(backend, kind).flatMap((hook) =>
    hook.plan({ verb, object, old: old?.object, dryRun }, attempt),
  );
}

function objectOperation(write: PlannedWrite, key: string, value: Uint8Array | undefined): Operation {
  const expect = write.old?.cached.revision ?? 0;
  return value === undefined ? { type: 'delete', key, expect } : { type: 'put', key, value, expect };
}

/**
 * The bytes to store. An object that is too large only because of its managedFields goes without them, as upstream does
 * it (handlers/create.go, isTooLargeError). Throws 413.
 */
function encodeBounded({ kind, object, isApply = false }: PlannedWrite): Uint8Array {
  const value = encodeStored(kind, object);
  if (value.length <= objectBytesMax) return value;
  if (isApply || object.metadata.managedFields === undefined)
    throw tooLargeError(
      `Request entity too large: the object is ${value.length} bytes, the limit is ${objectBytesMax}`,
    );
  delete object.metadata.managedFields;
  return encodeBounded({ kind, object, verb: 'update', dryRun: false });
}

const withoutTime = (entries: readonly ManagedFieldsEntry[] | undefined) =>
  entries?.map((entry) => ({ ...entry, time: undefined }));

/**
 * The same but for resourceVersion and for when somebody set the fields that they own: writing it would change nothing.
 * Source: k8s.io/apiserver pkg/endpoints/handlers/fieldmanager equality.go.
 */
function isUnchanged(write: PlannedWrite): boolean {
  if (write.verb !== 'update' || write.old === undefined) return false;
  const strip = (object: AnyObject) => ({
    ...object,
    metadata: {
      ...object.metadata,
      resourceVersion: undefined,
      managedFields: withoutTime(object.metadata.managedFields),
    },
  });
  return isDeepStrictEqual(strip(write.object), strip(write.old.object));
}

/** Where the write waits for others like it. */
function laneOf(backend: Backend, { kind, verb, object, old, dryRun }: PlannedWrite): Lane | undefined {
  if (dryRun) return undefined;
  for (const hook of hooksOf(backend, kind)) {
    const lane = hook.lane?.({ verb, object, old: old?.object, dryRun });
    if (lane !== undefined) return lane;
  }
  return undefined;
}

/** Does the whole of a change, from reading to writing, where no hook changes the same object meanwhile. */
export function inOwnLane<Result>(
  { backend, stored, info }: Pick<ResourceRequest, 'backend' | 'stored' | 'info'>,
  work: () => Promise<Result>,
): Promise<Result> {
  for (const hook of backend.hooks) {
    const lane = hook.ownLane?.(stored, info.namespace);
    if (lane !== undefined) return lane.run(work);
  }
  return work();
}

/**
 * Commits a write with what its hooks add. Plans again, a bounded number of times, when something that a hook chose was
 * taken meanwhile. Throws StatusError; answers `stale` when the object itself has changed.
 */
export async function persist(backend: Backend, write: PlannedWrite): Promise<PersistResult> {
  const lane = laneOf(backend, write);
  if (lane === undefined) return commitPlanned(backend, write, writeAttemptsMax);
  return lane.run(() => commitPlanned(backend, write, laneAttemptsMax));
}

async function commitPlanned(
  backend: Backend,
  write: PlannedWrite,
  attemptsMax: number,
): Promise<PersistResult> {
  const { kind, object } = write;
  const namespace = object.metadata.namespace ?? '';
  const name = object.metadata.name ?? '';
  const key = objectKey(kind, namespace, name);
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const guard = write.verb === 'create' ? namespaceGuard(backend, kind, object) : [];
    const hooked = hookOperations(backend, write, attempt);
    if (isUnchanged(write) && hooked.every((operation) => operation.type === 'check')) {
      const { cached } = write.old as { cached: CachedObject };
      return { wire: cached.bytes, revision: cached.revision };
    }
    const value = write.verb === 'delete' ? undefined : encodeBounded(write);
    if (value !== undefined && value.length > bytesPerTurn) scanJson(value, storedShape);
    if (write.dryRun) return dryRunResult(backend, write, { key, value });
    if (value !== undefined) backend.cache.hint(value, object);
    const result = await backend.store.commit([...guard, objectOperation(write, key, value), ...hooked]);
    if (result.committed) {
      return {
        wire: wireOf(backend, { kind, key, value, revision: result.revision }),
        revision: result.revision,
      };
    }
    if (result.key !== key) {
      // Another server wrote it: the next plan must see what.
      await freshen({ backend }, '');
      continue;
    }
    if (write.verb === 'create') throw alreadyExistsError(kind, name);
    if (result.actual === 0) throw notFoundError(kind, name);
    return 'stale';
  }
  throw new StatusError(
    409,
    'Conflict',
    `the write of ${kind.plural} "${name}" was planned ${attemptsMax} times and something else was written first each time; please try again`,
  );
}

/** What the cache has made of it, as a rule before the commit was acknowledged; else the same anew. */
function wireOf(
  backend: Backend,
  {
    kind,
    key,
    value,
    revision,
  }: { kind: Kind; key: string; value: Uint8Array | undefined; revision: number },
): Uint8Array {
  if (value === undefined) return new Uint8Array();
  const cached = backend.cache.collection(kind).get(key);
  return cached?.revision === revision ? cached.bytes : encodeWire(kind, value, revision);
}

/** What a commit would have said, from the cache alone. */
function dryRunResult(
  backend: Backend,
  write: PlannedWrite,
  at: { key: string; value: Uint8Array | undefined },
): PersistResult {
  const present = backend.cache.collection(write.kind).get(at.key);
  if (write.verb === 'create' && present !== undefined) throw alreadyExistsError(write.kind, present.name);
  if (write.old !== undefined && present?.revision !== write.old.cached.revision) return 'stale';
  const revision = write.old?.cached.revision ?? 0;
  if (at.value === undefined) return { wire: new Uint8Array(), revision };
  // What is not stored has no resourceVersion: upstream's dry-run create answers without one.
  return { wire: revision === 0 ? at.value : encodeWire(write.kind, at.value, revision), revision };
}
