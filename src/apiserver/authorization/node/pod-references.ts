/** Which other objects a pod needs on its node. Source: pkg/api/v1/pod VisitPodSecretNames and its siblings. */
import type { EphemeralContainer, Pod, Volume } from '../../../kinds/generated/types.ts';

export type ReferencedResource =
  | 'secrets'
  | 'configmaps'
  | 'persistentvolumeclaims'
  | 'serviceaccounts'
  | 'resourceclaims';

/** Each once, of the pod's own namespace. */
export type PodReferences = ReadonlyMap<ReferencedResource, ReadonlySet<string>>;

type Add = (resource: ReferencedResource, name: string | undefined) => void;

/** A container of any sort: an ephemeral one has all that matters here. */
type AnyContainer = Pick<EphemeralContainer, 'env' | 'envFrom'>;

export function podReferences(pod: Pod): PodReferences {
  const references = new Map<ReferencedResource, Set<string>>();
  const add: Add = (resource, name) => {
    if (name === undefined || name === '') return;
    const names = references.get(resource);
    if (names === undefined) references.set(resource, new Set([name]));
    else names.add(name);
  };
  const { spec, status } = pod;
  if (spec === undefined) return references;
  add('serviceaccounts', spec.serviceAccountName);
  for (const { name } of spec.imagePullSecrets ?? []) add('secrets', name);
  const containers: AnyContainer[] = [
    ...(spec.initContainers ?? []),
    ...spec.containers,
    ...(spec.ephemeralContainers ?? []),
  ];
  for (const container of containers) addContainer(container, add);
  for (const volume of spec.volumes ?? []) addVolume(volume, pod.metadata.name ?? '', add);
  for (const claim of spec.resourceClaims ?? []) add('resourceclaims', claim.resourceClaimName);
  for (const claim of status?.resourceClaimStatuses ?? []) add('resourceclaims', claim.resourceClaimName);
  return references;
}

function addContainer({ env = [], envFrom = [] }: AnyContainer, add: Add): void {
  for (const { configMapRef, secretRef } of envFrom) {
    add('configmaps', configMapRef?.name);
    add('secrets', secretRef?.name);
  }
  for (const { valueFrom } of env) {
    add('configmaps', valueFrom?.configMapKeyRef?.name);
    add('secrets', valueFrom?.secretKeyRef?.name);
  }
}

function addVolume(volume: Volume, podName: string, add: Add): void {
  const { secret, configMap, projected, persistentVolumeClaim, ephemeral } = volume;
  add('secrets', secret?.secretName);
  add('configmaps', configMap?.name);
  for (const source of projected?.sources ?? []) {
    add('secrets', source.secret?.name);
    add('configmaps', source.configMap?.name);
  }
  add('persistentvolumeclaims', persistentVolumeClaim?.claimName);
  if (ephemeral !== undefined) add('persistentvolumeclaims', `${podName}-${volume.name}`);
  add('secrets', volume.azureFile?.secretName);
  for (const source of [
    volume.cephfs,
    volume.cinder,
    volume.flexVolume,
    volume.rbd,
    volume.scaleIO,
    volume.iscsi,
    volume.storageos,
  ])
    add('secrets', source?.secretRef?.name);
  add('secrets', volume.csi?.nodePublishSecretRef?.name);
}
