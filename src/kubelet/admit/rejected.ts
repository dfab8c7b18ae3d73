/** What is said of a pod that the node has not taken. Source: rejectPod of kubelet/kubelet.go. */
import type { Pod, PodStatus } from '../../kinds/generated/types.ts';
import { qosClass } from '../../kinds/pod/qos.ts';
import { timestamp } from '../../lib/timestamp.ts';
import { isTerminal } from '../end.ts';
import type { Rejection } from './rejection.ts';

const prefix = 'Pod was rejected: ';

/** Nothing of its containers: none was ever begun. */
export function rejectedStatus(pod: Pod, { reason, message }: Rejection, now: number): PodStatus {
  const { generation } = pod.metadata;
  return {
    ...pod.status,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase: 'Failed',
    reason,
    message: `${prefix}${message}`,
    startTime: pod.status?.startTime ?? timestamp(now),
    qosClass: pod.status?.qosClass ?? qosClass(pod.spec ?? { containers: [] }),
  };
}

/** A pod that was refused by an agent before this one: it is not begun, and its status stays. */
export function refusedBefore({ status }: Pod): Rejection | undefined {
  const { phase, reason, message, containerStatuses } = status ?? {};
  if (!isTerminal(phase) || reason === undefined || message?.startsWith(prefix) !== true) return undefined;
  if (containerStatuses !== undefined && containerStatuses.length > 0) return undefined;
  return { reason, message: message.slice(prefix.length) };
}
