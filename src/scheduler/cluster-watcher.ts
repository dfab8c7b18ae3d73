/** Keeps the snapshot and the queue as the informers tell. */
import { isDeepStrictEqual } from 'node:util';
import type { Informers } from '../client/informers.ts';
import type { Node, Pod } from '../kinds/generated/types.ts';
import type { ClusterEvent, NodeChange } from './cluster-event.ts';
import { lookedUpKinds } from './lookups.ts';
import type { Nominator } from './nominator.ts';
import { isFinished, type PodView, viewPod } from './pod-view.ts';
import type { SchedulingQueue } from './queue.ts';
import type { Snapshot } from './snapshot.ts';

export interface WatcherOptions {
  readonly informers: Informers;
  readonly snapshot: Snapshot;
  readonly queue: SchedulingQueue;
  readonly nominator: Nominator;
  readonly signal: AbortSignal;
  /** Whether a scheduler of this name is here. */
  isOurs(schedulerName: string): boolean;
}

/** What of a node matters to scheduling; a heartbeat changes none of it. */
export function nodeChanges(node: Node, old: Node): ReadonlySet<NodeChange> {
  const changes = new Set<NodeChange>();
  if (!isDeepStrictEqual(node.status?.allocatable, old.status?.allocatable)) changes.add('allocatable');
  if (!isDeepStrictEqual(node.metadata.labels, old.metadata.labels)) changes.add('labels');
  if (!isDeepStrictEqual(node.spec?.taints, old.spec?.taints)) changes.add('taints');
  if ((node.spec?.unschedulable ?? false) !== (old.spec?.unschedulable ?? false))
    changes.add('unschedulable');
  return changes;
}

/** Whether a pod on a node still counts as it did: most updates of a running pod are of its status. */
function countsTheSame(pod: Pod, old: Pod): boolean {
  return (
    pod.metadata.uid === old.metadata.uid &&
    pod.metadata.generation === old.metadata.generation &&
    pod.metadata.deletionTimestamp === old.metadata.deletionTimestamp &&
    pod.spec?.nodeName === old.spec?.nodeName &&
    pod.status?.startTime === old.status?.startTime &&
    isFinished(pod) === isFinished(old) &&
    isDeepStrictEqual(pod.metadata.labels, old.metadata.labels)
  );
}

const isLess = (now: PodView, old: PodView): boolean =>
  now.requests.milliCPU < old.requests.milliCPU || now.requests.memory < old.requests.memory;

export class ClusterWatcher {
  readonly #options: WatcherOptions;

  constructor(options: WatcherOptions) {
    this.#options = options;
    const takeOff = [...this.#watchNodes(), ...this.#watchOthers()];
    for (const kind of lookedUpKinds) options.informers.of(kind);
    const onAbort = () => {
      for (const each of takeOff) each();
    };
    options.signal.addEventListener('abort', onAbort, { once: true });
  }

  #watchNodes(): (() => void)[] {
    const { informers, snapshot, queue } = this.#options;
    const namespaces = informers.of('Namespace').handle({
      add: ({ metadata }) => snapshot.setNamespace(metadata.name ?? '', metadata.labels ?? {}),
      update: ({ metadata }, old) => {
        if (isDeepStrictEqual(metadata.labels, old.metadata.labels)) return;
        snapshot.setNamespace(metadata.name ?? '', metadata.labels ?? {});
        queue.wake({ type: 'namespaceChanged' });
      },
      delete: ({ metadata }) => snapshot.setNamespace(metadata.name ?? '', undefined),
    });
    const nodes = informers.of('Node').handle({
      add: (node) => queue.wake({ type: 'nodeAdded', node: snapshot.setNode(node) }),
      update: (node, old) => this.#updateNode(node, old),
      delete: ({ metadata }) => {
        snapshot.deleteNode(metadata.name ?? '');
        queue.wake({ type: 'nodeDeleted' });
      },
    });
    return [namespaces, nodes];
  }

  #watchOthers(): (() => void)[] {
    const { informers, queue } = this.#options;
    const pods = informers.of('Pod').handle({
      add: (pod) => this.#see(pod),
      update: (pod, old) => {
        if (!countsTheSame(pod, old) || !pod.spec?.nodeName) this.#see(pod);
      },
      delete: (pod) => this.#lose(pod),
    });
    const volumes = (['PersistentVolumeClaim', 'PersistentVolume', 'StorageClass'] as const).map((kind) => {
      const wake = () => queue.wake({ type: 'volumes' });
      return informers.of(kind).handle({ add: wake, update: wake });
    });
    return [pods, ...volumes];
  }

  /** Pods that found no room in the queue. */
  readPending(): void {
    for (const pod of this.#options.informers.of('Pod').list()) if (!pod.spec?.nodeName) this.#see(pod);
  }

  #updateNode(node: Node, old: Node): void {
    const { snapshot, queue } = this.#options;
    const changes = nodeChanges(node, old);
    if (changes.size === 0 && isDeepStrictEqual(node.status?.images, old.status?.images)) return;
    const view = snapshot.setNode(node);
    if (changes.size > 0) queue.wake({ type: 'nodeChanged', node: view, changes });
  }

  #see(pod: Pod): void {
    const { snapshot, queue, nominator } = this.#options;
    if (isFinished(pod)) {
      this.#lose(pod);
      return;
    }
    const view = viewPod(pod);
    const nodeName = pod.spec?.nodeName ?? '';
    const place = snapshot.placeOf(view.key);
    if (nodeName !== '') {
      queue.delete(view.key);
      nominator.delete(view.key);
      snapshot.setPod(view, nodeName);
      this.#tell(view, nodeName, place?.pod);
      return;
    }
    // It has its node, and only the news of it have not come yet.
    if (place !== undefined && place.pod.uid === view.uid) return;
    if (place !== undefined) this.#lose(place.pod.pod);
    if (view.isTerminating || !this.#options.isOurs(pod.spec?.schedulerName ?? '')) {
      queue.delete(view.key);
      nominator.delete(view.key);
      return;
    }
    const nominated = pod.status?.nominatedNodeName ?? '';
    if (nominated !== '' && !queue.has(view.key)) nominator.set(view, nominated);
    queue.set(view);
  }

  #tell(view: PodView, nodeName: string, old: PodView | undefined): void {
    const { snapshot, queue } = this.#options;
    if (old !== undefined && isLess(view, old))
      queue.wake({ type: 'podGone', pod: old, node: snapshot.node(nodeName) });
    // A decided pod has counted since its decision; only now others may have affinity to it for sure.
    const isNew = old === undefined || !old.pod.spec?.nodeName;
    const event: ClusterEvent | undefined = isNew
      ? { type: 'podAdded', pod: view }
      : isDeepStrictEqual(view.labels, old.labels)
        ? undefined
        : { type: 'podChanged', pod: view };
    if (event !== undefined) queue.wake(event);
  }

  #lose(pod: Pod): void {
    const { snapshot, queue, nominator } = this.#options;
    const key = `${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''}`;
    queue.delete(key);
    const nominated = nominator.nodeOf(key);
    nominator.delete(key);
    const nodeName = snapshot.placeOf(key)?.nodeName ?? nominated;
    const gone = snapshot.deletePod(key);
    if (nodeName !== undefined)
      queue.wake({ type: 'podGone', pod: gone ?? viewPod(pod), node: snapshot.node(nodeName) });
  }
}
