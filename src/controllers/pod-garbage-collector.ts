/**
 * Deletes pods that nobody else will: of nodes that are gone, of nodes that are out of service, without a node, and
 * ended ones when there are too many. Source of behaviour: pkg/controller/podgc of Kubernetes.
 */
import { type Change, remove, requeueAfter } from '../client/change.ts';
import { type Controller, defineController, type KeyMap } from '../client/controller.ts';
import { keyOf } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type { Node, Pod } from '../kinds/generated/types.ts';
import { type Disruption, markDisrupted } from './disruption-target.ts';
import { nodeQuarantineMilliseconds, terminatedPodsCheckMilliseconds, terminatedPodsMax } from './limits.ts';
import { isTerminal, podNode } from './pods.ts';

const nodeGone: Disruption = { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' };

/** No node's name and no pod's key: those have no space. */
const endedPods = 'ended pods';

const isGoing = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;

/** It is held by finalizers alone: nothing more can be done for it. */
const isForced = (pod: Pod): boolean =>
  isGoing(pod) && isTerminal(pod) && pod.metadata.deletionGracePeriodSeconds === 0;

/** Without a kubelet nobody would say that it has ended. */
function forceDelete(pod: Pod, now: number, disruption?: Disruption): Change[] {
  if (isForced(pod)) return [];
  const marks = isTerminal(pod) ? [] : markDisrupted(pod, { disruption, phase: 'Failed', now });
  return [...marks, remove('Pod', pod, { gracePeriodSeconds: 0 })];
}

/** Somebody has said that the node is off and will not write to volumes any more (KEP-2268). */
const isOutOfService = ({ spec, status }: Node): boolean =>
  spec?.taints?.some(({ key }) => key === 'node.kubernetes.io/out-of-service') === true &&
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') !== true;

const isEvicted = ({ status }: Pod): boolean => status?.phase === 'Failed' && status.reason === 'Evicted';

/** Evicted ones first, then the oldest. */
function inOrder(pods: readonly Pod[]): Pod[] {
  const rank = (pod: Pod): string =>
    `${isEvicted(pod) ? 0 : 1} ${pod.metadata.creationTimestamp ?? ''} ${pod.metadata.name ?? ''}`;
  return pods.toSorted((left, right) => (rank(left) < rank(right) ? -1 : 1));
}

class Collector {
  readonly #max: number;
  /** Until when a node that is not there may still come: names of nodes that pods are on, with that time. */
  readonly #quarantined = new Map<string, number>();
  #countedAt: number | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  reconcile(key: string, view: View): Change[] {
    if (key === endedPods) return this.#collectEnded(view);
    if (!key.includes('/')) return this.#collectOnNode(key, view);
    const pod = view.get('Pod', key);
    return pod !== undefined && isGoing(pod) && !pod.spec?.nodeName ? forceDelete(pod, view.now()) : [];
  }

  #collectOnNode(name: string, view: View): Change[] {
    const now = view.now();
    const node = view.get('Node', name);
    const pods = view.byIndex('Pod', 'node', name);
    if (node !== undefined || pods.length === 0) this.#quarantined.delete(name);
    if (node !== undefined) {
      const going = isOutOfService(node) ? pods.filter(isGoing) : [];
      return inOrder(going).flatMap((pod) => forceDelete(pod, now));
    }
    if (pods.length === 0) return [];
    const until = this.#quarantined.get(name) ?? now + nodeQuarantineMilliseconds;
    this.#quarantined.set(name, until);
    if (now < until) return [requeueAfter(until - now)];
    const deletes = pods.flatMap((pod) => forceDelete(pod, now, nodeGone));
    return deletes.length === 0 ? [] : [{ type: 'requireAbsent', kind: 'Node', key: name }, ...deletes];
  }

  #collectEnded(view: View): Change[] {
    const now = view.now();
    const next = (this.#countedAt ?? Number.NEGATIVE_INFINITY) + terminatedPodsCheckMilliseconds;
    if (now < next) return [requeueAfter(next - now)];
    this.#countedAt = now;
    const ended = view.byIndex('Pod', 'ended', 'true');
    if (ended.length <= this.#max) return [];
    return inOrder(ended)
      .slice(0, ended.length - this.#max)
      .flatMap((pod) => forceDelete(pod, now));
  }
}

const hasEnded = (pod: Pod): readonly string[] => (isTerminal(pod) ? ['true'] : []);

const concernedByPod: KeyMap<Pod> = (pod, view, { type, old }) => {
  const keys: string[] = [];
  const { nodeName } = pod.spec ?? {};
  if (nodeName) {
    const node = view.get('Node', nodeName);
    if (node === undefined || (isGoing(pod) && isOutOfService(node))) keys.push(nodeName);
  } else if (isGoing(pod)) keys.push(keyOf(pod));
  if (type !== 'delete' && isTerminal(pod) && (old === undefined || !isTerminal(old))) keys.push(endedPods);
  return keys;
};

const concernedByNode: KeyMap<Node> = (node, _view, { type, old, object }) =>
  type === 'update' && old !== undefined && isOutOfService(old) === isOutOfService(object)
    ? []
    : [node.metadata.name ?? ''];

/** It remembers since when nodes have been gone: each world has one of its own. */
export function podGarbageCollector({ endedPodsMax = terminatedPodsMax } = {}): Controller {
  const collector = new Collector(endedPodsMax);
  return defineController({
    name: 'pod-garbage-collector',
    watches: { Pod: concernedByPod, Node: concernedByNode },
    indexes: { Pod: { node: podNode, ended: hasEnded } },
    reconcile: (key, view) => collector.reconcile(key, view),
  });
}
