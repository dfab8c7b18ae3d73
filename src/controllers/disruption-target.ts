/** Says on a pod why it is deleted, for those who count its end: Job's podFailurePolicy (KEP-3329). */
import { type Change, patch } from '../client/change.ts';
import { keyOf } from '../client/object-key.ts';
import type { Pod, PodStatus } from '../kinds/generated/types.ts';
import { timestamp } from '../lib/timestamp.ts';
import { podCondition } from './pods.ts';

export interface Disruption {
  readonly reason: string;
  readonly message: string;
}

/** The condition, and a phase with it when one is given; nothing when the pod says all of it already. */
export function markDisrupted(
  pod: Pod,
  { disruption, phase, now }: { disruption: Disruption | undefined; phase?: string; now: number },
): Change[] {
  const status: PodStatus = {
    ...(phase === undefined || phase === pod.status?.phase ? {} : { phase }),
    ...conditionOf(pod, disruption, now),
  };
  if (Object.keys(status).length === 0) return [];
  const body = { metadata: { uid: pod.metadata.uid }, status };
  return [patch('Pod', keyOf(pod), { patch: body, patchType: 'strategic', subresource: 'status' })];
}

function conditionOf(
  pod: Pod,
  disruption: Disruption | undefined,
  now: number,
): Pick<PodStatus, 'conditions'> {
  if (disruption === undefined) return {};
  const type = 'DisruptionTarget';
  const old = podCondition(pod, type);
  const { reason, message } = disruption;
  if (old?.status === 'True' && old.reason === reason && old.message === message) return {};
  const { generation } = pod.metadata;
  const condition = {
    type,
    status: 'True',
    reason,
    message,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime: old?.status === 'True' ? (old.lastTransitionTime ?? timestamp(now)) : timestamp(now),
  };
  return { conditions: [condition] };
}
