/**
 * Nothing owned survives its owner. An object whose owners are all gone is deleted; one that has owners left loses the
 * references to those that are gone; an owner that is deleted in the foreground waits for its dependents, one that
 * orphans them lets them go first. Source: pkg/controller/garbagecollector.
 */
import { type Change, patch, remove } from '../client/change.ts';
import { defineController, type KeyMap } from '../client/controller.ts';
import { type KindName, kindNamed, kindNameOf, kindNames } from '../client/kind-names.ts';
import { keyOf, objectKey } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type { OwnerReference } from '../kinds/generated/types.ts';
import type { KubeObject } from '../kinds/object.ts';
import { orphanedAtOnceMax } from './limits.ts';

const foreground = 'foregroundDeletion';
const orphan = 'orphan';

/** Events name what they are about, own nothing and are owned by nothing; upstream ignores them too. */
const collectedKinds = kindNames.filter((name) => name !== 'Event');

/** `Pod default/web`: one queue for all kinds. */
const graphKey = (kind: KindName, object: KubeObject): string => `${kind} ${keyOf(object)}`;

function parseGraphKey(key: string): { kind: KindName; key: string } {
  const blank = key.indexOf(' ');
  return { kind: key.slice(0, blank) as KindName, key: key.slice(blank + 1) };
}

interface Dependent {
  readonly kind: KindName;
  readonly object: KubeObject;
}

function dependentsOf(view: View, owner: KubeObject): Dependent[] {
  const uid = owner.metadata.uid ?? '';
  return collectedKinds.flatMap((kind) =>
    (view.byIndex(kind, 'ownerUid', uid) as KubeObject[]).map((object) => ({ kind, object })),
  );
}

const finalizersOf = (object: KubeObject): readonly string[] => object.metadata.finalizers ?? [];
const isDeleting = (object: KubeObject): boolean => object.metadata.deletionTimestamp !== undefined;
const waitsForDependents = (object: KubeObject): boolean =>
  isDeleting(object) && finalizersOf(object).includes(foreground);

interface Owner {
  readonly reference: OwnerReference;
  readonly kind: KindName;
  readonly key: string;
  /** In the cache, with the uid that the reference means. */
  readonly object: KubeObject | undefined;
}

/** The owner a reference means; undefined when it is of a kind this server does not have, which is left alone. */
function ownerOf(view: View, object: KubeObject, reference: OwnerReference): Owner | undefined {
  const kind = kindNameOf(reference.apiVersion, reference.kind);
  if (kind === undefined || kind === 'Event') return undefined;
  const namespaced = kindNamed(kind).scope === 'Namespaced';
  // A cluster-wide object cannot have an owner in a namespace: nobody could say in which.
  if (namespaced && object.metadata.namespace === undefined) return undefined;
  const key = objectKey(namespaced ? object.metadata.namespace : undefined, reference.name);
  const found = view.get(kind, key) as KubeObject | undefined;
  return { reference, kind, key, object: found?.metadata.uid === reference.uid ? found : undefined };
}

/** Its own key; its owners' when they wait for it; its dependents' when it goes. */
function keysConcerned(kind: KindName): KeyMap<KubeObject> {
  return (object, view, change) => {
    const keys = [graphKey(kind, object)];
    for (const reference of object.metadata.ownerReferences ?? []) {
      const owner = ownerOf(view, object, reference);
      if (owner?.object !== undefined && isDeleting(owner.object))
        keys.push(graphKey(owner.kind, owner.object));
    }
    if (change.type === 'delete' || isDeleting(object))
      for (const dependent of dependentsOf(view, object))
        keys.push(graphKey(dependent.kind, dependent.object));
    return keys;
  };
}

/** Unless the object is as it was read, the patch is refused and planned again. */
function patchMetadata(kind: KindName, object: KubeObject, metadata: object): Change {
  const { uid, resourceVersion } = object.metadata;
  return patch(kind, keyOf(object), { patch: { metadata: { uid, resourceVersion, ...metadata } } });
}

function withoutOwners(dependent: Dependent, gone: (reference: OwnerReference) => boolean): Change {
  const left = (dependent.object.metadata.ownerReferences ?? []).filter((reference) => !gone(reference));
  return patchMetadata(dependent.kind, dependent.object, { ownerReferences: left.length > 0 ? left : null });
}

function withoutFinalizer(kind: KindName, object: KubeObject, finalizer: string): Change {
  const left = finalizersOf(object).filter((each) => each !== finalizer);
  return patchMetadata(kind, object, { finalizers: left.length > 0 ? left : null });
}

