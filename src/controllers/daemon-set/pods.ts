/** A DaemonSet's pods, each meant for one node. Source of behaviour: pkg/controller/daemon/util of Kubernetes. */
import type { Affinity, DaemonSet, Pod } from '../../kinds/generated/types.ts';
import { getOwn, setOwn } from '../../kinds/object.ts';
import { isTerminal, millisecondsToAvailable, podFromTemplate } from '../pods.ts';
import { tolerationsOf } from './nodes.ts';

export const daemonSetKind = { apiVersion: 'apps/v1', kind: 'DaemonSet' } as const;

/** On pods and on revisions: of which template they are. */
export const hashLabel = 'controller-revision-hash';
const generationLabel = 'pod-template-generation';
const generationAnnotation = 'deprecated.daemonset.template.generation';

export const hashOf = ({ metadata }: { metadata: { labels?: Record<string, string> } }): string =>
  getOwn(metadata.labels, hashLabel) ?? '';

/** The scheduler binds it, to no other node: what the template requires of nodes has been looked at already. */
function pinned(affinity: Affinity | undefined, nodeName: string): Affinity {
  const field = { key: 'metadata.name', operator: 'In', values: [nodeName] };
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [field] }] },
    },
  };
}

export function newPod(set: DaemonSet, { nodeName, hash }: { nodeName: string; hash: string }): Pod {
  const pod = podFromTemplate(set.spec?.template ?? {}, set, daemonSetKind);
  const labels = { ...pod.metadata.labels };
  const generation = getOwn(set.metadata.annotations, generationAnnotation);
  if (generation !== undefined && /^[+-]?\d+$/.test(generation))
    setOwn(labels, generationLabel, String(Number(generation)));
  setOwn(labels, hashLabel, hash);
  pod.metadata.labels = labels;
  if (pod.spec === undefined) return pod;
  pod.spec = {
    ...pod.spec,
    tolerations: structuredClone(tolerationsOf(pod.spec)),
    affinity: pinned(pod.spec.affinity, nodeName),
  };
  return pod;
}

/** Where it is, or where it is to go; undefined for a pod that was adopted and names no node. */
export function targetNode({ spec }: Pod): string | undefined {
  if (spec?.nodeName) return spec.nodeName;
  const terms =
    spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const field = terms
    ?.flatMap(({ matchFields = [] }) => matchFields)
    .find(({ key, operator }) => key === 'metadata.name' && operator === 'In');
  return field?.values?.length === 1 ? field.values[0] : undefined;
}

export type PodsByNode = ReadonlyMap<string, readonly Pod[]>;

/** Pods that have ended and are deleted only wait for their finalizers: they do not count. */
export function podsByNode(pods: readonly Pod[]): PodsByNode {
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods) {
    if (isTerminal(pod) && isGoing(pod)) continue;
    const nodeName = targetNode(pod);
    if (nodeName === undefined) continue;
    const present = byNode.get(nodeName);
    if (present === undefined) byNode.set(nodeName, [pod]);
    else present.push(pod);
  }
  return byNode;
}

export const isGoing = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;

export const isAvailable = (pod: Pod, set: DaemonSet, now: number): boolean =>
  millisecondsToAvailable(pod, { minReadySeconds: set.spec?.minReadySeconds ?? 0, now }) === 0;

/** Bound ones first, then the oldest, then by name. */
export function byAge(pods: readonly Pod[]): readonly Pod[] {
  if (pods.length < 2) return pods;
  const rank = ({ metadata, spec }: Pod): string =>
    `${spec?.nodeName ? 0 : 1} ${metadata.creationTimestamp ?? ''} ${metadata.name ?? ''}`;
  return pods.toSorted((left, right) => (rank(left) < rank(right) ? -1 : 1));
}
