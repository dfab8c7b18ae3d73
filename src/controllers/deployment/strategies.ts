/** How a Deployment gets from its old replica sets to the new one. Source of behaviour: pkg/controller/deployment/{rolling,recreate,sync}.go of Kubernetes. */
import type { View } from '../../client/view.ts';
import type { ReplicaSet } from '../../kinds/generated/types.ts';
import { isTerminal } from '../pods.ts';
import { desiredReplicasOf, revisionOf } from './annotations.ts';
import { ensureNewSet } from './new-set.ts';
import type { Rollout } from './rollout.ts';
import { actualOf, availableOf, isComplete, syncRolloutStatus } from './status.ts';
import {
  isActiveSet,
  isRolling,
  isSeen,
  maxUnavailable,
  newSetSize,
  proportionalSizes,
  roomToGrow,
  sizeOf,
  totalSize,
  wantedReplicas,
} from './surge.ts';

const int32Max = 2 ** 31 - 1;

/** Old replica sets beyond revisionHistoryLimit go, when they are empty and their controller agrees. */
export function cleanUp(rollout: Rollout): void {
  const limit = rollout.deployment.spec?.revisionHistoryLimit;
  if (limit === undefined || limit === int32Max) return;
  const alive = rollout.oldSets.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const surplus = Math.max(0, alive.length - limit);
  const sorted = [...alive].sort((left, right) => Number(revisionOf(left) - revisionOf(right)));
  for (const set of sorted.slice(0, surplus)) {
    if (isSeen(set) && sizeOf(set) === 0 && (set.status?.replicas ?? 0) === 0) rollout.remove(set);
  }
}

/** Whether a replica set that is in use was sized for another number of replicas than the Deployment has now. */
export function isScaling({ allSets, deployment }: Rollout): boolean {
  return allSets.some((set) => {
    const desired = desiredReplicasOf(set);
    return isActiveSet(set) && desired !== undefined && desired !== wantedReplicas(deployment);
  });
}

/** The one replica set that is in use, or the newest when none is; undefined when several are. */
function activeOrLatest({ allSets, oldSets, newSet }: Rollout): ReplicaSet | undefined {
  const active = allSets.filter(isActiveSet);
  if (active.length === 0) return newSet ?? oldSets.at(-1);
  return active.length === 1 ? active[0] : undefined;
}

function isSaturated({ deployment, newSet }: Rollout): boolean {
  const wanted = wantedReplicas(deployment);
  return (
    newSet !== undefined &&
    desiredReplicasOf(newSet) === wanted &&
    sizeOf(newSet) === wanted &&
    newSet.status?.availableReplicas === wanted
  );
}

/** Follows spec.replicas without rolling out: in the middle of a rollout each replica set keeps its share. */
export function scale(rollout: Rollout): void {
  const { deployment, allSets } = rollout;
  const sizes = scaledSizes(rollout);
  const more = sizes.reduce((sum, { set, size }) => sum + Math.max(0, size - sizeOf(set)), 0);
  // Pods that are too many go first; the word of that brings the Deployment back.
  if (more > 0 && more > roomToGrow(deployment, allSets)) return;
  for (const { set, size } of sizes) rollout.scale(set, size);
}

function scaledSizes(rollout: Rollout): readonly { readonly set: ReplicaSet; readonly size: number }[] {
  const { deployment, oldSets, allSets } = rollout;
  const only = activeOrLatest(rollout);
  if (only !== undefined) return [{ set: only, size: wantedReplicas(deployment) }];
  if (isSaturated(rollout)) return oldSets.filter(isActiveSet).map((set) => ({ set, size: 0 }));
  return isRolling(deployment) ? proportionalSizes(deployment, allSets.filter(isActiveSet)) : [];
}

function growNewSet(rollout: Rollout, newSet: ReplicaSet): boolean {
  const { deployment, allSets } = rollout;
  const wanted = wantedReplicas(deployment);
  if (sizeOf(newSet) === wanted) return false;
  const size = sizeOf(newSet) > wanted ? wanted : newSetSize(deployment, newSet, allSets);
  return size !== sizeOf(newSet) && rollout.scale(newSet, size);
}

/** Pods that are not available are the first to go: taking them away makes nothing worse. */
function dropUnhealthy(rollout: Rollout, old: readonly ReplicaSet[], most: number): number {
  let dropped = 0;
  for (const set of old) {
    const unhealthy = Math.min(most - dropped, sizeOf(set) - (set.status?.availableReplicas ?? 0));
    if (sizeOf(set) === 0 || unhealthy <= 0) continue;
    rollout.scale(set, sizeOf(set) - unhealthy);
    dropped += unhealthy;
  }
  return dropped;
}

function shrinkHealthy(rollout: Rollout, old: readonly ReplicaSet[], minAvailable: number): number {
  const spare = availableOf(rollout.newSet === undefined ? old : [...old, rollout.newSet]) - minAvailable;
  let dropped = 0;
  for (const set of old) {
    const count = Math.min(sizeOf(set), spare - dropped);
    if (count <= 0) continue;
    rollout.scale(set, sizeOf(set) - count);
    dropped += count;
  }
  return dropped;
}

/** Never takes more away than leaves minAvailable, counting every pod of the new set that is not available yet. */
function shrinkOldSets(rollout: Rollout, newSet: ReplicaSet): boolean {
  const { deployment, allSets, oldSets } = rollout;
  const old = oldSets.filter(isActiveSet);
  if (old.length === 0) return false;
  const minAvailable = wantedReplicas(deployment) - maxUnavailable(deployment);
  const newUnavailable = sizeOf(newSet) - (newSet.status?.availableReplicas ?? 0);
  const most = totalSize(allSets) - minAvailable - newUnavailable;
  if (most <= 0) return false;
  const unhealthy = dropUnhealthy(rollout, old, most);
  return unhealthy + shrinkHealthy(rollout, old, minAvailable) > 0;
}

export function rollOut(rollout: Rollout, view: View): void {
  if (!ensureNewSet(rollout, view)) return;
  const newSet = rollout.newSet as ReplicaSet;
  const isMoving = growNewSet(rollout, newSet) || shrinkOldSets(rollout, newSet);
  if (!isMoving && isComplete(rollout.deployment, rollout.original.status)) cleanUp(rollout);
  syncRolloutStatus(rollout);
}

/** Pods that are on their way out still run; a set that has not been told to stop may make some yet. */
function areOldPodsRunning({ oldSets }: Rollout, view: View): boolean {
  if (actualOf(oldSets) > 0 || !oldSets.every(isSeen)) return true;
  return oldSets.some(({ metadata }) =>
    view.byIndex('Pod', 'controllerUid', metadata.uid ?? '').some((pod) => !isTerminal(pod)),
  );
}

export function recreate(rollout: Rollout, view: View): void {
  const active = rollout.oldSets.filter(isActiveSet);
  for (const old of active) rollout.scale(old, 0);
  if (active.length > 0 || areOldPodsRunning(rollout, view)) {
    syncRolloutStatus(rollout);
    return;
  }
  if (!ensureNewSet(rollout, view)) return;
  const newSet = rollout.newSet as ReplicaSet;
  if (sizeOf(newSet) !== wantedReplicas(rollout.deployment))
    rollout.scale(newSet, wantedReplicas(rollout.deployment));
  if (isComplete(rollout.deployment, rollout.original.status)) cleanUp(rollout);
  syncRolloutStatus(rollout);
}
