/** Whether and why a pod is to end. */
import type { Pod } from '../kinds/generated/types.ts';

export type PodEnd =
  | {
      readonly ends: false /** Milliseconds until its deadline; undefined: it has none. */;
      readonly deadlineIn: number | undefined;
    }
  | {
      readonly ends: true;
      readonly reason: 'Deleted' | 'Finished' | 'DeadlineExceeded' | 'Evicted';
      /** What the status says, where the end makes the phase Failed. */
      readonly failure: { readonly reason: string; readonly message: string } | undefined;
    };

/** Source: kubelet/active_deadline.go. */
const deadlineExceeded = {
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
};

export const isTerminal = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed';

/** `evicted`: another part of the node wants it gone. */
export function podEnd(
  pod: Pod,
  state: { now: number; evicted?: { reason: string; message: string } },
): PodEnd {
  if (pod.metadata.deletionTimestamp !== undefined)
    return { ends: true, reason: 'Deleted', failure: undefined };
  if (isTerminal(pod.status?.phase)) return { ends: true, reason: 'Finished', failure: undefined };
  if (state.evicted !== undefined) return { ends: true, reason: 'Evicted', failure: state.evicted };
  const { activeDeadlineSeconds } = pod.spec ?? {};
  const { startTime } = pod.status ?? {};
  if (activeDeadlineSeconds === undefined || startTime === undefined)
    return { ends: false, deadlineIn: undefined };
  const deadlineIn = Date.parse(startTime) + activeDeadlineSeconds * 1000 - state.now;
  if (deadlineIn > 0) return { ends: false, deadlineIn };
  return { ends: true, reason: 'DeadlineExceeded', failure: deadlineExceeded };
}
