/**
 * RuntimeClass: what a class costs and where it can run becomes part of the pods that name it (KEP-688, KEP-894).
 * Source: plugin/pkg/admission/runtimeclass of Kubernetes.
 */
import type { Pod, RuntimeClass, Toleration } from '../../kinds/generated/types.ts';
import { type AnyObject, getOwn } from '../../kinds/object.ts';
import { readUsage, sameUsage } from '../../kinds/quota/amounts.ts';
import { forbiddenError, type ResourceName } from '../../kinds/status.ts';
import type { ResourceRequest } from '../context.ts';
import { type AdmissionPlugin, nameOf } from './plugin.ts';

const pods: ResourceName = { group: '', plural: 'pods' };
const runtimeClasses: ResourceName = { group: 'node.k8s.io', plural: 'runtimeclasses' };

function classOf({ backend }: ResourceRequest, object: AnyObject): RuntimeClass | undefined {
  const name = (object as unknown as Pod).spec?.runtimeClassName;
  if (name === undefined) return undefined;
  const found = backend.cache.get(runtimeClasses, '', name);
  if (found === undefined)
    throw forbiddenError(
      pods,
      nameOf(object),
      `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`,
    );
  return found as unknown as RuntimeClass;
}

const mismatch = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
const unfounded = 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead';

type Amounts = Readonly<Record<string, string>> | undefined;

const isSame = (left: Amounts, right: Amounts): boolean => sameUsage(readUsage(left), readUsage(right));

const sameToleration = (left: Toleration, right: Toleration): boolean =>
  (['key', 'operator', 'value', 'effect', 'tolerationSeconds'] as const).every(
    (field) => left[field] === right[field],
  );

/** Whoever has `wide` needs no `narrow`. */
function covers(wide: Toleration, narrow: Toleration): boolean {
  if (sameToleration(wide, narrow)) return true;
  const exists = wide.operator === 'Exists';
  if ((wide.key ?? '') !== (narrow.key ?? '') && !((wide.key ?? '') === '' && exists)) return false;
  if ((wide.effect ?? '') !== '' && wide.effect !== narrow.effect) return false;
  if (wide.effect === 'NoExecute' && wide.tolerationSeconds !== undefined)
    if (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > wide.tolerationSeconds)
      return false;
  return exists || (narrow.operator !== 'Exists' && (wide.value ?? '') === (narrow.value ?? ''));
}

/** Both, without those that another covers; of equal ones the first. */
function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second];
  const merged: Toleration[] = [];
  for (const [index, each] of all.entries()) {
    const later = all.slice(index + 1).filter((other) => !sameToleration(other, each));
    if (![...merged, ...later].some((other) => covers(other, each))) merged.push(each);
  }
  return merged;
}

function addScheduling(pod: Pod, { scheduling }: RuntimeClass): void {
  const spec = pod.spec;
  if (spec === undefined || scheduling === undefined) return;
  for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
    const given = getOwn(spec.nodeSelector, key);
    if (given !== undefined && given !== value)
      throw forbiddenError(
        pods,
        nameOf(pod as unknown as AnyObject),
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${given}`,
      );
  }
  if (Object.keys(scheduling.nodeSelector ?? {}).length > 0)
    spec.nodeSelector = { ...spec.nodeSelector, ...scheduling.nodeSelector };
  const tolerations = scheduling.tolerations ?? [];
  if (tolerations.length > 0) spec.tolerations = mergeTolerations(spec.tolerations ?? [], tolerations);
}

export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',
  resources: [pods],
  admit(request, object) {
    const found = classOf(request, object);
    if (found === undefined) return;
    const pod = object as unknown as Pod;
    const fixed = found.overhead?.podFixed;
    if (found.overhead !== undefined && pod.spec !== undefined) {
      if (pod.spec.overhead !== undefined && !isSame(pod.spec.overhead, fixed))
        throw forbiddenError(pods, nameOf(object), mismatch);
      if (fixed !== undefined) pod.spec.overhead = { ...fixed };
    }
    addScheduling(pod, found);
  },
  validate(request, object, old) {
    if (old !== undefined) return;
    const { overhead } = (object as unknown as Pod).spec ?? {};
    if (Object.keys(overhead ?? {}).length === 0) return;
    const found = classOf(request, object);
    if (found?.overhead === undefined) throw forbiddenError(pods, nameOf(object), unfounded);
    if (!isSame(overhead, found.overhead.podFixed)) throw forbiddenError(pods, nameOf(object), mismatch);
  },
};
