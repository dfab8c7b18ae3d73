/** The status of a Deployment. Source of behaviour and wording: pkg/controller/deployment/{sync,progress}.go of Kubernetes. */
import type {
  Deployment,
  DeploymentCondition,
  DeploymentStatus,
  ReplicaSet,
} from '../../kinds/generated/types.ts';
import { timeOf } from '../pods.ts';
import { unlessZero } from '../replicas.ts';
import { conditionOf, makeCondition, reasons, withCondition, withoutCondition } from './conditions.ts';
import type { Rollout } from './rollout.ts';
import { maxUnavailable, totalSize, wantedReplicas } from './surge.ts';

const int32Max = 2 ** 31 - 1;

type Count = 'replicas' | 'readyReplicas' | 'availableReplicas';
const sum = (sets: readonly ReplicaSet[], count: Count): number =>
  sets.reduce((total, { status }) => total + (status?.[count] ?? 0), 0);

export const availableOf = (sets: readonly ReplicaSet[]): number => sum(sets, 'availableReplicas');
export const actualOf = (sets: readonly ReplicaSet[]): number => sum(sets, 'replicas');

/** Unknown as long as one replica set has not told. */
function terminatingOf(sets: readonly ReplicaSet[]): { terminatingReplicas?: number } {
  const counts = sets.map(({ status }) => status?.terminatingReplicas);
  if (counts.some((count) => count === undefined)) return {};
  return { terminatingReplicas: counts.reduce<number>((total, count) => total + (count ?? 0), 0) };
}

/** The largest number means never. */
export const progressDeadline = ({ spec }: Deployment): number | undefined =>
  spec?.progressDeadlineSeconds === int32Max ? undefined : spec?.progressDeadlineSeconds;

export function isComplete(deployment: Deployment, status: DeploymentStatus | undefined): boolean {
  const wanted = wantedReplicas(deployment);
  return (
    (status?.updatedReplicas ?? 0) === wanted &&
    (status?.replicas ?? 0) === wanted &&
    (status?.availableReplicas ?? 0) === wanted &&
    (status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

function calculateStatus({ deployment, allSets, newSet, now }: Rollout): DeploymentStatus {
  const available = availableOf(allSets);
  const hasMinimum = available >= wantedReplicas(deployment) - maxUnavailable(deployment);
  const minimum = makeCondition(
    {
      type: 'Available',
      status: hasMinimum ? 'True' : 'False',
      reason: hasMinimum ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
      message: `Deployment ${hasMinimum ? 'has' : 'does not have'} minimum availability.`,
    },
    now,
  );
  const { collisionCount, conditions } = deployment.status;
  return {
    ...unlessZero('observedGeneration', deployment.metadata.generation ?? 0),
    ...unlessZero('replicas', actualOf(allSets)),
    ...unlessZero('updatedReplicas', newSet === undefined ? 0 : actualOf([newSet])),
    ...unlessZero('readyReplicas', sum(allSets, 'readyReplicas')),
    ...unlessZero('availableReplicas', available),
    ...unlessZero('unavailableReplicas', Math.max(0, totalSize(allSets) - available)),
    ...terminatingOf(allSets),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: withCondition(conditions, minimum),
  };
}

/** Counts and availability only: when paused, scaled or deleted, progress is not judged. */
export function syncStatus(rollout: Rollout): void {
  rollout.deployment.status = calculateStatus(rollout);
}

/** Whether anything has moved since the last status. */
function hasProgressed(old: DeploymentStatus, status: DeploymentStatus): boolean {
  const outdated = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus) => replicas - updatedReplicas;
  return (
    (status.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    outdated(status) < outdated(old) ||
    (status.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  );
}

/** When the deadline passes; undefined when there is none to wait for. */
function deadlineOf(
  deployment: Deployment,
  progressing: DeploymentCondition | undefined,
): number | undefined {
  const seconds = progressDeadline(deployment);
  const since = timeOf(progressing?.lastUpdateTime);
  if (seconds === undefined || since === undefined || progressing?.reason === reasons.available)
    return undefined;
  return since + seconds * 1000;
}

function judgeProgress(rollout: Rollout, status: DeploymentStatus): void {
  const { deployment, newSet, now } = rollout;
  const old = deployment.status;
  const current = conditionOf(old.conditions, 'Progressing');
  const isDone =
    (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === reasons.available;
  if (isDone) return;
  const subject =
    newSet === undefined
      ? `Deployment ${JSON.stringify(deployment.metadata.name)}`
      : `ReplicaSet ${JSON.stringify(newSet.metadata.name)}`;
  const condition = (isTrue: boolean, reason: string, says: string) =>
    makeCondition(
      { type: 'Progressing', status: isTrue ? 'True' : 'False', reason, message: `${subject} ${says}` },
      now,
    );
  if (isComplete(deployment, status)) {
    const done = condition(true, reasons.available, 'has successfully progressed.');
    status.conditions = withCondition(status.conditions, done);
  } else if (hasProgressed(old, status)) {
    const fresh = condition(true, reasons.updated, 'is progressing.');
    // Even with the same reason it is written anew: its update time is what the deadline counts from.
    if (current?.status === 'True') fresh.lastTransitionTime = current.lastTransitionTime;
    status.conditions = [...withoutCondition(status.conditions, 'Progressing'), fresh];
  } else {
    const deadline = deadlineOf(deployment, conditionOf(status.conditions, 'Progressing'));
    if (deadline !== undefined && deadline < now) {
      const late = condition(false, reasons.timedOut, 'has timed out progressing.');
      status.conditions = withCondition(status.conditions, late);
    }
  }
}

/** A replica set that cannot make its pods makes the Deployment say so; the new one's words come first. */
function replicaFailure({ newSet, allSets }: Rollout): DeploymentCondition | undefined {
  for (const { status } of newSet === undefined ? allSets : [newSet, ...allSets]) {
    const found = status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
    if (found !== undefined) return { ...found, lastUpdateTime: found.lastTransitionTime };
  }
  return undefined;
}

export function syncRolloutStatus(rollout: Rollout): void {
  const { deployment, now } = rollout;
  const status = calculateStatus(rollout);
  if (progressDeadline(deployment) === undefined)
    status.conditions = withoutCondition(status.conditions, 'Progressing');
  else judgeProgress(rollout, status);
  const failure = replicaFailure(rollout);
  status.conditions =
    failure === undefined
      ? withoutCondition(status.conditions, 'ReplicaFailure')
      : withCondition(status.conditions, failure);
  const progressing = conditionOf(status.conditions, 'Progressing');
  const deadline = deadlineOf(deployment, progressing);
  // A second more, because timestamps have whole seconds.
  if (deadline !== undefined && !isComplete(deployment, status) && progressing?.reason !== reasons.timedOut)
    rollout.recheckMilliseconds = Math.max(0, deadline - now) + 1000;
  deployment.status = status;
}
