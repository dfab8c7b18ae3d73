/** DaemonSets: one pod on every node that suits. Source of behaviour: pkg/controller/daemon of Kubernetes. */
import { isDeepStrictEqual } from 'node:util';
import { type Change, create, referenceTo, remove, requeueAfter, updateStatus } from '../client/change.ts';
import { type Controller, defineController, type KeyMap, self } from '../client/controller.ts';
import { keyOf } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type { DaemonSet, Node } from '../kinds/generated/types.ts';
import { isUsableSelector } from '../kinds/label-selector.ts';
import type { KubeObject } from '../kinds/object.ts';
import { FailedPods } from './daemon-set/failed-pods.ts';
import { type History, planHistory } from './daemon-set/history.ts';
import { judgeNodes, managePods, type PodPlan, type Situation } from './daemon-set/manage.ts';
import { verdictOf } from './daemon-set/nodes.ts';
import { daemonSetKind, newPod, podsByNode } from './daemon-set/pods.ts';
import { updatePods } from './daemon-set/rolling-update.ts';
import { statusOf } from './daemon-set/status.ts';
import { daemonPodsChangedAtOnceMax } from './limits.ts';
import { claimObjects, ownersOf } from './owner.ts';
import { millisecondsToAvailable, orphanNamespace, ownedAndOrphanedPods } from './pods.ts';
import { isOfInterest, podEvents } from './replicas.ts';

/** Deletes first: that a pod cannot be made must not keep another. */
function podChanges(set: DaemonSet, { create: nodeNames, remove: pods }: PodPlan, hash: string): Change[] {
  const told = podEvents(referenceTo('DaemonSet', set));
  return [
    ...pods.slice(0, daemonPodsChangedAtOnceMax).map((pod) => remove('Pod', pod, told.deleted)),
    ...nodeNames
      .slice(0, daemonPodsChangedAtOnceMax)
      .map((nodeName) => create('Pod', newPod(set, { nodeName, hash }), told.created)),
  ];
}

/** When time alone changes something: a pod becomes available, a failed one may be deleted. */
function comeBack(situation: Situation, { waits }: PodPlan): Change[] {
  const { set, byNode, now } = situation;
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const pods = minReadySeconds === 0 ? [] : [...byNode.values()].flat();
  const untilAvailable = pods
    .map((pod) => millisecondsToAvailable(pod, { minReadySeconds, now }) ?? 0)
    .filter((wait) => wait > 0);
  const soonest = [...waits, ...untilAvailable].reduce((least, wait) => Math.min(least, wait), Infinity);
  return soonest === Infinity ? [] : [requeueAfter(soonest)];
}

/** Pods that are missing or too many come first; when there are none, an update goes on. */
function planPods(situation: Situation, failed: FailedPods): PodPlan {
  const managed = managePods(situation, failed);
  if (managed.create.length + managed.remove.length > 0) return managed;
  return { ...updatePods(situation), waits: managed.waits };
}

function planDaemonSet(set: DaemonSet, view: View, failed: FailedPods): Change[] {
  const owned = { owner: set, ownerKind: daemonSetKind, selector: set.spec?.selector };
  const pods = claimObjects(ownedAndOrphanedPods(view, set), { ...owned, kind: 'Pod' });
  const revisions = claimObjects(view.list('ControllerRevision', { namespace: set.metadata.namespace }), {
    ...owned,
    kind: 'ControllerRevision',
  });
  const history: History = planHistory(set, revisions.claimed, { pods: pods.claimed, view });
  const { hash } = history;
  const verdicts = judgeNodes(set, view.list('Node'));
  const situation = { set, verdicts, byNode: podsByNode(pods.claimed), hash, now: view.now() };
  const plan = planPods(situation, failed);
  const status = statusOf(situation, history.collisions);
  return [
    ...pods.changes,
    ...revisions.changes,
    ...history.changes,
    ...(isDeepStrictEqual(status, set.status ?? {}) ? [] : [updateStatus('DaemonSet', { ...set, status })]),
    ...plan.events,
    ...podChanges(set, plan, hash),
    ...history.cleanup,
    ...comeBack(situation, plan),
  ];
}

/** The sets for which the node becomes another: its heartbeats concern none. */
const setsOfNode: KeyMap<Node> = (node, view, { type, old, object }) => {
  const before = type === 'update' ? old : undefined;
  if (before !== undefined && isDeepStrictEqual(placeOf(before), placeOf(object))) return [];
  return view
    .list('DaemonSet')
    .filter((set) => {
      const verdict = verdictOf(set);
      if (before === undefined) return verdict(node).shouldStay;
      return !isDeepStrictEqual(verdict(before), verdict(object));
    })
    .map(keyOf);
};

const placeOf = ({ metadata, spec }: Node): unknown => [metadata.labels, spec?.taints];

const setsOf = (view: View): ((object: KubeObject) => string[]) =>
  ownersOf<DaemonSet>({
    ownerKind: daemonSetKind,
    selectorOf: ({ spec }) => spec?.selector,
    list: (namespace) => view.list('DaemonSet', { namespace }),
  });

/** It remembers which pods failed how often: each world has one of its own. */
export function daemonSet(): Controller {
  const failed = new FailedPods();
  return defineController({
    name: 'daemon-set',
    eventSource: 'daemonset-controller',
    watches: {
      DaemonSet: self,
      Pod: (pod, view, { object, old }) => (isOfInterest(object, old) ? setsOf(view)(pod) : []),
      ControllerRevision: (revision, view) => setsOf(view)(revision),
      Node: setsOfNode,
    },
    indexes: { Pod: { orphanNamespace } },
    reconcile(key, view) {
      const found = view.get('DaemonSet', key);
      if (found?.spec?.selector === undefined || !isUsableSelector(found.spec.selector)) return [];
      // What it owned goes in no order that could be relied on: there is nothing to tell of it any more.
      if (found.metadata.deletionTimestamp !== undefined) return [];
      return planDaemonSet(found, view, failed);
    },
  });
}
