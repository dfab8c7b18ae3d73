/**
 * Makes the claims that pods bring with them: a volume whose life is its pod's. The claim goes with the pod, by its owner.
 * Source: pkg/controller/volume/ephemeral of Kubernetes.
 */
import { type Change, create, event } from '../client/change.ts';
import { type Controller, controllerOf, defineController, self } from '../client/controller.ts';
import { objectKey } from '../client/object-key.ts';
import type { PersistentVolumeClaim, Pod, Volume } from '../kinds/generated/types.ts';

const reason = 'EphemeralVolume';

function claimFor({ metadata }: Pod, volume: Volume): PersistentVolumeClaim {
  const { metadata: template = {}, spec } = volume.ephemeral?.volumeClaimTemplate ?? {};
  const { labels, annotations } = template;
  return {
    metadata: {
      name: `${metadata.name}-${volume.name}`,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [
        {
          ...{ apiVersion: 'v1', kind: 'Pod', name: metadata.name ?? '', uid: metadata.uid ?? '' },
          ...{ controller: true, blockOwnerDeletion: true },
        },
      ],
    },
    spec: spec ?? {},
  };
}

const isOwnedBy = ({ metadata }: PersistentVolumeClaim, pod: Pod): boolean =>
  metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === pod.metadata.uid) ??
  false;

export const ephemeralVolume: Controller = defineController({
  name: 'ephemeral-volume',
  watches: {
    // Most pods bring none.
    Pod: (pod) =>
      (pod.spec?.volumes ?? []).some(({ ephemeral }) => ephemeral !== undefined) ? self(pod) : [],
    PersistentVolumeClaim: controllerOf('Pod'),
  },
  reconcile(key, view): Change[] {
    const pod = view.get('Pod', key);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return [];
    const { namespace, name } = pod.metadata;
    return (pod.spec?.volumes ?? []).flatMap((volume): Change[] => {
      if (volume.ephemeral === undefined) return [];
      const claim = claimFor(pod, volume);
      const found = view.get('PersistentVolumeClaim', objectKey(namespace, claim.metadata.name ?? ''));
      if (found === undefined) return [create('PersistentVolumeClaim', claim, { existsIsFine: true })];
      if (isOwnedBy(found, pod)) return [];
      const what = `PVC ${namespace}/${found.metadata.name}`;
      const message = `${what} was not created for pod ${namespace}/${name} (pod is not owner)`;
      return [event('Pod', pod, { type: 'Warning', reason, message })];
    });
  },
});
