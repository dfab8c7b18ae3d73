/**
 * How many pods on each node match something, kept up to date as pods come and go: spread constraints and affinity of
 * replicas ask the same question for every pod, and asking all 20,000 pods each time would take milliseconds.
 */
import type { NodeView } from './node-view.ts';
import type { PodView } from './pod-view.ts';

export interface PodMatcher {
  /** The same for matchers that answer the same. */
  readonly key: string;
  /** Undefined: pods of any namespace may match. */
  readonly namespace: string | undefined;
  matches(pod: PodView): boolean;
}

export type NodeCounts = ReadonlyMap<NodeView, number>;

interface Tracked {
  readonly matcher: PodMatcher;
  readonly counts: Map<NodeView, number>;
}

export class MatchCounts {
  readonly #tracked = new Map<string, Tracked>();
  readonly #max: number;

  constructor(trackedMax: number) {
    this.#max = trackedMax;
  }

  get size(): number {
    return this.#tracked.size;
  }

  /** Nodes without such a pod are not in it. */
  of(matcher: PodMatcher, nodes: Iterable<NodeView>): NodeCounts {
    let tracked = this.#tracked.get(matcher.key);
    if (tracked === undefined) {
      tracked = { matcher, counts: new Map() };
      for (const node of nodes)
        for (const pod of node.pods.values()) if (isMatch(matcher, pod)) change(tracked, node, 1);
      if (this.#tracked.size >= this.#max) this.#tracked.delete(this.#tracked.keys().next().value as string);
    } else this.#tracked.delete(matcher.key);
    // The last in the map is the one used last.
    this.#tracked.set(matcher.key, tracked);
    return tracked.counts;
  }

  count(pod: PodView, node: NodeView, sign: 1 | -1): void {
    for (const tracked of this.#tracked.values())
      if (isMatch(tracked.matcher, pod)) change(tracked, node, sign);
  }

  /** A matcher may look at labels of namespaces: when those change, all is counted anew. */
  clear(): void {
    this.#tracked.clear();
  }
}

const isMatch = (matcher: PodMatcher, pod: PodView): boolean =>
  (matcher.namespace === undefined || matcher.namespace === pod.namespace) && matcher.matches(pod);

function change({ counts }: Tracked, node: NodeView, sign: 1 | -1): void {
  const count = (counts.get(node) ?? 0) + sign;
  if (count === 0) counts.delete(node);
  else counts.set(node, count);
}
