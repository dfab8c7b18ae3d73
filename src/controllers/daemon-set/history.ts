/** The templates a DaemonSet has had. Source of behaviour: constructHistory and cleanupHistory of Kubernetes. */
import { type Change, patch, remove, update } from '../../client/change.ts';
import { keyOf } from '../../client/object-key.ts';
import type { View } from '../../client/view.ts';
import type { ControllerRevision, DaemonSet, Pod } from '../../kinds/generated/types.ts';
import { getOwn } from '../../kinds/object.ts';
import { semanticEqual } from '../../kinds/pod/equality.ts';
import { byNumber, planUpdateRevision, templateOf } from '../revisions.ts';
import { daemonSetKind, hashLabel, hashOf } from './pods.ts';

export interface History {
  /** Of the set's template: what its new pods are labeled with. */
  readonly hash: string;
  /** Undefined when no name was ever taken. */
  readonly collisions: number | undefined;
  /** Done before pods are made. */
  readonly changes: readonly Change[];
  /** Done last: what the limit leaves no room for. */
  readonly cleanup: readonly Change[];
}

/** One that was adopted may lack the label: its name will do. */
const revisionHash = (revision: ControllerRevision): string =>
  getOwn(revision.metadata.labels, hashLabel) ?? revision.metadata.name ?? '';

const labelMissing = (revision: ControllerRevision): Change[] =>
  getOwn(revision.metadata.labels, hashLabel) !== undefined
    ? []
    : [
        update('ControllerRevision', {
          ...revision,
          metadata: {
            ...revision.metadata,
            labels: { ...revision.metadata.labels, [hashLabel]: revisionHash(revision) },
          },
        }),
      ];

/** `known` are those that the set controls, `pods` its pods, those that have ended included. */
export function planHistory(
  set: DaemonSet,
  known: readonly ControllerRevision[],
  { pods, view }: { pods: readonly Pod[]; view: View },
): History {
  const unlabeled = known.flatMap(labelMissing);
  const template = set.spec?.template ?? {};
  const owner = {
    object: set,
    ownerKind: daemonSetKind,
    template,
    hashLabel,
    collisions: set.status?.collisionCount,
  };
  const { revision, collisions, changes } = planUpdateRevision(owner, known, view);
  const hash = revisionHash(revision);
  const others = known.filter((each) => each.metadata.uid !== revision.metadata.uid);
  const doubles = others.filter((each) => semanticEqual(templateOf(each), template));
  const old = others.filter((each) => !doubles.includes(each));
  return {
    hash,
    collisions: collisions === 0 ? set.status?.collisionCount : collisions,
    // A label is written first; the other changes of a revision then see it.
    changes: unlabeled.length > 0 ? unlabeled : [...changes, ...removeDoubles(doubles, { pods, hash })],
    cleanup: truncate(set, old, pods),
  };
}

/** Revisions of the same template become one, and their pods are its pods. */
function removeDoubles(
  doubles: readonly ControllerRevision[],
  { pods, hash }: { pods: readonly Pod[]; hash: string },
): Change[] {
  const hashes = new Set(doubles.map(revisionHash));
  const relabeled = pods
    .filter((pod) => hashes.has(hashOf(pod)))
    .map((pod) =>
      patch('Pod', keyOf(pod), {
        patch: { metadata: { uid: pod.metadata.uid, labels: { [hashLabel]: hash } } },
      }),
    );
  return [...relabeled, ...doubles.map((double) => remove('ControllerRevision', double))];
}

/** The oldest go, but for those that pods are still of. */
function truncate(set: DaemonSet, old: readonly ControllerRevision[], pods: readonly Pod[]): Change[] {
  const surplus = old.length - (set.spec?.revisionHistoryLimit ?? 10);
  if (surplus <= 0) return [];
  const live = new Set(pods.map(hashOf));
  return byNumber(old)
    .filter((revision) => !live.has(revisionHash(revision)))
    .slice(0, surplus)
    .map((revision) => remove('ControllerRevision', revision));
}
