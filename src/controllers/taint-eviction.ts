/**
 * Pods leave a node that has a NoExecute taint: at once, or when the time for which they tolerate it is over. Source of
 * behaviour: pkg/controller/tainteviction of Kubernetes. As there, the time runs from when the controller has seen the
 * taint, and a process that starts anew gives it anew: that is remembered here, since nothing in the API tells it.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Change, type EventText, remove, requeueAfter } from '../client/change.ts';
import { type Controller, defineController, type KeyMap } from '../client/controller.ts';
import { keyOf, splitKey } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type { Node, Pod, Taint } from '../kinds/generated/types.ts';
import { tolerates } from '../kinds/pod/taints.ts';
import { markDisrupted } from './disruption-target.ts';
import { podNode } from './pods.ts';

const disruption = {
  reason: 'DeletionByTaintManager',
  message: 'Taint manager: deleting due to NoExecute taint',
};

/**
 * How long a pod has been there at least before it is sent away. Whoever has just placed it may know the node better than
 * what is seen here: sent away at once it would come back at once, again and again, until the news arrives.
 */
const youngestMilliseconds = 1000;

const evicting = (node: Node | undefined): Taint[] =>
  (node?.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');

/** Milliseconds for which the pod tolerates all of the taints; for each the first toleration counts. */
export function patienceOf({ spec }: Pod, taints: readonly Taint[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    const used = spec?.tolerations?.find((toleration) => tolerates(toleration, taint));
    if (used === undefined) return 0;
    least = Math.min(least, Math.max(0, (used.tolerationSeconds ?? Number.POSITIVE_INFINITY) * 1000));
  }
  return least;
}

/** About the pod by its name alone: it may be gone. */
function told(key: string, what: 'Marking for' | 'Cancelling'): EventText {
  const message = `${what} deletion ${what === 'Cancelling' ? 'of ' : ''}Pod ${key}`;
  const regarding = { apiVersion: 'v1', kind: 'Pod', ...splitKey(key) };
  return { regarding, type: 'Normal', reason: 'TaintManagerEviction', message };
}

/** A pod that is to be evicted at a time. */
interface Appointment {
  readonly uid: string | undefined;
  readonly at: number;
}

class Appointments {
  /** By the pod's key; as many as there are pods on nodes with such taints. */
  readonly #pending = new Map<string, Appointment>();

  has(key: string): boolean {
    return this.#pending.has(key);
  }

  reconcile(key: string, view: View): Change[] {
    const now = view.now();
    const pod = view.get('Pod', key);
    const pending = this.#pending.get(key);
    const isAnother = pending !== undefined && pending.uid !== pod?.metadata.uid;
    const cancelled = isAnother ? this.#cancel(key, now) : [];
    return pod === undefined ? cancelled : [...cancelled, ...this.#consider(key, { pod, view })];
  }

  #consider(key: string, { pod, view }: { pod: Pod; view: View }): Change[] {
    const now = view.now();
    let pending = this.#pending.get(key);
    const node = view.get('Node', pod.spec?.nodeName ?? '');
    // Of a node that is gone nobody knows that it has got better.
    if (node !== undefined || pending === undefined) {
      const tolerated = patienceOf(pod, evicting(node));
      if (tolerated === Number.POSITIVE_INFINITY) return this.#cancel(key, now);
      const patience = Math.max(tolerated, millisecondsYoung(pod, now));
      if (patience === 0) return [...this.#cancel(key, now), ...evict(pod, now)];
      // Once made, an appointment stands, whatever other taints come.
      pending ??= { uid: pod.metadata.uid, at: now + patience };
      this.#pending.set(key, pending);
    }
    return now < pending.at ? [requeueAfter(pending.at - now)] : evict(pod, now);
  }

  /** One that was kept is forgotten without a word. */
  #cancel(key: string, now: number): Change[] {
    const pending = this.#pending.get(key);
    this.#pending.delete(key);
    if (pending === undefined || pending.at <= now) return [];
    return [{ type: 'event', event: told(key, 'Cancelling') }];
  }
}

function millisecondsYoung({ metadata }: Pod, now: number): number {
  const created = Date.parse(metadata.creationTimestamp ?? '');
  return Math.max(0, (created || 0) + youngestMilliseconds - now);
}

/** One that is going already is left to whoever deleted it. */
function evict(pod: Pod, now: number): Change[] {
  if (pod.metadata.deletionTimestamp !== undefined) return [];
  return [
    ...markDisrupted(pod, { disruption, now }),
    remove('Pod', pod, { onSuccess: told(keyOf(pod), 'Marking for') }),
  ];
}

/** The pods of a node whose evicting taints are others than before. */
const podsOfNode: KeyMap<Node> = ({ metadata }, view, { type, object, old }) => {
  const before = evicting(type === 'update' ? old : undefined);
  if (type === 'delete' || isDeepStrictEqual(before, evicting(object))) return [];
  return view.byIndex('Pod', 'node', metadata.name ?? '').map(keyOf);
};

const placeOf = ({ metadata, spec }: Pod): unknown => [
  metadata.uid,
  metadata.deletionTimestamp === undefined,
  spec?.nodeName,
  spec?.tolerations,
];

/** It remembers since when pods have been on nodes with such taints: each world has one of its own. */
export function taintEviction(): Controller {
  const appointments = new Appointments();
  const pods: KeyMap<Pod> = (pod, view, { type, object, old }) => {
    if (old !== undefined && old !== object && isDeepStrictEqual(placeOf(old), placeOf(object))) return [];
    const key = keyOf(pod);
    const concerns = type !== 'delete' && evicting(view.get('Node', pod.spec?.nodeName ?? '')).length > 0;
    return concerns || appointments.has(key) ? [key] : [];
  };
  return defineController({
    name: 'taint-eviction',
    watches: { Pod: pods, Node: podsOfNode },
    indexes: { Pod: { node: podNode } },
    reconcile: (key, view) => appointments.reconcile(key, view),
  });
}
