/** What the scheduler writes: bindings, conditions, and the going of victims. */
import type { Client } from '../client/typed-client.ts';
import type { Binding, Pod, PodCondition } from '../kinds/generated/types.ts';
import { StatusError } from '../kinds/status.ts';
import type { Clock } from '../lib/clock.ts';
import type { PodView } from './pod-view.ts';

export interface WriteOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export const isGone = (error: unknown): boolean =>
  error instanceof StatusError && error.reason === 'NotFound';

export async function bindPod(
  { namespace, name, uid }: PodView,
  nodeName: string,
  options: WriteOptions,
): Promise<void> {
  const body: Binding = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { namespace, name, uid },
    target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
  };
  const { client, signal } = options;
  await client.of('Pod').createSubresource({ namespace, name }, { subresource: 'binding', body, signal });
}

export interface StatusChange {
  readonly condition?: Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>;
  /** '' takes it away; undefined leaves it. */
  readonly nominatedNodeName?: string;
}

/** The patch of the status, or undefined when all is so already. */
export function statusPatch(pod: Pod, change: StatusChange, now: string): object | undefined {
  const { condition, nominatedNodeName } = change;
  const status: Record<string, unknown> = {};
  if (nominatedNodeName !== undefined && (pod.status?.nominatedNodeName ?? '') !== nominatedNodeName)
    status.nominatedNodeName = nominatedNodeName === '' ? null : nominatedNodeName;
  if (condition !== undefined) {
    const old = pod.status?.conditions?.find(({ type }) => type === condition.type);
    const isSame =
      old?.status === condition.status &&
      old.reason === condition.reason &&
      old.message === condition.message &&
      old.observedGeneration === pod.metadata.generation;
    if (!isSame)
      status.conditions = [
        {
          ...condition,
          observedGeneration: pod.metadata.generation,
          lastTransitionTime: old?.status === condition.status ? old.lastTransitionTime : now,
        },
      ];
  }
  return Object.keys(status).length === 0 ? undefined : { metadata: { uid: pod.metadata.uid }, status };
}

export const timestamp = (clock: Clock): string => `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;

export async function patchStatus(pod: Pod, change: StatusChange, options: WriteOptions): Promise<void> {
  const patch = statusPatch(pod, change, timestamp(options.clock));
  if (patch === undefined) return;
  const { namespace, name = '' } = pod.metadata;
  await options.client
    .of('Pod')
    .patch({ namespace, name }, { type: 'strategic', patch, subresource: 'status', signal: options.signal });
}

/** Says why, then deletes it with its own grace. One that is gone already is gone. */
export async function evictVictim(victim: Pod, preemptor: PodView, options: WriteOptions): Promise<void> {
  const schedulerName = preemptor.pod.spec?.schedulerName ?? '';
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: `${schedulerName}: preempting to accommodate a higher priority pod`,
  };
  const { namespace, name = '', uid } = victim.metadata;
  try {
    await patchStatus(victim, { condition }, options);
    await options.client
      .of('Pod')
      .delete({ namespace, name }, { preconditions: { uid }, signal: options.signal });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
