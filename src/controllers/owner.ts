/**
 * Who controls what: an object that matches a selector and has no controller is adopted, one that no longer matches is
 * released. Source of behaviour: pkg/controller/controller_ref_manager.go of Kubernetes.
 */
import { type Change, patch } from '../client/change.ts';
import type { KindName, ObjectOf } from '../client/kind-names.ts';
import { keyOf } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type { LabelSelector, OwnerReference } from '../kinds/generated/types.ts';
import { selectorMatcher, selectorMatches } from '../kinds/label-selector.ts';
import type { KubeObject } from '../kinds/object.ts';

export interface OwnerKind {
  readonly apiVersion: string;
  readonly kind: string;
}

export const controllerOfObject = (object: KubeObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find(({ controller }) => controller === true);

/** Index of objects that nobody controls, by namespace: those that may be adopted. */
export const orphanNamespace = (object: KubeObject): readonly string[] =>
  controllerOfObject(object) === undefined ? [object.metadata.namespace ?? ''] : [];

/** What the owner controls, and what of its namespace nobody does. Needs the index `orphanNamespace` on the kind. */
export function ownedAndOrphaned<Name extends KindName>(
  kind: Name,
  owner: KubeObject,
  view: View,
): ObjectOf<Name>[] {
  const owned = view.byIndex(kind, 'controllerUid', owner.metadata.uid ?? '');
  const orphaned = view.byIndex(kind, 'orphanNamespace', owner.metadata.namespace ?? '');
  return orphaned.length === 0 ? owned : [...owned, ...orphaned];
}

export function controllerReference(owner: KubeObject, { apiVersion, kind }: OwnerKind): OwnerReference {
  const { name = '', uid = '' } = owner.metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

export interface Claim<Type> {
  /** What the owner controls, what it adopts included. */
  readonly claimed: readonly Type[];
  /** The patches that adopt and release. */
  readonly changes: readonly Change[];
}

/** The uid in the patch is a precondition: an object of the same name that came later is left alone. */
const ownerPatch = (kind: KindName, object: KubeObject, ownerReference: object): Change =>
  patch(kind, keyOf(object), {
    patchType: 'strategic',
    patch: { metadata: { ownerReferences: [ownerReference], uid: object.metadata.uid } },
  });

/** Decides for each object, which must be in the owner's namespace. An owner that is being deleted adopts and releases nothing. */
export function claimObjects<Type extends KubeObject>(
  objects: readonly Type[],
  options: {
    readonly owner: KubeObject;
    readonly ownerKind: OwnerKind;
    readonly kind: KindName;
    readonly selector: LabelSelector | undefined;
  },
): Claim<Type> {
  const { owner, ownerKind, kind, selector } = options;
  const isOwnerGoing = owner.metadata.deletionTimestamp !== undefined;
  const isSelected = selectorMatcher(selector);
  const claimed: Type[] = [];
  const changes: Change[] = [];
  for (const object of objects) {
    const controller = controllerOfObject(object);
    const matches = isSelected(object.metadata.labels);
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (matches) claimed.push(object);
      else if (!isOwnerGoing)
        changes.push(ownerPatch(kind, object, { $patch: 'delete', uid: owner.metadata.uid }));
    } else if (matches && !isOwnerGoing && object.metadata.deletionTimestamp === undefined) {
      claimed.push(object);
      changes.push(ownerPatch(kind, object, controllerReference(owner, ownerKind)));
    }
  }
  return { claimed, changes };
}

/** Keys of the controller of an object; of those that could adopt it when it has none. */
export function ownersOf<Owner extends KubeObject>(options: {
  readonly ownerKind: OwnerKind;
  readonly selectorOf: (owner: Owner) => LabelSelector | undefined;
  readonly list: (namespace: string) => readonly Owner[];
}): (object: KubeObject) => string[] {
  const { ownerKind, selectorOf, list } = options;
  return (object) => {
    const { namespace = '', labels } = object.metadata;
    const controller = controllerOfObject(object);
    if (controller !== undefined)
      return controller.kind === ownerKind.kind && controller.apiVersion === ownerKind.apiVersion
        ? [`${namespace}/${controller.name}`]
        : [];
    if (Object.keys(labels ?? {}).length === 0) return [];
    return list(namespace)
      .filter((owner) => selectorMatches(selectorOf(owner), labels))
      .map(keyOf);
  };
}
