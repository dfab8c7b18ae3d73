/**
 * How many pods of a Deployment there may be, and must be. Source of behaviour: pkg/controller/deployment/util
 * (ResolveFenceposts, NewRSNewReplicas, GetReplicaSetProportion) of Kubernetes.
 */
import type { Deployment, ReplicaSet } from '../../kinds/generated/types.ts';
import { maxReplicasOf } from './annotations.ts';

export const wantedReplicas = ({ spec }: Deployment): number => spec?.replicas ?? 1;
export const sizeOf = ({ spec }: ReplicaSet): number => spec?.replicas ?? 1;
export const totalSize = (sets: readonly ReplicaSet[]): number =>
  sets.reduce((sum, set) => sum + sizeOf(set), 0);
export const isActiveSet = (set: ReplicaSet): boolean => sizeOf(set) > 0;

export const isRolling = ({ spec }: Deployment): boolean => spec?.strategy?.type !== 'Recreate';

/** `25%` of the total, or the number itself. */
function resolve(
  value: number | string | undefined,
  total: number,
  round: (value: number) => number,
): number {
  if (typeof value === 'string') return round((Number.parseInt(value, 10) * total) / 100);
  return value ?? 0;
}

/** Surge is rounded up, unavailability down; that both are none would never get anywhere. */
function fenceposts(deployment: Deployment): { surge: number; unavailable: number } {
  const { maxSurge, maxUnavailable } = deployment.spec?.strategy?.rollingUpdate ?? {};
  const total = wantedReplicas(deployment);
  const surge = resolve(maxSurge, total, Math.ceil);
  const unavailable = resolve(maxUnavailable, total, Math.floor);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

export const maxSurge = (deployment: Deployment): number =>
  isRolling(deployment) ? fenceposts(deployment).surge : 0;

export function maxUnavailable(deployment: Deployment): number {
  const wanted = wantedReplicas(deployment);
  if (!isRolling(deployment) || wanted === 0) return 0;
  return Math.min(fenceposts(deployment).unavailable, wanted);
}

/** Its controller has seen the size that it has now. */
export const isSeen = ({ metadata, status }: ReplicaSet): boolean =>
  (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0);

/**
 * How many pods a replica set can have from now on until its size changes: until its controller has seen the size,
 * nobody knows; then those that it counted, or those that it makes.
 */
const mostPods = (set: ReplicaSet): number =>
  isSeen(set) ? Math.max(sizeOf(set), set.status?.replicas ?? 0) : Number.POSITIVE_INFINITY;

/**
 * How many more pods may be asked for. Upstream reckons with the sizes alone, so that for a moment there can be more
 * pods than replicas and surge: those of a set that was made smaller, and those that come in their place.
 */
export const roomToGrow = (deployment: Deployment, all: readonly ReplicaSet[]): number =>
  wantedReplicas(deployment) + maxSurge(deployment) - all.reduce((sum, set) => sum + mostPods(set), 0);

/** The size that the new replica set may have now. `all` includes it. */
export function newSetSize(deployment: Deployment, newSet: ReplicaSet, all: readonly ReplicaSet[]): number {
  const wanted = wantedReplicas(deployment);
  if (!isRolling(deployment)) return wanted;
  const room = roomToGrow(deployment, all);
  if (room <= 0) return sizeOf(newSet);
  return sizeOf(newSet) + Math.min(room, wanted - sizeOf(newSet));
}

const roundHalfAway = (value: number): number =>
  value < 0 ? Math.trunc(value - 0.5) : Math.trunc(value + 0.5);

/** By how much a replica set grows or shrinks for its size to keep its share of a Deployment that was scaled. */
function fraction(deployment: Deployment, set: ReplicaSet): number {
  const wanted = wantedReplicas(deployment);
  if (wanted === 0) return -sizeOf(set);
  const before = maxReplicasOf(set) || (deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  return roundHalfAway((sizeOf(set) * (wanted + maxSurge(deployment))) / before) - sizeOf(set);
}

const age = ({ metadata }: ReplicaSet): string =>
  `${metadata.creationTimestamp ?? ''} ${metadata.name ?? ''}`;
export const byAge = (left: ReplicaSet, right: ReplicaSet): number => (age(left) < age(right) ? -1 : 1);

/** The new sizes of replica sets that share a rollout when the Deployment was scaled; what is left over goes to the largest. */
export function proportionalSizes(
  deployment: Deployment,
  active: readonly ReplicaSet[],
): { readonly set: ReplicaSet; readonly size: number }[] {
  const wanted = wantedReplicas(deployment);
  const allowed = wanted > 0 ? wanted + maxSurge(deployment) : 0;
  const toAdd = allowed - totalSize(active);
  const sorted = [...active].sort(
    (left, right) => sizeOf(right) - sizeOf(left) || (toAdd > 0 ? byAge(right, left) : byAge(left, right)),
  );
  let added = 0;
  const sizes = sorted.map((set) => {
    const left = toAdd - added;
    const share =
      left === 0
        ? 0
        : toAdd > 0
          ? Math.min(fraction(deployment, set), left)
          : Math.max(fraction(deployment, set), left);
    added += share;
    return { set, size: sizeOf(set) + share };
  });
  return sizes.map(({ set, size }, index) => ({
    set,
    size: index === 0 ? Math.max(0, size + toAdd - added) : size,
  }));
}
