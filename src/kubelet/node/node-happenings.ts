/** What the agent says about its node in Events. Source: kubelet_node_status.go, nodestatus/setters.go and kubelet.go. */
import type { EventText } from '../../client/change.ts';
import type { Node, NodeStatus } from '../../kinds/generated/types.ts';

/** The reason of the event for each status of a condition. */
const reasons: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  MemoryPressure: { True: 'NodeHasInsufficientMemory', False: 'NodeHasSufficientMemory' },
  DiskPressure: { True: 'NodeHasDiskPressure', False: 'NodeHasNoDiskPressure' },
  PIDPressure: { True: 'NodeHasInsufficientPID', False: 'NodeHasSufficientPID' },
  Ready: { True: 'NodeReady', False: 'NodeNotReady' },
};

const statusOf = (status: NodeStatus | undefined, type: string): string | undefined =>
  status?.conditions?.find((condition) => condition.type === type)?.status;

/** `started`: the first look since the agent's start; `before`: the node as it was last, undefined when it is new. */
export function nodeHappenings(
  after: Node,
  { before, started }: { before: Node | undefined; started: boolean },
): EventText[] {
  const { name = '' } = after.metadata;
  // Kubelet does not know its Node's uid when it starts, so it refers to it by name all its life.
  const regarding = { kind: 'Node', name, uid: name };
  const normal = (reason: string, message = `Node ${name} status is now: ${reason}`): EventText => {
    return { regarding, type: 'Normal', reason, message };
  };
  const changed = Object.entries(reasons).flatMap(([type, byStatus]) => {
    const status = statusOf(after.status, type) ?? '';
    const reason = byStatus[status];
    const isNew = status !== statusOf(before?.status, type);
    // A node that was not ready and is not yet has nothing to tell.
    const isFirst = type === 'Ready' ? before === undefined && status === 'False' : false;
    return reason === undefined || isFirst || !(isNew || (started && type !== 'Ready'))
      ? []
      : [normal(reason)];
  });
  const wasOff = before?.spec?.unschedulable === true;
  const isOff = after.spec?.unschedulable === true;
  return [
    ...(started
      ? [
          normal('Starting', 'Starting kubelet.'),
          normal('NodeAllocatableEnforced', 'Updated Node Allocatable limit across pods'),
        ]
      : []),
    ...changed,
    ...(before === undefined || wasOff === isOff
      ? []
      : [normal(isOff ? 'NodeNotSchedulable' : 'NodeSchedulable')]),
  ];
}
