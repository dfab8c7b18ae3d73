/**
 * What a filter and a score are. Both are prepared once for a pod and then asked for each node; one that has nothing to
 * say about a pod is not asked at all, as upstream's Skip.
 */
import type {
  LabelSelector,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from '../kinds/generated/types.ts';
import type { ClusterEvent } from './cluster-event.ts';
import type { NodeView } from './node-view.ts';
import type { PodView } from './pod-view.ts';
import type { Snapshot } from './snapshot.ts';

/** Why a node, or the whole pod, is refused. */
export interface Rejection {
  readonly reasons: readonly string[];
  /** Whether it may help to remove pods from the node: upstream's Unschedulable, else UnschedulableAndUnresolvable. */
  readonly isResolvable: boolean;
}

/** Objects beside nodes and pods that plugins look at. Keys are `namespace/name`. */
export interface Lookups {
  claim(key: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumes(): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  /** Selectors of the Services and the workload that the pod belongs to. */
  selectorsOf(pod: PodView): readonly LabelSelector[];
}

export const noLookups: Lookups = {
  claim: () => undefined,
  volume: () => undefined,
  volumes: () => [],
  storageClass: () => undefined,
  selectorsOf: () => [],
};

export interface Cycle {
  readonly snapshot: Snapshot;
  readonly lookups: Lookups;
}

export interface PreparedFilter {
  /** Only these nodes come into question. */
  readonly onlyNodes?: ReadonlySet<string>;
  check(node: NodeView): Rejection | undefined;
}

export interface Filter {
  /** As in upstream's table of plugins. */
  readonly name: string;
  /** A Rejection when the pod fits nowhere; undefined when there is nothing to check. */
  prepare(pod: PodView, cycle: Cycle): PreparedFilter | Rejection | undefined;
  /** Whether a pod that this filter refused should be tried again after the event (upstream's queueing hint). */
  helps(event: ClusterEvent, pod: PodView): boolean;
}

export interface PreparedScore {
  /** A whole number. */
  score(node: NodeView): number;
  /** Brings the scores, one for each node, to 0..100, in place. Left out: they are. */
  normalize?(scores: number[], nodes: readonly NodeView[]): void;
}

export interface Score {
  readonly name: string;
  /** `nodes` are those that fit. Undefined when all would get the same. */
  prepare(pod: PodView, nodes: readonly NodeView[], cycle: Cycle): PreparedScore | undefined;
}

export interface WeightedScore {
  readonly score: Score;
  readonly weight: number;
}

export const scoreMax = 100;

export const isRejection = (prepared: PreparedFilter | Rejection): prepared is Rejection =>
  'reasons' in prepared;

/** Removing pods from the node may help. */
export const resolvable = (...reasons: string[]): Rejection => ({ reasons, isResolvable: true });
/** Removing pods from the node does not help. */
export const unresolvable = (...reasons: string[]): Rejection => ({ reasons, isResolvable: false });

/** Scales to 0..100 by the largest. Source: plugins/helper DefaultNormalizeScore. */
export function normalizeByLargest(scores: number[], isReversed: boolean): void {
  const largest = scores.reduce((most, score) => Math.max(most, score), 0);
  for (const [index, score] of scores.entries()) {
    const scaled = largest === 0 ? 0 : Math.trunc((scoreMax * score) / largest);
    scores[index] = isReversed ? scoreMax - scaled : scaled;
  }
}
