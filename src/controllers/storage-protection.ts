/**
 * Storage that is in use outlives its object's delete: a claim while a pod uses it, a volume while a claim has it. The
 * finalizers come from admission. Source: pkg/controller/volume/{pvcprotection,pvprotection}.
 */
import { type Change, patch } from '../client/change.ts';
import { type Controller, defineController, self } from '../client/controller.ts';
import type { KindName } from '../client/kind-names.ts';
import { keyOf, objectKey } from '../client/object-key.ts';
import type { Pod } from '../kinds/generated/types.ts';
import type { KubeObject } from '../kinds/object.ts';

const claimFinalizer = 'kubernetes.io/pvc-protection';
const volumeFinalizer = 'kubernetes.io/pv-protection';

/** Names of the claims that a pod's volumes mean; an ephemeral volume's is made of the pod's name and its own. */
function claimNames(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim !== undefined) return [volume.persistentVolumeClaim.claimName];
    return volume.ephemeral === undefined ? [] : [`${pod.metadata.name}-${volume.name}`];
  });
}

/** Keys of the claims that a pod uses. */
export const claimsOfPod = (pod: Pod): string[] =>
  claimNames(pod).map((name) => objectKey(pod.metadata.namespace, name));

/** A pod that is on no node, or has ended, does not use what it names. */
const usesVolumes = (pod: Pod): boolean =>
  (pod.spec?.nodeName ?? '') !== '' && pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed';

/** The change that lets a deleted object go; none when it is not being deleted or is not held by this finalizer. */
function release(kind: KindName, object: KubeObject, finalizer: string): Change[] {
  const { deletionTimestamp, finalizers = [], uid, resourceVersion } = object.metadata;
  if (deletionTimestamp === undefined || !finalizers.includes(finalizer)) return [];
  const left = finalizers.filter((each) => each !== finalizer);
  const metadata = { uid, resourceVersion, finalizers: left.length > 0 ? left : null };
  return [patch(kind, keyOf(object), { patch: { metadata } })];
}

export const claimProtection: Controller = defineController({
  name: 'persistentvolumeclaim-protection',
  eventSource: 'pvc-protection-controller',
  watches: { PersistentVolumeClaim: self, Pod: claimsOfPod },
  indexes: { Pod: { claim: claimsOfPod } },
  reconcile(key, view) {
    const claim = view.get('PersistentVolumeClaim', key);
    if (claim === undefined || view.byIndex('Pod', 'claim', key).some(usesVolumes)) return [];
    return release('PersistentVolumeClaim', claim, claimFinalizer);
  },
});

export const volumeProtection: Controller = defineController({
  name: 'persistentvolume-protection',
  eventSource: 'pv-protection-controller',
  watches: { PersistentVolume: self },
  reconcile(key, view) {
    const volume = view.get('PersistentVolume', key);
    if (volume === undefined || volume.status?.phase === 'Bound') return [];
    return release('PersistentVolume', volume, volumeFinalizer);
  },
});
