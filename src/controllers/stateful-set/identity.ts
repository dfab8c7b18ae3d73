/** Names, labels and volumes of a StatefulSet's pods. Source of behaviour: pkg/controller/statefulset of Kubernetes. */
import type {
  PersistentVolumeClaim,
  Pod,
  PodTemplateSpec,
  StatefulSet,
  Volume,
} from '../../kinds/generated/types.ts';
import { getOwn, setOwn } from '../../kinds/object.ts';
import { podFromTemplate } from '../pods.ts';

export const statefulSetKind = { apiVersion: 'apps/v1', kind: 'StatefulSet' } as const;
const revisionLabel = 'controller-revision-hash';
const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const podIndexLabel = 'apps.kubernetes.io/pod-index';

/** The number at the end of the pod's name, or undefined when it is no pod of this set. */
export function ordinalOf(set: StatefulSet, { metadata }: Pod): number | undefined {
  const match = /^(.*)-([0-9]+)$/.exec(metadata.name ?? '');
  return match !== null && match[1] === set.metadata.name ? Number(match[2]) : undefined;
}

export const startOf = (set: StatefulSet): number => set.spec?.ordinals?.start ?? 0;

export const isInRange = (set: StatefulSet, ordinal: number): boolean =>
  ordinal >= startOf(set) && ordinal < startOf(set) + (set.spec?.replicas ?? 1);

export const revisionOf = ({ metadata }: Pod): string => getOwn(metadata.labels, revisionLabel) ?? '';

const claimName = (set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string =>
  `${template.metadata.name}-${set.metadata.name}-${ordinal}`;

/** The claims of one pod, as they are made. */
export function claimsOf(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => {
    const { metadata, spec } = structuredClone(template);
    const { annotations, finalizers, labels } = metadata;
    return {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name: claimName(set, template, ordinal),
        namespace: set.metadata.namespace,
        ...(annotations === undefined ? {} : { annotations }),
        ...(finalizers === undefined ? {} : { finalizers }),
        labels: { ...labels, ...set.spec?.selector.matchLabels },
      },
      spec,
    };
  });
}

function claimVolumes(set: StatefulSet, ordinal: number): Volume[] {
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    name: template.metadata.name ?? '',
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal) },
  }));
}

/** The labels by which the pod is told from its siblings. */
export function identityLabels(pod: Pod, ordinal: number): Record<string, string> {
  return { [podNameLabel]: pod.metadata.name ?? '', [podIndexLabel]: `${ordinal}` };
}

export function newPod(
  set: StatefulSet,
  options: { ordinal: number; template: PodTemplateSpec; revision: string },
): Pod {
  const { ordinal, template, revision } = options;
  const pod = podFromTemplate(template, set, statefulSetKind);
  const name = `${set.metadata.name}-${ordinal}`;
  // Upstream leaves the prefix beside the name, where everybody sees it.
  pod.metadata.name = name;
  const labels = { ...pod.metadata.labels };
  for (const [key, value] of Object.entries(identityLabels(pod, ordinal))) setOwn(labels, key, value);
  setOwn(labels, revisionLabel, revision);
  pod.metadata.labels = labels;
  if (pod.spec === undefined) return pod;
  const claimed = claimVolumes(set, ordinal);
  const names = new Set(claimed.map((volume) => volume.name));
  const others = (pod.spec.volumes ?? []).filter((volume) => !names.has(volume.name));
  pod.spec.hostname = name;
  if (set.spec?.serviceName) pod.spec.subdomain = set.spec.serviceName;
  if (claimed.length + others.length > 0) pod.spec.volumes = [...claimed, ...others];
  return pod;
}
