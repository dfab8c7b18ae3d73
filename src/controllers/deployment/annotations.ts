/**
 * What a Deployment writes on its replica sets: revisions, for `kubectl rollout history` and `undo`, and the size that
 * it had, to tell scaling from rolling out. Source of behaviour: pkg/controller/deployment/util of Kubernetes.
 */
import type { Deployment, ReplicaSet } from '../../kinds/generated/types.ts';
import { getOwn, type KubeObject, setOwn } from '../../kinds/object.ts';
import { revisionHistoryCharactersMax } from '../limits.ts';

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
const historyAnnotation = 'deployment.kubernetes.io/revision-history';
const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas';
const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';

/** Annotations of the Deployment that do not go on to its replica sets. */
const kept = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  historyAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  'deprecated.deployment.rollback.to',
]);

/** Of a text as Go reads it; undefined when it is none, or beyond so many bits. */
function integerOf(object: KubeObject, annotation: string, bits: 32 | 64): bigint | undefined {
  const text = getOwn(object.metadata.annotations, annotation) ?? '';
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(bits, value) === value ? value : undefined;
}

function sizeOf(set: ReplicaSet, annotation: string): number | undefined {
  const value = integerOf(set, annotation, 32);
  return value === undefined ? undefined : Number(value);
}

/** 0 when there is none, or none that can be read. An int64: others than we may have written it. */
export const revisionOf = (set: ReplicaSet): bigint => integerOf(set, revisionAnnotation, 64) ?? 0n;
export const desiredReplicasOf = (set: ReplicaSet): number | undefined =>
  sizeOf(set, desiredReplicasAnnotation);
export const maxReplicasOf = (set: ReplicaSet): number | undefined => sizeOf(set, maxReplicasAnnotation);

export function maxRevision(sets: readonly ReplicaSet[]): bigint {
  let most = 0n;
  for (const set of sets) if (revisionOf(set) > most) most = revisionOf(set);
  return most;
}

/** Sets an annotation in place; whether it was another. */
export function annotate(object: KubeObject, annotation: string, value: string): boolean {
  object.metadata.annotations ??= {};
  if (getOwn(object.metadata.annotations, annotation) === value) return false;
  setOwn(object.metadata.annotations, annotation, value);
  return true;
}

/** `1,3`: the revisions that a replica set had before it was rolled back to; the oldest fall out. */
function withRevision(history: string, revision: string): string {
  const revisions = history === '' ? [] : history.split(',');
  revisions.push(revision);
  while (revisions.length > 1 && revisions.join(',').length > revisionHistoryCharactersMax) revisions.shift();
  return revisions.join(',');
}

/** Brings the new replica set's annotations up to date, in place; whether anything changed. */
export function annotateNewSet(deployment: Deployment, set: ReplicaSet, revision: bigint): boolean {
  let isChanged = false;
  for (const [name, value] of Object.entries(deployment.metadata.annotations ?? {}))
    if (!kept.has(name) && annotate(set, name, value)) isChanged = true;
  const text = getOwn(set.metadata.annotations, revisionAnnotation);
  if (text !== undefined && text !== '' && integerOf(set, revisionAnnotation, 64) === undefined)
    return isChanged;
  if (revisionOf(set) >= revision) return isChanged;
  if (text !== undefined) {
    const history = getOwn(set.metadata.annotations, historyAnnotation) ?? '';
    annotate(set, historyAnnotation, withRevision(history, text));
  }
  annotate(set, revisionAnnotation, String(revision));
  return true;
}

/** The same for the sizes. */
export function annotateSizes(set: ReplicaSet, sizes: { desired: number; max: number }): boolean {
  const desired = annotate(set, desiredReplicasAnnotation, String(sizes.desired));
  const max = annotate(set, maxReplicasAnnotation, String(sizes.max));
  return desired || max;
}
