/**
 * How many pods a budget is about, and how many of them must be healthy. Source of behaviour and wording:
 * getExpectedPodCount and the finders of pkg/controller/disruption of Kubernetes.
 */
import { objectKey } from '../../client/object-key.ts';
import type { View } from '../../client/view.ts';
import type { OwnerReference, Pod, PodDisruptionBudget } from '../../kinds/generated/types.ts';
import { kinds } from '../../kinds/registry.ts';
import { controllerOfObject } from '../owner.ts';

interface Scale {
  /** Of whoever sets the number: a Deployment, not its ReplicaSet. */
  readonly uid: string;
  readonly replicas: number;
}

/** Replicas that the pod's controller wants; undefined when it is not there. */
function scaleOf(pod: Pod, owner: OwnerReference, view: View): Scale | undefined {
  const { namespace } = pod.metadata;
  const key = objectKey(namespace, owner.name);
  switch (owner.kind) {
    case 'ReplicaSet': {
      const set = view.get('ReplicaSet', key);
      if (set?.metadata.uid !== owner.uid) return undefined;
      const above = controllerOfObject(set);
      const deployment =
        above?.kind === 'Deployment' ? view.get('Deployment', objectKey(namespace, above.name)) : undefined;
      if (above !== undefined && deployment?.metadata.uid === above.uid)
        return { uid: above.uid, replicas: deployment?.spec?.replicas ?? 1 };
      return { uid: owner.uid, replicas: set.spec?.replicas ?? 1 };
    }
    case 'StatefulSet':
    case 'ReplicationController': {
      const found = view.get(owner.kind, key);
      return found?.metadata.uid === owner.uid
        ? { uid: owner.uid, replicas: found.spec?.replicas ?? 1 }
        : undefined;
    }
    default:
      return undefined;
  }
}

/** A DaemonSet or a Job wants no number of replicas that could be asked for. */
function whyNoScale(pod: Pod, { apiVersion, kind }: OwnerReference): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  const known = kinds.find((each) => each.kind === kind && each.group === group);
  if (known === undefined || known.scale !== undefined)
    return `found no controllers for pod ${JSON.stringify(pod.metadata.name)}`;
  return `${group === '' ? known.plural : `${known.plural}.${group}`} does not implement the scale subresource`;
}

/** `50%` of `of`, rounded up; a number as it is. */
function scaled(amount: number | string, of: number): number {
  if (typeof amount === 'number') return amount;
  return Math.ceil((Number.parseInt(amount, 10) * of) / 100);
}

export interface Expectation {
  readonly expected: number;
  readonly desired: number;
  /** Pods that nobody controls were left out of the count. */
  readonly hasUnmanaged: boolean;
}

/** Pods as their controllers want them, or the text of the SyncFailed condition. */
export function expectedPods(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  view: View,
): Expectation | { readonly failure: string } {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  if (maxUnavailable === undefined && typeof minAvailable === 'number')
    return { expected: pods.length, desired: minAvailable, hasUnmanaged: false };
  if (maxUnavailable === undefined && minAvailable === undefined)
    return { expected: 0, desired: 0, hasUnmanaged: false };
  const scales = new Map<string, number>();
  let hasUnmanaged = false;
  for (const pod of pods) {
    const owner = controllerOfObject(pod);
    if (owner === undefined) {
      hasUnmanaged = true;
      continue;
    }
    const scale = scaleOf(pod, owner, view);
    if (scale === undefined) return { failure: whyNoScale(pod, owner) };
    scales.set(scale.uid, scale.replicas);
  }
  const expected = [...scales.values()].reduce((sum, replicas) => sum + replicas, 0);
  const desired =
    maxUnavailable === undefined
      ? scaled(minAvailable ?? 0, expected)
      : Math.max(0, expected - scaled(maxUnavailable, expected));
  return { expected, desired, hasUnmanaged };
}
