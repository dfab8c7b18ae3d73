/** What plugins look up, out of the caches of informers. */
import type { Informers } from '../client/informers.ts';
import type { KindName } from '../client/kind-names.ts';
import type { LabelSelector } from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import type { Lookups } from './plugin.ts';
import type { PodView } from './pod-view.ts';

/** Kinds beside Node, Pod and Namespace whose caches the scheduler needs. */
export const lookedUpKinds = [
  'PersistentVolumeClaim',
  'PersistentVolume',
  'StorageClass',
  'Service',
  'ReplicaSet',
  'StatefulSet',
  'ReplicationController',
  'PodDisruptionBudget',
] as const satisfies readonly KindName[];

/** The selector of the workload that controls the pod. Source: plugins/helper/spread.go DefaultSelector. */
function ownerSelector(informers: Informers, { pod, namespace }: PodView): LabelSelector | undefined {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return undefined;
  const key = `${namespace}/${owner.name}`;
  switch (`${owner.apiVersion} ${owner.kind}`) {
    case 'apps/v1 ReplicaSet':
      return informers.of('ReplicaSet').get(key)?.spec?.selector;
    case 'apps/v1 StatefulSet':
      return informers.of('StatefulSet').get(key)?.spec?.selector;
    case 'v1 ReplicationController': {
      const matchLabels = informers.of('ReplicationController').get(key)?.spec?.selector;
      return matchLabels === undefined ? undefined : { matchLabels };
    }
    default:
      return undefined;
  }
}

export function lookupsOf(informers: Informers): Lookups {
  const services = informers.of('Service');
  return {
    claim: (key) => informers.of('PersistentVolumeClaim').get(key),
    volume: (name) => informers.of('PersistentVolume').get(name),
    volumes: () => informers.of('PersistentVolume').list(),
    storageClass: (name) => informers.of('StorageClass').get(name),
    selectorsOf(pod) {
      const found: LabelSelector[] = [];
      for (const { spec } of services.list({ namespace: pod.namespace })) {
        const wanted = Object.entries(spec?.selector ?? {});
        if (wanted.length > 0 && wanted.every(([key, value]) => getOwn(pod.labels, key) === value))
          found.push({ matchLabels: spec?.selector });
      }
      const owner = ownerSelector(informers, pod);
      return owner === undefined ? found : [...found, owner];
    },
  };
}
