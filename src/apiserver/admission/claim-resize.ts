/**
 * PersistentVolumeClaimResize: a claim grows only when it is bound and its class says that its volumes can grow.
 * Source: plugin/pkg/admission/storage/persistentvolume/resize of Kubernetes.
 */
import type { PersistentVolumeClaim, StorageClass } from '../../kinds/generated/types.ts';
import { getOwn } from '../../kinds/object.ts';
import { readQuantity } from '../../kinds/quantities.ts';
import { claimClass } from '../../kinds/quota/claim-usage.ts';
import { forbiddenError, type ResourceName } from '../../kinds/status.ts';
import { compareQuantity, type Quantity } from '../../lib/quantity.ts';
import { type AdmissionPlugin, nameOf } from './plugin.ts';

const claims: ResourceName = { group: '', plural: 'persistentvolumeclaims' };
const storageClasses: ResourceName = { group: 'storage.k8s.io', plural: 'storageclasses' };

const sizeOf = ({ spec }: PersistentVolumeClaim): Quantity =>
  readQuantity(getOwn(spec?.resources?.requests, 'storage'));

export const claimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  resources: [claims],
  validate({ backend }, object, oldObject) {
    if (oldObject === undefined) return;
    const claim = object as unknown as PersistentVolumeClaim;
    const old = oldObject as unknown as PersistentVolumeClaim;
    if (compareQuantity(sizeOf(claim), sizeOf(old)) <= 0) return;
    if (old.status?.phase !== 'Bound')
      throw forbiddenError(claims, nameOf(object), 'Only bound persistent volume claims can be expanded');
    const name = claimClass(claim);
    const found = name === '' ? undefined : backend.cache.get(storageClasses, '', name);
    const { allowVolumeExpansion = false } = (found ?? {}) as unknown as StorageClass;
    if (name !== claimClass(old) || !allowVolumeExpansion)
      throw forbiddenError(
        claims,
        nameOf(object),
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      );
  },
};
