/**
 * Says on a pod that it is evicted before it is deleted, so that whoever counts its end can tell: Job's podFailurePolicy.
 * Source of behaviour and wording: addConditionAndDeletePod of pkg/registry/core/pod/storage/eviction.go; KEP-3329.
 */
import type { Pod, PodCondition } from '../../../kinds/generated/types.ts';
import type { AnyObject } from '../../../kinds/object.ts';
import { StatusError } from '../../../kinds/status.ts';
import type { ResourceRequest } from '../../context.ts';
import type { DeleteOptions } from '../delete-options.ts';
import { timestamp } from '../prepare.ts';
import { changeObject } from '../update.ts';
import type { WriteOptions } from '../write-options.ts';

const type = 'DisruptionTarget';

function conflict(name: string, why: string): StatusError {
  return new StatusError(409, 'Conflict', `Operation cannot be fulfilled on Pod "${name}": ${why}`, {
    name,
    kind: 'Pod',
  });
}

function checkPreconditions({ metadata }: AnyObject, { uid, resourceVersion }: DeleteOptions): void {
  const { name = '' } = metadata;
  if (uid !== undefined && uid !== metadata.uid)
    throw conflict(
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
    throw conflict(
      name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    );
}

function withTarget(old: Pod, now: string): Pod {
  const pod = structuredClone(old);
  const conditions = pod.status?.conditions ?? [];
  const before = conditions.find((condition) => condition.type === type);
  const { generation } = pod.metadata;
  const condition: PodCondition = {
    type,
    status: 'True',
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastProbeTime: null as never,
    lastTransitionTime: before?.status === 'True' ? before.lastTransitionTime : now,
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  };
  const others = conditions.filter((each) => each !== before);
  pod.status = { ...pod.status, conditions: [...others, condition] };
  return pod;
}

/** Writes the condition if the pod is the one that is meant; resolves with what the delete is to ask for then. Throws 404, 409. */
export async function markTarget(
  request: ResourceRequest,
  options: DeleteOptions,
  write: WriteOptions,
): Promise<DeleteOptions> {
  if (options.dryRun) return options;
  const { info, stored, backend } = request;
  const onPod: ResourceRequest = { ...request, kind: stored, info: { ...info, subresource: 'status' } };
  const change = (old: AnyObject) => {
    checkPreconditions(old, options);
    return withTarget(old as unknown as Pod, timestamp(backend)) as unknown as AnyObject;
  };
  const wire = await changeObject(onPod, change, { ...write, target: 'status', derived: true });
  if (options.resourceVersion === undefined) return options;
  const { metadata } = JSON.parse(Buffer.from(wire).toString()) as AnyObject;
  return { ...options, resourceVersion: metadata.resourceVersion };
}
