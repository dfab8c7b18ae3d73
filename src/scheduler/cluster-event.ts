/** What happened in the cluster, as far as it may help a pod that found no node. */
import type { NodeView } from './node-view.ts';
import type { PodView } from './pod-view.ts';

export type NodeChange = 'allocatable' | 'labels' | 'taints' | 'unschedulable';

export type ClusterEvent =
  | { readonly type: 'nodeAdded'; readonly node: NodeView }
  | { readonly type: 'nodeChanged'; readonly node: NodeView; readonly changes: ReadonlySet<NodeChange> }
  | { readonly type: 'nodeDeleted' }
  /** A pod that has a node: come, or changed in its labels. */
  | { readonly type: 'podAdded' | 'podChanged'; readonly pod: PodView }
  /** Gone, done, or its decision taken back; the node is as it is without it, undefined when it is gone too. */
  | { readonly type: 'podGone'; readonly pod: PodView; readonly node: NodeView | undefined }
  | { readonly type: 'volumes' }
  | { readonly type: 'namespaceChanged' };

/** The node of an event that may be a new chance: it came, or one of these of it changed. */
export function changedNode(event: ClusterEvent, ...changes: NodeChange[]): NodeView | undefined {
  if (event.type === 'nodeAdded') return event.node;
  if (event.type === 'nodeChanged' && changes.some((change) => event.changes.has(change))) return event.node;
  return undefined;
}

const nodeChangeLabels: Readonly<Record<NodeChange, string>> = {
  allocatable: 'NodeUpdateNodeAllocatable',
  labels: 'NodeUpdateNodeLabel',
  taints: 'NodeUpdateNodeTaint',
  // Upstream takes a node that may be used again for one that lost a taint.
  unschedulable: 'NodeUpdateNodeTaint',
};

const eventLabels: Readonly<Record<Exclude<ClusterEvent['type'], 'nodeChanged'>, string>> = {
  nodeAdded: 'NodeAdd',
  nodeDeleted: 'NodeDelete',
  podAdded: 'AssignedPodAdd',
  podChanged: 'AssignedPodUpdatePodLabel',
  podGone: 'AssignedPodDelete',
  volumes: 'PersistentVolumeUpdate',
  namespaceChanged: 'NamespaceUpdate',
};

/** What upstream's metrics call the event: resource and action. Source: k8s.io/kube-scheduler framework ClusterEvent.Label. */
export function eventLabel(event: ClusterEvent): string {
  if (event.type !== 'nodeChanged') return eventLabels[event.type];
  const [first] = event.changes;
  return first === undefined ? 'NodeUpdate' : nodeChangeLabels[first];
}
