/** Which claims and volumes a change concerns. */
import { keyOf, objectKey } from '../../client/object-key.ts';
import type { View } from '../../client/view.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../kinds/generated/types.ts';
import { classOf } from '../../kinds/volume-match.ts';

/** Pods by the claims that their volumes mean; volumes by the claim that they are kept for. */
export const claimIndex = 'claim';
/** Claims by the volume that they name, or have. */
export const volumeIndex = 'volume';
/** Claims by their class, those that have no volume. */
export const unboundIndex = 'unbound';

export const volumeOfClaim = ({ spec }: PersistentVolumeClaim): string[] =>
  (spec?.volumeName ?? '') === '' ? [] : [spec?.volumeName as string];

export const unboundClass = (claim: PersistentVolumeClaim): string[] =>
  (claim.spec?.volumeName ?? '') === '' ? [classOf(claim)] : [];

export const claimOfVolume = ({ spec }: PersistentVolume): string[] =>
  spec?.claimRef === undefined ? [] : [objectKey(spec.claimRef.namespace, spec.claimRef.name ?? '')];

/** The claim that has it, those that name it, and, while it is free, those that wait for one like it. */
export function claimsOfVolume(volume: PersistentVolume, view: View): string[] {
  const named = view.byIndex('PersistentVolumeClaim', volumeIndex, volume.metadata.name ?? '');
  const waiting =
    volume.spec?.claimRef === undefined
      ? view.byIndex('PersistentVolumeClaim', unboundIndex, classOf(volume))
      : [];
  return [...claimOfVolume(volume), ...[...named, ...waiting].map(keyOf)];
}

export const claimsOfClass = ({ metadata }: StorageClass, view: View): string[] =>
  view.byIndex('PersistentVolumeClaim', unboundIndex, metadata.name ?? '').map(keyOf);

/** The volume that a claim has, and those that say they are its. */
export function volumesOfClaim(claim: PersistentVolumeClaim, view: View): string[] {
  return [...volumeOfClaim(claim), ...view.byIndex('PersistentVolume', claimIndex, keyOf(claim)).map(keyOf)];
}
