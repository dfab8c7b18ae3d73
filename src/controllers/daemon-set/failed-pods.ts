/**
 * When a failed daemon pod is deleted, so that another is made: a node that refuses every pod must not get one after the
 * other. The waits double from 1 s to 15 min and are forgotten after 30 min of peace. A pod that is gone leaves no trace
 * in the API, so this is remembered here, as upstream does (k8s.io/client-go flowcontrol.Backoff).
 */
import { BoundedMap } from '../../client/bounded-map.ts';
import type { DaemonSet, Pod } from '../../kinds/generated/types.ts';
import { failedDaemonPodsMax } from '../limits.ts';

const firstMilliseconds = 1_000;
const longestMilliseconds = 900_000;

interface Entry {
  /** The pod that was let go last. */
  readonly uid: string | undefined;
  readonly at: number;
  readonly wait: number;
}

export class FailedPods {
  readonly #entries = new BoundedMap<Entry>(failedDaemonPodsMax);

  /** Milliseconds until this pod may be deleted; 0: now, and the next one of the node waits longer. */
  waitFor(set: DaemonSet, pod: Pod, { nodeName, now }: { nodeName: string; now: number }): number {
    const key = `${set.metadata.uid}/${set.status?.observedGeneration ?? 0}/${nodeName}`;
    const { uid } = pod.metadata;
    const before = this.#entries.get(key);
    if (before !== undefined && before.uid === uid) return 0;
    const isForgotten = before === undefined || now - before.at > 2 * longestMilliseconds;
    if (!isForgotten && now - before.at < before.wait) return before.at + before.wait - now;
    const wait = isForgotten ? firstMilliseconds : Math.min(before.wait * 2, longestMilliseconds);
    this.#entries.set(key, { uid, at: now, wait });
    return 0;
  }
}