/**
 * Dependents first, the finalizer last: when one of them fails, the owner stays and it is done again. Of very many some at
 * a time: what is written wakes the owner.
 */
function orphanDependents(view: View, kind: KindName, owner: KubeObject): Change[] {
  const { uid } = owner.metadata;
  const dependents = dependentsOf(view, owner);
  const released = dependents
    .slice(0, orphanedAtOnceMax)
    .map((dependent) => withoutOwners(dependent, (each) => each.uid === uid));
  return released.length < dependents.length
    ? released
    : [...released, withoutFinalizer(kind, owner, orphan)];
}

const blocks = (dependent: Dependent, owner: KubeObject): boolean =>
  (dependent.object.metadata.ownerReferences ?? []).some(
    (reference) => reference.uid === owner.metadata.uid && reference.blockOwnerDeletion === true,
  );

/** An owner in foreground deletion goes when no dependent that blocks it is left. Each dependent's own turn deletes it. */
function awaitDependents(view: View, kind: KindName, owner: KubeObject): Change[] {
  const blocked = dependentsOf(view, owner).some((dependent) => blocks(dependent, owner));
  return blocked ? [] : [withoutFinalizer(kind, owner, foreground)];
}

/** The server is asked: the cache may only be behind. */
const requireAbsent = ({ kind, key, reference }: Owner): Change => ({
  type: 'requireAbsent',
  kind,
  key,
  uid: reference.uid,
});

/** What the object itself asked for, when it goes on its own account. */
function ownPropagation(object: KubeObject): 'Orphan' | 'Foreground' | 'Background' {
  if (finalizersOf(object).includes(orphan)) return 'Orphan';
  return finalizersOf(object).includes(foreground) ? 'Foreground' : 'Background';
}

function collect(view: View, kind: KindName, object: KubeObject): Change[] {
  const references = object.metadata.ownerReferences ?? [];
  if (references.length === 0) return [];
  const owners = references.map((reference) => ownerOf(view, object, reference));
  const known = owners.filter((owner) => owner !== undefined);
  const dangling = known.filter((owner) => owner.object === undefined);
  const waiting = known.filter((owner) => owner.object !== undefined && waitsForDependents(owner.object));
  const solid = references.length - dangling.length - waiting.length;
  const gone = new Set([...dangling, ...waiting].map((owner) => owner.reference.uid));
  if (gone.size === 0) return [];
  const sure = dangling.map(requireAbsent);
  if (solid > 0) return [...sure, withoutOwners({ kind, object }, (reference) => gone.has(reference.uid))];
  const dependents = waiting.length > 0 ? dependentsOf(view, object) : [];
  if (dependents.length === 0) return [...sure, removeObject(kind, object, ownPropagation(object))];
  const isCircle = dependents.some((dependent) => waitsForDependents(dependent.object));
  return isCircle && references.some(({ blockOwnerDeletion }) => blockOwnerDeletion === true)
    ? [...sure, withoutBlocking(kind, object)]
    : [...sure, removeObject(kind, object, 'Foreground')];
}

/** Where owners wait for each other in a circle nobody would ever go: this one lets its owners go before it. */
function withoutBlocking(kind: KindName, object: KubeObject): Change {
  const ownerReferences = object.metadata.ownerReferences?.map((reference) =>
    reference.blockOwnerDeletion === true ? { ...reference, blockOwnerDeletion: false } : reference,
  );
  return patchMetadata(kind, object, { ownerReferences });
}

/** As it was read: one that has got another owner since, or has been let go, is looked at again. */
function removeObject(
  kind: KindName,
  object: KubeObject,
  propagationPolicy: 'Orphan' | 'Foreground' | 'Background',
): Change {
  const { resourceVersion } = object.metadata;
  return remove(kind, object as never, { propagationPolicy, preconditions: { resourceVersion } });
}

export const garbageCollector = defineController({
  name: 'garbage-collector',
  eventSource: 'garbage-collector-controller',
  concurrency: 20,
  watches: Object.fromEntries(collectedKinds.map((kind) => [kind, keysConcerned(kind)])),
  reconcile(graph, view) {
    const { kind, key } = parseGraphKey(graph);
    const object = view.get(kind, key) as KubeObject | undefined;
    if (object === undefined) return [];
    if (!isDeleting(object)) return collect(view, kind, object);
    if (finalizersOf(object).includes(orphan)) return orphanDependents(view, kind, object);
    if (finalizersOf(object).includes(foreground)) return awaitDependents(view, kind, object);
    return [];
  },
});
