/**
 * Which pods of a StatefulSet are made and deleted now: in order, one after the other, unless the set is Parallel.
 * Source of behaviour: pkg/controller/statefulset/stateful_set_control.go of Kubernetes.
 */
import { type Change, create, type EventText, patch, referenceTo, remove } from '../../client/change.ts';
import { keyOf } from '../../client/object-key.ts';
import type { View } from '../../client/view.ts';
import type { Pod, StatefulSet } from '../../kinds/generated/types.ts';
import { getOwn } from '../../kinds/object.ts';
import { isReady, isTerminal, millisecondsToAvailable } from '../pods.ts';
import { createClaims, hasStaleClaim, retainClaims } from './claims.ts';
import { identityLabels, isInRange, newPod, ordinalOf, revisionOf, startOf } from './identity.ts';
import type { Revisions } from './revisions.ts';

export interface Plan {
  readonly changes: Change[];
  /** Pods of the current revision that are deleted for the update. */
  readonly outdated: number;
}

interface Replica {
  readonly ordinal: number;
  readonly pod: Pod;
  readonly exists: boolean;
}

interface Situation {
  readonly set: StatefulSet;
  readonly view: View;
  readonly isOrdered: boolean;
  readonly revisions: Revisions;
}

export const isRunningAndReady = (pod: Pod): boolean => pod.status?.phase === 'Running' && isReady(pod);

export const isAvailable = (pod: Pod, set: StatefulSet, now: number): boolean =>
  isRunningAndReady(pod) &&
  millisecondsToAvailable(pod, { minReadySeconds: set.spec?.minReadySeconds ?? 0, now }) === 0;

const isGoing = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;

/** Available, and going to stay so. */
const isHealthy = ({ pod }: Replica, { set, view }: Situation): boolean =>
  isAvailable(pod, set, view.now()) && !isGoing(pod);

function told(
  set: StatefulSet,
  verb: 'create' | 'delete',
  podName = '',
): Record<'onSuccess' | 'onFailure', EventText> {
  const regarding = referenceTo('StatefulSet', set);
  const what = `${verb} Pod ${podName} in StatefulSet ${set.metadata.name}`;
  const suffix = verb === 'create' ? 'Create' : 'Delete';
  return {
    onSuccess: { regarding, type: 'Normal', reason: `Successful${suffix}`, message: `${what} successful` },
    onFailure: {
      regarding,
      type: 'Warning',
      reason: `Failed${suffix}`,
      message: `${what} failed error: {error}`,
    },
  };
}

const deletePod = (set: StatefulSet, pod: Pod): Change =>
  remove('Pod', pod, told(set, 'delete', pod.metadata.name));

/** A pod that is missing is made at the current revision below the partition, else at the new one. */
function missingReplica({ set, revisions }: Situation, ordinal: number): Replica {
  const { updateStrategy } = set.spec ?? {};
  const kept = updateStrategy?.rollingUpdate?.partition ?? set.status?.currentReplicas ?? 0;
  const isCurrent =
    updateStrategy?.type === 'RollingUpdate' &&
    ordinal <
      startOf(set) +
        (updateStrategy.rollingUpdate == null ? kept : (updateStrategy.rollingUpdate.partition ?? 0));
  const { template, name: revision } = isCurrent ? revisions.current : revisions.update;
  return { ordinal, pod: newPod(set, { ordinal, template, revision }), exists: false };
}

interface Step {
  readonly changes: readonly Change[];
  /** Nothing after it is done now. */
  readonly stop: boolean;
}

function labelsStep({ pod, ordinal }: Replica): Change[] {
  const labels = identityLabels(pod, ordinal);
  const isSame = Object.entries(labels).every(([key, value]) => getOwn(pod.metadata.labels, key) === value);
  return isSame ? [] : [patch('Pod', keyOf(pod), { patch: { metadata: { uid: pod.metadata.uid, labels } } })];
}

