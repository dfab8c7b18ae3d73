/** What controllers ask of pods. Source of behaviour: pkg/controller/controller_utils.go and pkg/api/v1/pod of Kubernetes. */
import type { View } from '../client/view.ts';
import type { Pod, PodCondition, PodTemplateSpec } from '../kinds/generated/types.ts';
import { isDNS1123Subdomain } from '../kinds/names.ts';
import type { KubeObject } from '../kinds/object.ts';
import { controllerReference, type OwnerKind, ownedAndOrphaned } from './owner.ts';

export { orphanNamespace } from './owner.ts';

/** It has ended, in one way or the other. */
export const isTerminal = (pod: Pod): boolean =>
  pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** It counts as a replica: neither ended nor on its way out. */
export const isActive = (pod: Pod): boolean =>
  !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined;

/** It is on its way out and has not ended yet. */
export const isTerminating = (pod: Pod): boolean =>
  !isTerminal(pod) && pod.metadata.deletionTimestamp !== undefined;

export const podCondition = (pod: Pod, type: string): PodCondition | undefined =>
  pod.status?.conditions?.find((condition) => condition.type === type);

export const isReady = (pod: Pod): boolean => podCondition(pod, 'Ready')?.status === 'True';

/** Milliseconds since the epoch, or undefined for a time that is not told. */
export function timeOf(timestamp: string | undefined): number | undefined {
  const time = timestamp === undefined ? Number.NaN : Date.parse(timestamp);
  return Number.isNaN(time) ? undefined : time;
}

/**
 * Milliseconds until the pod has been ready for `minReadySeconds`: 0 when it is available, undefined when time alone
 * will not make it so.
 */
export function millisecondsToAvailable(
  pod: Pod,
  { minReadySeconds, now }: { minReadySeconds: number; now: number },
): number | undefined {
  if (!isReady(pod)) return undefined;
  if (minReadySeconds <= 0) return 0;
  const since = timeOf(podCondition(pod, 'Ready')?.lastTransitionTime);
  return since === undefined ? undefined : Math.max(0, since + minReadySeconds * 1000 - now);
}

/** A new pod of a template; its name is made by the server from the owner's. */
export function podFromTemplate(template: PodTemplateSpec, owner: KubeObject, ownerKind: OwnerKind): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const name = owner.metadata.name ?? '';
  const prefix = `${name}-`;
  // Checked as a prefix: a trailing dash is allowed.
  const isGoodPrefix = isDNS1123Subdomain(`${prefix}a`).length === 0;
  return structuredClone({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: isGoodPrefix ? prefix : name,
      namespace: owner.metadata.namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference(owner, ownerKind)],
    },
    ...(template.spec === undefined ? {} : { spec: template.spec }),
  });
}

/** Index of pods by the node they are bound to. */
export const podNode = (pod: Pod): readonly string[] =>
  pod.spec?.nodeName === undefined || pod.spec.nodeName === '' ? [] : [pod.spec.nodeName];

/** Pods that the owner controls, and those of its namespace that nobody does. Needs the index `orphanNamespace`. */
export const ownedAndOrphanedPods = (view: View, owner: KubeObject): Pod[] =>
  ownedAndOrphaned('Pod', owner, view);
