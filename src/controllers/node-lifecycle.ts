/**
 * What becomes of a node that is silent: its conditions turn Unknown, it is tainted, its pods are not ready. Conditions
 * that the node reports become taints too. Source: pkg/controller/nodelifecycle.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Change, event, requeueAfter, update, updateStatus } from '../client/change.ts';
import { type Controller, defineController, type KeyMap } from '../client/controller.ts';
import { objectKey } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type { Lease, Node, NodeCondition, Pod, Taint } from '../kinds/generated/types.ts';
import { timestamp } from '../lib/timestamp.ts';
import { nodeGraceMilliseconds, nodeMonitorMilliseconds } from './limits.ts';
import { isNodeReady, type Mood, moodOf, nodeHealth } from './node-lifecycle/zone-health.ts';
import { podCondition, podNode, timeOf } from './pods.ts';

const leaseNamespace = 'kube-node-lease';
const notReady = 'node.kubernetes.io/not-ready';
const unreachable = 'node.kubernetes.io/unreachable';

/** Conditions that a silent node can no longer vouch for. */
const watchedConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

/** Condition type -> status -> key of the NoSchedule taint. */
const conditionTaints: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: notReady, Unknown: unreachable },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
};

const unschedulable = 'node.kubernetes.io/unschedulable';

/** Keys of the taints that are this controller's: others are left alone. */
const ownKeys: ReadonlySet<string> = new Set([
  unschedulable,
  ...Object.values(conditionTaints).flatMap((byStatus) => Object.values(byStatus)),
]);

const conditionsOf = (node: Node): readonly NodeCondition[] => node.status?.conditions ?? [];

const readyOf = (node: Node): NodeCondition | undefined =>
  conditionsOf(node).find(({ type }) => type === 'Ready');

/** When the node was last heard of, in milliseconds: by its lease, its status, or its registration. */
function heardOf(node: Node, lease: Lease | undefined): number {
  const times = [lease?.spec?.renewTime, readyOf(node)?.lastHeartbeatTime, node.metadata.creationTimestamp];
  return Math.max(...times.map((time) => timeOf(time) ?? 0));
}

/** The conditions of a node that has been silent too long. */
function unknownConditions(node: Node, now: number): NodeCondition[] {
  const lastTransitionTime = timestamp(now);
  const present = conditionsOf(node);
  const silent = watchedConditions.map((type): NodeCondition => {
    const before = present.find((condition) => condition.type === type);
    if (before === undefined)
      return {
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: node.metadata.creationTimestamp,
        lastTransitionTime,
      };
    if (before.status === 'Unknown') return before;
    return {
      ...before,
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime,
    };
  });
  return [...present.filter(({ type }) => !watchedConditions.includes(type)), ...silent];
}

const drivesAway = (taints: readonly Taint[]): boolean =>
  taints.some(({ key, effect }) => effect === 'NoExecute' && (key === notReady || key === unreachable));

/** The taints that the node's conditions call for; one that is there already keeps the time it was added. */
function wantedTaints(node: Node, { now, mood }: { now: number; mood: Mood }): Taint[] {
  const present = node.spec?.taints ?? [];
  const wanted: Taint[] = [];
  const add = (key: string, effect: string) => {
    const before = present.find((taint) => taint.key === key && taint.effect === effect);
    wanted.push(before ?? { key, effect, timeAdded: timestamp(now) });
  };
  for (const { type, status } of conditionsOf(node)) {
    const key = conditionTaints[type]?.[status];
    if (key !== undefined) add(key, 'NoSchedule');
  }
  if (node.spec?.unschedulable === true) add(unschedulable, 'NoSchedule');
  const ready = readyOf(node);
  // A node that has not reported at all keeps the taint it was registered with.
  if (ready === undefined) add(notReady, 'NoSchedule');
  else if (ready.status !== 'True' && (mood === 'drive' || (mood === 'hold' && drivesAway(present))))
    add(ready.status === 'False' ? notReady : unreachable, 'NoExecute');
  return [...present.filter(({ key }) => !ownKeys.has(key)), ...wanted];
}

function taintChanges(node: Node, view: View): Change[] {
  const taints = wantedTaints(node, {
    now: view.now(),
    mood: isNodeReady(node) ? 'drive' : moodOf(node, view),
  });
  if (isDeepStrictEqual(taints, node.spec?.taints ?? [])) return [];
  const spec = { ...node.spec, taints };
  if (taints.length === 0) delete (spec as { taints?: Taint[] }).taints;
  return [update('Node', { ...node, spec })];
}

/**
 * Pods of a node that does not answer are not ready: their Services leave them alone. One that has become ready since
 * then shows that its kubelet is back, and would say so again and again.
 */
