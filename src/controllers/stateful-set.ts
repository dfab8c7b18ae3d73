/** StatefulSets: pods with a name and claims of their own. Source of behaviour: pkg/controller/statefulset of Kubernetes. */
import { isDeepStrictEqual } from 'node:util';
import { type Change, requeueAfter, updateStatus } from '../client/change.ts';
import { type Controller, controllerOf, defineController, self } from '../client/controller.ts';
import { keyOf } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type { PersistentVolumeClaim, Pod, StatefulSet, StatefulSetStatus } from '../kinds/generated/types.ts';
import { isUsableSelector } from '../kinds/label-selector.ts';
import { claimObjects, ownersOf } from './owner.ts';
import { millisecondsToAvailable, orphanNamespace, ownedAndOrphanedPods } from './pods.ts';
import { unlessZero } from './replicas.ts';
import { ordinalOf, revisionOf, statefulSetKind } from './stateful-set/identity.ts';
import { isAvailable, isRunningAndReady, type Plan, planPods } from './stateful-set/plan.ts';
import { planRevisions, type Revisions, truncateHistory } from './stateful-set/revisions.ts';

function statusOf(
  set: StatefulSet,
  pods: readonly Pod[],
  { revisions, outdated, now }: { revisions: Revisions; outdated: number; now: number },
): StatefulSetStatus {
  const { conditions } = set.status ?? {};
  const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const at = (revision: string) => staying.filter((pod) => revisionOf(pod) === revision).length;
  const readyReplicas = pods.filter(isRunningAndReady).length;
  const updatedReplicas = at(revisions.update.name);
  const wanted = set.spec?.replicas ?? 1;
  // When all are ready and at the new revision, it becomes the current one.
  const isComplete =
    set.spec?.updateStrategy?.type === 'RollingUpdate' &&
    [updatedReplicas, readyReplicas, pods.length].every((count) => count === wanted);
  const current = isComplete ? revisions.update.name : revisions.current.name;
  return {
    replicas: pods.length,
    ...unlessZero('readyReplicas', readyReplicas),
    ...unlessZero('currentReplicas', Math.max(0, at(current) - outdated)),
    ...unlessZero('updatedReplicas', updatedReplicas),
    availableReplicas: pods.filter((pod) => isAvailable(pod, set, now)).length,
    ...unlessZero('observedGeneration', set.metadata.generation ?? 0),
    currentRevision: current,
    updateRevision: revisions.update.name,
    collisionCount: revisions.collisions,
    ...(conditions === undefined ? {} : { conditions }),
  };
}

/** A pod becomes available by time alone: come again when the next one does. */
function untilAvailable(set: StatefulSet, pods: readonly Pod[], now: number): Change[] {
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const waits = pods
    .map((pod) => millisecondsToAvailable(pod, { minReadySeconds, now }) ?? 0)
    .filter((wait) => wait > 0);
  return waits.length === 0 ? [] : [requeueAfter(Math.min(...waits))];
}

function planStatefulSet(set: StatefulSet, view: View): Change[] {
  const now = view.now();
  const { selector } = set.spec ?? {};
  const owned = { owner: set, ownerKind: statefulSetKind, selector };
  const candidates = ownedAndOrphanedPods(view, set).filter((pod) => ordinalOf(set, pod) !== undefined);
  const { claimed: pods, changes: podClaims } = claimObjects(candidates, { ...owned, kind: 'Pod' });
  const { claimed: known, changes: revisionClaims } = claimObjects(
    view.list('ControllerRevision', { namespace: set.metadata.namespace }),
    { ...owned, kind: 'ControllerRevision' },
  );
  const revisions = planRevisions(set, known, view);
  const isGoing = set.metadata.deletionTimestamp !== undefined;
  const plan: Plan = isGoing ? { changes: [], outdated: 0 } : planPods(set, pods, { revisions, view });
  const status = statusOf(set, pods, { revisions, outdated: plan.outdated, now });
  return [
    ...podClaims,
    ...revisionClaims,
    // The garbage collector takes away the revisions of a set that is going: it must not find new ones for ever.
    ...(isGoing ? [] : revisions.changes),
    ...(isDeepStrictEqual(status, set.status ?? {}) ? [] : [updateStatus('StatefulSet', { ...set, status })]),
    ...plan.changes,
    ...(isGoing ? [] : truncateHistory(set, known, { revisions, pods })),
    ...untilAvailable(set, pods, now),
  ];
}

/** A claim that is gone lets its pod be made again. */
function claimants({ metadata }: PersistentVolumeClaim, view: View): string[] {
  const { namespace, name = '' } = metadata;
  return view
    .list('StatefulSet', { namespace })
    .filter((set) =>
      set.spec?.volumeClaimTemplates?.some((template) =>
        name.startsWith(`${template.metadata.name}-${set.metadata.name}-`),
      ),
    )
    .map(keyOf);
}

export const statefulSet: Controller = defineController({
  name: 'stateful-set',
  eventSource: 'statefulset-controller',
  watches: {
    StatefulSet: self,
    Pod: (pod, view) =>
      ownersOf<StatefulSet>({
        ownerKind: statefulSetKind,
        selectorOf: ({ spec }) => spec?.selector,
        list: (namespace) => view.list('StatefulSet', { namespace }),
      })(pod),
    ControllerRevision: controllerOf('StatefulSet'),
    PersistentVolumeClaim: claimants,
  },
  indexes: { Pod: { orphanNamespace } },
  reconcile(key, view) {
    const found = view.get('StatefulSet', key);
    if (found?.spec?.selector === undefined || !isUsableSelector(found.spec.selector)) return [];
    return planStatefulSet(found, view);
  },
});
