/**
 * The templates a StatefulSet has had, kept as ControllerRevisions. Source of behaviour: pkg/controller/history and
 * getStatefulSetRevisions of Kubernetes.
 */
import { type Change, create, remove, update } from '../../client/change.ts';
import type { View } from '../../client/view.ts';
import type { ControllerRevision, Pod, PodTemplateSpec, StatefulSet } from '../../kinds/generated/types.ts';
import { semanticEqual } from '../../kinds/pod/equality.ts';
import { templateHash } from '../deployment/template-hash.ts';
import { controllerReference } from '../owner.ts';
import { revisionOf, statefulSetKind } from './identity.ts';

const hashLabel = 'controller.kubernetes.io/hash';

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

/** A strategic patch of the set that `$patch: replace` makes whole. */
function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { $patch: _patch, ...template } =
    (data as { spec?: { template?: PodTemplateSpec & { $patch?: string } } })?.spec?.template ?? {};
  return template;
}

const numberOf = ({ revision }: ControllerRevision): number => revision ?? 0;

function newRevision(
  set: StatefulSet,
  { name, hash, revision }: { name: string; hash: string; revision: number },
): ControllerRevision {
  const template = structuredClone(set.spec?.template ?? {});
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name,
      namespace: set.metadata.namespace,
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      ...(set.metadata.annotations === undefined ? {} : { annotations: { ...set.metadata.annotations } }),
      ownerReferences: [controllerReference(set, statefulSetKind)],
    },
    data: { spec: { template: { $patch: 'replace', ...template } } },
    revision,
  };
}

/** `known` are those that the set controls. */
export function planRevisions(set: StatefulSet, known: readonly ControllerRevision[], view: View): Revisions {
  const sorted = known.toSorted((left, right) => numberOf(left) - numberOf(right));
  const template = set.spec?.template ?? {};
  const newest = sorted.at(-1);
  const next = newest === undefined ? 1 : numberOf(newest) + 1;
  const same = sorted.findLast((revision) => semanticEqual(templateOf(revision), template));
  let collisions = set.status?.collisionCount ?? 0;
  const changes: Change[] = [];
  let name = same?.metadata.name ?? '';
  if (same === undefined) {
    let hash: string;
    do {
      hash = templateHash(template, collisions);
      name = `${set.metadata.name}-${hash}`;
    } while (
      view.get('ControllerRevision', `${set.metadata.namespace}/${name}`) !== undefined &&
      ++collisions
    );
    changes.push(create('ControllerRevision', newRevision(set, { name, hash, revision: next })));
  } else if (same !== newest)
    // A template that comes back is the newest again.
    changes.push(update('ControllerRevision', { ...same, revision: next }));
  const updated = { name, template };
  const current = sorted.find(({ metadata }) => metadata.name === set.status?.currentRevision);
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
  const history = known
    .filter(({ metadata }) => !live.has(metadata.name ?? ''))
    .toSorted((left, right) => numberOf(left) - numberOf(right));
  if (limit < 0 || history.length <= limit) return [];
  return history.slice(0, history.length - limit).map((revision) => remove('ControllerRevision', revision));
}
