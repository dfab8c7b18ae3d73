/**
 * What must hold in every history of a cluster, whatever fails: the table of all invariants, and who asks them. A new
 * one is an entry in the table.
 */
import type { CoreEvent, Pod } from '../kinds/generated/types.ts';
import { daemonSetInvariants } from './daemon-set-invariants.ts';
import { endpointInvariants } from './endpoint-invariants.ts';
import type { Invariant } from './invariant.ts';
import { jobInvariants } from './job-invariants.ts';
import { violationsMax } from './limits.ts';
import { nodeInvariants } from './node-invariants.ts';
import { ownerInvariants } from './owner-invariants.ts';
import { podInvariants } from './pod-invariants.ts';
import { policyInvariants } from './policy-invariants.ts';
import { sizeInvariants } from './size-invariants.ts';
import { statefulSetInvariants } from './stateful-set-invariants.ts';
import type { FollowedWorld, World, WorldChange } from './world.ts';

export interface Violation {
  readonly invariant: string;
  readonly message: string;
  /** Virtual time, RFC 3339. */
  readonly at: string;
}

/** In the order in which they are asked. */
const invariants: readonly Invariant[] = [
  ...podInvariants,
  ...sizeInvariants,
  ...statefulSetInvariants,
  ...jobInvariants,
  ...daemonSetInvariants,
  ...ownerInvariants,
  ...endpointInvariants,
  ...nodeInvariants,
  ...policyInvariants,
];

const violation = (invariant: Invariant, message: string, at: number): Violation => ({
  invariant: invariant.name,
  message,
  at: new Date(at).toISOString(),
});

/** Looks at the world as it is. `isSettled`: it has been left in peace. */
export function checkInvariants(
  world: World,
  options: { isSettled?: boolean; invariants?: readonly Invariant[] } = {},
): Violation[] {
  const { isSettled = false, invariants: asked = invariants } = options;
  return asked.flatMap((invariant) => {
    const messages = [
      ...(invariant.always?.(world) ?? []),
      ...((isSettled && invariant.settled?.(world)) || []),
    ];
    return messages.map((message) => violation(invariant, message, world.clock.now()));
  });
}

/** Looks at every change from now on; what it finds gathers in `violations`, the first ones only. */
export function watchInvariants(
  world: FollowedWorld,
  asked: readonly Invariant[] = invariants,
): { readonly violations: Violation[]; stop(): void } {
  const violations: Violation[] = [];
  const stop = world.onChange((change) => {
    for (const invariant of asked)
      for (const message of invariant.onChange?.(change, world) ?? [])
        if (violations.length < violationsMax) violations.push(violation(invariant, message, change.at));
  });
  return { violations, stop };
}

/** Resources that are written though nothing happens: heartbeats. */
const heartbeats: ReadonlySet<string> = new Set(['coordination.k8s.io/leases']);

/** Everything of a Node but the times of its heartbeats. */
function withoutHeartbeat(object: WorldChange['object']): string {
  return JSON.stringify(object, (key, value: unknown) =>
    key === 'lastHeartbeatTime' || key === 'managedFields' || key === 'resourceVersion' ? undefined : value,
  );
}

/** What its node tells of a pod that may move, or of one that is gone by now. */
function mayBeTold(
  world: FollowedWorld,
  event: WorldChange['object'],
  mayMove: (pod: Pod) => boolean,
): boolean {
  const { involvedObject, reason } = (event as unknown as CoreEvent | undefined) ?? {};
  const { kind, namespace, name } = involvedObject ?? {};
  if (kind !== 'Pod') return false;
  // A pod that fits nowhere is tried again every five minutes, as upstream does, and that is told.
  if (reason === 'FailedScheduling') return true;
  const pod = world.get<Pod>('core/pods', `/registry/core/pods/${namespace}/${name}`);
  return pod === undefined || mayMove(pod);
}

/**
 * Counts writes that are no heartbeats, from now until `stop`: a settled cluster has none. Pods that crash again and
 * again are never settled: `mayMove` lets them.
 */
export function watchQuiescence(
  world: FollowedWorld,
  mayMove: (pod: Pod) => boolean,
): { readonly writes: string[]; stop(): void } {
  const writes: string[] = [];
  const stop = world.onChange(({ resource, key, object, old, revision }) => {
    if (heartbeats.has(resource)) return;
    if (resource === 'core/nodes' && withoutHeartbeat(object) === withoutHeartbeat(old)) return;
    if (resource === 'core/pods' && object !== undefined && mayMove(object as unknown as Pod)) return;
    if (resource === 'core/events' && mayBeTold(world, object, mayMove)) return;
    const what = object === undefined ? 'deleted' : old === undefined ? 'created' : 'written';
    if (writes.length < violationsMax) writes.push(`${key} was ${what} at revision ${revision}`);
  });
  return { writes, stop };
}
