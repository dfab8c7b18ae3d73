/**
 * The templates that an owner of pods has had, kept as ControllerRevisions: what StatefulSets and DaemonSets have in
 * common. Source of behaviour: pkg/controller/history and pkg/controller/daemon/update.go of Kubernetes.
 */
import { type Change, create, update } from '../client/change.ts';
import type { View } from '../client/view.ts';
import type { ControllerRevision, PodTemplateSpec } from '../kinds/generated/types.ts';
import { type KubeObject, setOwn } from '../kinds/object.ts';
import { semanticEqual } from '../kinds/pod/equality.ts';
import { templateHash } from './deployment/template-hash.ts';
import { controllerReference, type OwnerKind } from './owner.ts';

export interface RevisionOwner {
  readonly object: KubeObject;
  readonly ownerKind: OwnerKind;
  readonly template: PodTemplateSpec;
  /** Of its revisions: where their hash stands. */
  readonly hashLabel: string;
  /** status.collisionCount */
  readonly collisions: number | undefined;
}

export interface UpdateRevision {
  /** The revision of the owner's template: as it is, or as it is made by `changes`. */
  readonly revision: ControllerRevision;
  /** How often its name was taken by another. */
  readonly collisions: number;
  readonly changes: readonly Change[];
}

const numberOf = ({ revision }: ControllerRevision): number => revision ?? 0;

/** The oldest first. */
export const byNumber = (revisions: readonly ControllerRevision[]): ControllerRevision[] =>
  revisions.toSorted((left, right) => numberOf(left) - numberOf(right));

/** A revision's data is a strategic patch of the owner that `$patch: replace` makes whole. */
export function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { $patch: _patch, ...template } =
    (data as { spec?: { template?: PodTemplateSpec & { $patch?: string } } })?.spec?.template ?? {};
  return template;
}

/** As Go writes a map: kubectl compares its own text with this one, byte by byte, to see whether a rollback is one. */
function sorted<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(sorted) as Value;
  if (typeof value !== 'object' || value === null) return value;
  const result = {};
  for (const key of Object.keys(value).sort()) setOwn(result, key, sorted(value[key as keyof Value]));
  return result as Value;
}

function newRevision(
  { object, ownerKind, template, hashLabel }: RevisionOwner,
  { hash, revision }: { hash: string; revision: number },
): ControllerRevision {
  const { name, namespace, annotations } = object.metadata;
  const labels = { ...template.metadata?.labels };
  setOwn(labels, hashLabel, hash);
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels,
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      ownerReferences: [controllerReference(object, ownerKind)],
    },
    data: sorted({ spec: { template: { $patch: 'replace', ...template } } }),
    revision,
  };
}

function makeRevision(owner: RevisionOwner, number: number, view: View): UpdateRevision {
  let { collisions } = owner;
  for (;;) {
    const hash = templateHash(owner.template, collisions);
    const revision = newRevision(owner, { hash, revision: number });
    const { namespace, name } = revision.metadata;
    if (view.get('ControllerRevision', `${namespace}/${name}`) === undefined)
      return { revision, collisions: collisions ?? 0, changes: [create('ControllerRevision', revision)] };
    collisions = (collisions ?? 0) + 1;
  }
}

/** `known` are those that the owner controls. A template that comes back is the newest again. */
export function planUpdateRevision(
  owner: RevisionOwner,
  known: readonly ControllerRevision[],
  view: View,
): UpdateRevision {
  const ordered = byNumber(known);
  const newest = ordered.at(-1);
  const next = newest === undefined ? 1 : numberOf(newest) + 1;
  const same = ordered.findLast((revision) => semanticEqual(templateOf(revision), owner.template));
  if (same === undefined) return makeRevision(owner, next, view);
  const changes = same === newest ? [] : [update('ControllerRevision', { ...same, revision: next })];
  return { revision: same, collisions: owner.collisions ?? 0, changes };
}