function replicaStep(replica: Replica, situation: Situation): Step {
  const { set, view, isOrdered } = situation;
  const { pod, ordinal, exists } = replica;
  const options = { pod, ordinal, view };
  if (!exists) {
    if (hasStaleClaim(set, options)) return { changes: [], stop: true };
    const created = create('Pod', pod, told(set, 'create', pod.metadata.name));
    return { changes: [...createClaims(set, options), created], stop: isOrdered };
  }
  if (isTerminal(pod)) return { changes: isGoing(pod) ? [] : [deletePod(set, pod)], stop: true };
  const claims = pod.status?.phase === 'Pending' ? createClaims(set, options) : [];
  if (isOrdered && !isHealthy(replica, situation)) return { changes: claims, stop: true };
  return { changes: [...claims, ...retainClaims(set, options), ...labelsStep(replica)], stop: false };
}

function condemnedStep(replica: Replica, situation: Situation, firstUnhealthy: Replica | undefined): Step {
  const { set, view, isOrdered } = situation;
  const { pod, ordinal } = replica;
  if (isGoing(pod)) return { changes: [], stop: isOrdered };
  const isInTheWay = isOrdered && !isAvailable(pod, set, view.now()) && replica !== firstUnhealthy;
  if (isInTheWay) return { changes: [], stop: true };
  return { changes: [...retainClaims(set, { pod, ordinal, view }), deletePod(set, pod)], stop: isOrdered };
}

/** At most so many pods are away for an update. */
function maxUnavailable({ spec }: StatefulSet): number {
  const most = spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1;
  if (typeof most === 'number') return Math.max(1, most);
  return Math.max(1, Math.floor((Number.parseInt(most, 10) * (spec?.replicas ?? 1)) / 100));
}

/** Deletes outdated pods from the last to the first; they come back at the new revision. */
function updateSteps(replicas: readonly Replica[], situation: Situation): Pod[] {
  const { set, revisions } = situation;
  const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  const most = maxUnavailable(set);
  const isOutdated = ({ pod, exists }: Replica) =>
    exists && revisionOf(pod) !== revisions.update.name && !isGoing(pod);
  const targets = replicas.slice(partition).toReversed();
  if (most === 1) {
    const target = targets.find((each) => isOutdated(each) || !isHealthy(each, situation));
    return target !== undefined && isOutdated(target) ? [target.pod] : [];
  }
  const room = most - replicas.filter((each) => !isHealthy(each, situation)).length;
  return targets
    .filter(isOutdated)
    .slice(0, Math.max(0, room))
    .map(({ pod }) => pod);
}

export function planPods(
  set: StatefulSet,
  pods: readonly Pod[],
  options: { revisions: Revisions; view: View },
): Plan {
  const isOrdered = set.spec?.podManagementPolicy !== 'Parallel';
  const situation = { set, isOrdered, ...options };
  const existing = pods.flatMap((pod): Replica[] => {
    const ordinal = ordinalOf(set, pod);
    return ordinal === undefined ? [] : [{ ordinal, pod, exists: true }];
  });
  const byOrdinal = new Map(existing.map((each) => [each.ordinal, each]));
  const replicas = Array.from({ length: set.spec?.replicas ?? 1 }, (_, index) => {
    const ordinal = startOf(set) + index;
    return byOrdinal.get(ordinal) ?? missingReplica(situation, ordinal);
  });
  const condemned = existing
    .filter(({ ordinal }) => !isInRange(set, ordinal))
    .toSorted((left, right) => right.ordinal - left.ordinal);
  const firstUnhealthy = [...replicas, ...condemned.toReversed()].find((each) => !isHealthy(each, situation));
  const changes: Change[] = [];
  const steps = [
    ...replicas.map((each) => () => replicaStep(each, situation)),
    ...condemned.map((each) => () => condemnedStep(each, situation, firstUnhealthy)),
  ];
  for (const step of steps) {
    const { changes: more, stop } = step();
    changes.push(...more);
    if (stop && isOrdered) return { changes, outdated: 0 };
  }
  if (set.spec?.updateStrategy?.type === 'OnDelete') return { changes, outdated: 0 };
  const outdated = updateSteps(replicas, situation);
  changes.push(...outdated.map((pod) => deletePod(set, pod)));
  return {
    changes,
    outdated: outdated.filter((pod) => revisionOf(pod) === options.revisions.current.name).length,
  };
}
