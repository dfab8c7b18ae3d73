/** PersistentVolumeClaims of a StatefulSet's pods, and who takes them along. Source: persistentVolumeClaimRetentionPolicy. */
import { isDeepStrictEqual } from 'node:util';
import { type Change, create, referenceTo, update } from '../../client/change.ts';
import type { View } from '../../client/view.ts';
import type { OwnerReference, PersistentVolumeClaim, Pod, StatefulSet } from '../../kinds/generated/types.ts';
import { controllerReference } from '../owner.ts';
import { claimsOf, isInRange, statefulSetKind } from './identity.ts';

const podKind = { apiVersion: 'v1', kind: 'Pod' } as const;

/** The owner that takes the claim along: the set when it is deleted, the pod when it is scaled away. */
function ownerOf(set: StatefulSet, pod: Pod, ordinal: number): OwnerReference | undefined {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } =
    set.spec?.persistentVolumeClaimRetentionPolicy ?? {};
  if (whenScaled === 'Delete' && !isInRange(set, ordinal))
    return pod.metadata.uid === undefined ? undefined : controllerReference(pod, podKind);
  return whenDeleted === 'Delete' ? controllerReference(set, statefulSetKind) : undefined;
}

function withOwner(claim: PersistentVolumeClaim, set: StatefulSet, options: { pod: Pod; ordinal: number }) {
  const { pod, ordinal } = options;
  const uids = new Set([set.metadata.uid, pod.metadata.uid]);
  const others = (claim.metadata.ownerReferences ?? []).filter(({ uid }) => !uids.has(uid));
  // A controller of another kind keeps it.
  if (others.some(({ controller }) => controller === true)) return claim.metadata.ownerReferences ?? [];
  const owner = ownerOf(set, pod, ordinal);
  return owner === undefined ? others : [...others, owner];
}

/** A claim that belonged to an earlier pod of this name and is about to go with it. */
export function hasStaleClaim(set: StatefulSet, options: { pod: Pod; ordinal: number; view: View }): boolean {
  const { pod, ordinal, view } = options;
  return claimsOf(set, ordinal).some(({ metadata }) =>
    view
      .get('PersistentVolumeClaim', `${metadata.namespace}/${metadata.name}`)
      ?.metadata.ownerReferences?.some(
        ({ kind, name, uid }) =>
          kind === 'Pod' && name === pod.metadata.name && uid !== (pod.metadata.uid ?? ''),
      ),
  );
}

/** Makes those that are missing. */
export function createClaims(set: StatefulSet, options: { pod: Pod; ordinal: number; view: View }): Change[] {
  const { pod, ordinal, view } = options;
  const regarding = referenceTo('StatefulSet', set);
  const podName = pod.metadata.name;
  return claimsOf(set, ordinal).flatMap((claim) => {
    const { namespace, name } = claim.metadata;
    if (view.get('PersistentVolumeClaim', `${namespace}/${name}`) !== undefined) return [];
    const ownerReferences = withOwner(claim, set, { pod, ordinal });
    if (ownerReferences.length > 0) claim.metadata.ownerReferences = ownerReferences;
    return create('PersistentVolumeClaim', claim, {
      existsIsFine: true,
      onSuccess: {
        regarding,
        type: 'Normal',
        reason: 'SuccessfulCreate',
        message: `create Claim {name} Pod ${podName} in StatefulSet ${set.metadata.name} success`,
      },
      onFailure: {
        regarding,
        type: 'Warning',
        reason: 'FailedCreate',
        message: `create Claim ${name} for Pod ${podName} in StatefulSet ${set.metadata.name} failed error: {error}`,
      },
    });
  });
}

/** Gives the claims the owner that the policy wants. */
export function retainClaims(set: StatefulSet, options: { pod: Pod; ordinal: number; view: View }): Change[] {
  const { ordinal, view } = options;
  return claimsOf(set, ordinal).flatMap(({ metadata }) => {
    const claim = view.get('PersistentVolumeClaim', `${metadata.namespace}/${metadata.name}`);
    if (claim === undefined) return [];
    const ownerReferences = withOwner(claim, set, options);
    return isDeepStrictEqual(ownerReferences, claim.metadata.ownerReferences ?? [])
      ? []
      : [update('PersistentVolumeClaim', { ...claim, metadata: { ...claim.metadata, ownerReferences } })];
  });
}
