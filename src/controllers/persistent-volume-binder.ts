/**
 * Claims get volumes: by class, size, access modes, selector, or by name; a volume whose claim is gone is released and
 * reclaimed. Source: pkg/controller/volume/persistentvolume of Kubernetes.
 */
import { type Controller, defineController, observe, self } from '../client/controller.ts';
import { reconcileClaim } from './persistent-volume-binder/claim.ts';
import {
  claimIndex,
  claimOfVolume,
  claimsOfClass,
  claimsOfVolume,
  unboundClass,
  unboundIndex,
  volumeIndex,
  volumeOfClaim,
  volumesOfClaim,
} from './persistent-volume-binder/keys.ts';
import { reconcileVolume } from './persistent-volume-binder/volume.ts';
import { claimsOfPod } from './storage-protection.ts';

/** Upstream tells both kinds' events under one name. */
const eventSource = 'persistentvolume-controller';

export const claimBinder: Controller = defineController({
  name: 'persistentvolumeclaim-binder',
  eventSource,
  watches: {
    PersistentVolumeClaim: self,
    PersistentVolume: claimsOfVolume,
    StorageClass: claimsOfClass,
    // Only who waits for a consumer asks for pods.
    Pod: observe,
  },
  indexes: {
    PersistentVolumeClaim: { [volumeIndex]: volumeOfClaim, [unboundIndex]: unboundClass },
    Pod: { [claimIndex]: claimsOfPod },
  },
  reconcile: reconcileClaim,
});

export const volumeBinder: Controller = defineController({
  name: 'persistentvolume-binder',
  eventSource,
  watches: { PersistentVolume: self, PersistentVolumeClaim: volumesOfClaim },
  indexes: { PersistentVolume: { [claimIndex]: claimOfVolume } },
  reconcile: reconcileVolume,
});