function markPodsNotReady(node: Node, view: View): Change[] {
  const silentSince = timeOf(readyOf(node)?.lastTransitionTime) ?? 0;
  return view.byIndex('Pod', 'node', node.metadata.name ?? '').flatMap((pod) => {
    const conditions = pod.status?.conditions ?? [];
    const ready = podCondition(pod, 'Ready');
    if (ready?.status !== 'True' || (timeOf(ready.lastTransitionTime) ?? 0) >= silentSince) return [];
    const lastTransitionTime = timestamp(view.now());
    const marked = conditions.map((condition) =>
      condition.type === 'Ready' ? { ...condition, status: 'False', lastTransitionTime } : condition,
    );
    const notice = event('Pod', pod, {
      type: 'Warning',
      reason: 'NodeNotReady',
      message: 'Node is not ready',
    });
    return [updateStatus('Pod', { ...pod, status: { ...pod.status, conditions: marked } }), notice];
  });
}

const leaseOwner: KeyMap<Lease> = ({ metadata }) =>
  metadata.namespace === leaseNamespace ? [metadata.name ?? ''] : [];

/** A pod that comes to a node that is not ready concerns the node; others do not. */
const podOnSilentNode: KeyMap<Pod> = (pod, view) =>
  podNode(pod).filter((name) => {
    const node = view.get('Node', name);
    return node !== undefined && readyOf(node)?.status !== 'True';
  });

function silence(node: Node, view: View): Change[] {
  const conditions = unknownConditions(node, view.now());
  if (isDeepStrictEqual(conditions, conditionsOf(node))) return [];
  const written = updateStatus('Node', { ...node, status: { ...node.status, conditions } });
  // A node that was not ready before has said so itself.
  if (readyOf(node)?.status !== 'True') return [written];
  const message = `Node ${node.metadata.name} status is now: NodeNotReady`;
  return [written, event('Node', node, { type: 'Normal', reason: 'NodeNotReady', message })];
}

/** Coming and going are keys of their own, since a node that is gone cannot be looked at; names have no spaces. */
const noticeKey = (reason: 'RegisteredNode' | 'RemovingNode', { metadata }: Node): string =>
  `${reason} ${metadata.name} ${metadata.uid}`;

const noticed: KeyMap<Node> = (node, _view, { type }) => {
  if (type === 'delete') return [noticeKey('RemovingNode', node)];
  const name = node.metadata.name ?? '';
  return type === 'add' ? [name, noticeKey('RegisteredNode', node)] : [name];
};

/** Told of every node when the controller starts, as upstream does. */
function notice(key: string): Change[] {
  const [reason = '', name = '', uid = ''] = key.split(' ');
  const what =
    reason === 'RegisteredNode'
      ? `Registered Node ${name} in Controller`
      : `Removing Node ${name} from Controller`;
  const regarding = { apiVersion: 'v1', kind: 'Node', name, uid };
  const message = `Node ${name} event: ${what}`;
  return [{ type: 'event', event: { regarding, type: 'Normal', reason, message } }];
}

export const nodeLifecycleName = 'node-lifecycle';

/** `graceMilliseconds`: how long a node may be silent; upstream's --node-monitor-grace-period. */
export function nodeLifecycle({ graceMilliseconds = nodeGraceMilliseconds } = {}): Controller {
  // Nobody could be heard while there was no server: silence counts from here on, as upstream's observations do.
  let since: number | undefined;
  return defineController({
    name: nodeLifecycleName,
    eventSource: 'node-controller',
    watches: { Node: noticed, Lease: leaseOwner, Pod: podOnSilentNode },
    indexes: { Pod: { node: podNode }, Node: { health: nodeHealth } },
    reconcile(key, view) {
      if (key.includes(' ')) return notice(key);
      const node = view.get('Node', key);
      if (node === undefined || node.metadata.deletionTimestamp !== undefined) return [];
      const now = view.now();
      since ??= now;
      const heard = heardOf(node, view.get('Lease', objectKey(leaseNamespace, key)));
      const silentFor = now - Math.max(since, heard);
      if (silentFor >= graceMilliseconds) {
        // One write at a time: the next turn sees this one and goes on with the taints and the pods.
        const silenced = silence(node, view);
        if (silenced.length > 0) return silenced;
      }
      const tainted = taintChanges(node, view);
      if (tainted.length > 0) return tainted;
      const left = graceMilliseconds - silentFor;
      if (isNodeReady(node)) return [requeueAfter(left)];
      const pods = readyOf(node) === undefined ? [] : markPodsNotReady(node, view);
      // What becomes of its pods depends on the other nodes, too.
      return [
        ...pods,
        requeueAfter(left > 0 ? Math.min(left, nodeMonitorMilliseconds) : nodeMonitorMilliseconds),
      ];
    },
  });
}
