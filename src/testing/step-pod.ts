/**
 * What a node does with a pod, as a pure plan: the status to write, whether to take the pod off the API, and when to
 * look again.
 */
import type { EventText } from '../client/change.ts';
import type { Pod, PodStatus } from '../kinds/generated/types.ts';
import { advancePod } from './advance-pod.ts';
import { podEvents } from './pod-events.ts';
import { isTerminalPhase, type PodRuntime } from './pod-runtime.ts';
import { isStopped, type NodeFacts, podStatus } from './pod-status.ts';

export interface PodStep {
  /** What the runtime knows from now on. */
  readonly runtime: PodRuntime;
  /** The status to write; left out when the one that is there is right. */
  readonly status?: PodStatus;
  /** All has ended: delete the pod with no grace. */
  readonly delete?: true;
  /** Milliseconds since the epoch; left out when nothing will happen by itself. */
  readonly wakeAt?: number;
  /** What to tell about it. */
  readonly events?: readonly EventText[];
}

export interface NodeState {
  readonly node: NodeFacts;
  /** What the runtime knew. */
  readonly runtime: PodRuntime;
}

export function stepPod(pod: Pod, { node, runtime: before }: NodeState, now: number): PodStep {
  const isDeleted = pod.metadata.deletionTimestamp !== undefined;
  // With a grace of 0 it is only held by finalizers: asking again would change nothing.
  const mayDelete = isDeleted && pod.metadata.deletionGracePeriodSeconds !== 0;
  if (isTerminalPhase(pod.status?.phase)) return { runtime: before, ...(mayDelete ? { delete: true } : {}) };
  const { runtime, wakeAt, happenings } = advancePod(pod, before, now);
  const status = podStatus(pod, { node, runtime, now });
  return {
    runtime,
    ...(isSame(status, pod.status) ? {} : { status }),
    ...(mayDelete && isStopped(runtime) ? { delete: true } : {}),
    ...(wakeAt === undefined ? {} : { wakeAt }),
    ...(happenings.length === 0 ? {} : { events: podEvents({ ...pod, status }, happenings) }),
  };
}

/** As the API would have it: what is undefined or null is not there. */
function isSame(left: unknown, right: unknown): boolean {
  if (left === right || (left ?? right ?? undefined) === undefined) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  const [a, b] = [left as Record<string, unknown>, right as Record<string, unknown>];
  return (
    Array.isArray(a) === Array.isArray(b) &&
    Object.keys(a).every((key) => isSame(a[key], b[key])) &&
    Object.keys(b).every((key) => b[key] === undefined || b[key] === null || Object.hasOwn(a, key))
  );
}
