/** The templates a StatefulSet has had. Source of behaviour: getStatefulSetRevisions of Kubernetes. */
import { type Change, remove } from '../../client/change.ts';
import type { View } from '../../client/view.ts';
import type { ControllerRevision, Pod, PodTemplateSpec, StatefulSet } from '../../kinds/generated/types.ts';
import { byNumber, planUpdateRevision, templateOf } from '../revisions.ts';
import { revisionOf, statefulSetKind } from './identity.ts';

export interface Revision {
  readonly name: string;
  readonly template: PodTemplateSpec;
}

export interface Revisions {
  readonly current: Revision;
  readonly update: Revision;
  readonly collisions: number;
  readonly changes: readonly Change[];
}

/** `known` are those that the set controls. */
export function planRevisions(set: StatefulSet, known: readonly ControllerRevision[], view: View): Revisions {
  const template = set.spec?.template ?? {};
  const owner = {
    object: set,
    ownerKind: statefulSetKind,
    template,
    hashLabel: 'controller.kubernetes.io/hash',
    collisions: set.status?.collisionCount ?? 0,
  };
  const { revision, collisions, changes } = planUpdateRevision(owner, known, view);
  const updated = { name: revision.metadata.name ?? '', template };
  const current = known.find(({ metadata }) => metadata.name === set.status?.currentRevision);
  return {
    current:
      current === undefined ? updated : { name: current.metadata.name ?? '', template: templateOf(current) },
    update: updated,
    collisions,
    changes,
  };
}

/** Deletes the oldest of those that nothing uses, beyond the limit. */
export function truncateHistory(
  set: StatefulSet,
  known: readonly ControllerRevision[],
  { revisions, pods }: { revisions: Revisions; pods: readonly Pod[] },
): Change[] {
  const limit = set.spec?.revisionHistoryLimit ?? 10;
  const live = new Set([revisions.current.name, revisions.update.name, ...pods.map(revisionOf)]);
  const history = byNumber(known).filter(({ metadata }) => !live.has(metadata.name ?? ''));
  if (limit < 0 || history.length <= limit) return [];
  return history.slice(0, history.length - limit).map((revision) => remove('ControllerRevision', revision));
}
