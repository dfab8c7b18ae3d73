/** Topology spread constraints made ready. Source: plugins/podtopologyspread/common.go. */
import type { LabelSelector, TopologySpreadConstraint } from '../kinds/generated/types.ts';
import { selectorText } from '../kinds/label-selector.ts';
import { getOwn } from '../kinds/object.ts';
import type { NodeMatch } from '../kinds/pod/node-selector.ts';
import { isTolerated } from '../kinds/pod/taints.ts';
import { compileSelector, type LabelMatch } from './label-match.ts';
import type { PodMatcher } from './match-counts.ts';
import type { NodeView } from './node-view.ts';
import type { PodView } from './pod-view.ts';

export const hostnameLabel = 'kubernetes.io/hostname';
export const zoneLabel = 'topology.kubernetes.io/zone';

export interface SpreadConstraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly honorsAffinity: boolean;
  readonly honorsTaints: boolean;
  readonly selects: LabelMatch;
  /** Pods that count: those selected in the pod's namespace that are not going. */
  readonly matcher: PodMatcher;
}

/** Upstream's defaults for pods of a Service or a workload that say nothing themselves (KEP-1258). */
const systemDefaults = [
  { topologyKey: hostnameLabel, maxSkew: 3 },
  { topologyKey: zoneLabel, maxSkew: 5 },
];

/** Selectors are joined: a pod counts when all of them select it. */
function constraintOf(
  pod: PodView,
  from: Pick<TopologySpreadConstraint, 'topologyKey' | 'maxSkew'> & Partial<TopologySpreadConstraint>,
  selectors: readonly (LabelSelector | null | undefined)[],
): SpreadConstraint {
  const matches = selectors.map(compileSelector);
  const selects: LabelMatch = (labels) => matches.every((match) => match(labels));
  const texts = selectors.map((selector) => (selector == null ? null : selectorText(selector)));
  const { namespace } = pod;
  return {
    topologyKey: from.topologyKey,
    maxSkew: from.maxSkew,
    minDomains: from.minDomains ?? 1,
    honorsAffinity: (from.nodeAffinityPolicy ?? 'Honor') === 'Honor',
    honorsTaints: from.nodeTaintsPolicy === 'Honor',
    selects,
    matcher: {
      key: `spread ${namespace} ${JSON.stringify(texts)}`,
      namespace,
      matches: (other) => !other.isTerminating && selects(other.labels),
    },
  };
}

/** The pod's own values of the labels that matchLabelKeys names, as a selector. */
function ownValues(pod: PodView, keys: readonly string[]): LabelSelector {
  const matchLabels: Record<string, string> = {};
  for (const key of keys) {
    const value = getOwn(pod.labels, key);
    if (value !== undefined) matchLabels[key] = value;
  }
  return { matchLabels };
}

export function spreadConstraints(pod: PodView, whenUnsatisfiable: string): SpreadConstraint[] {
  return (pod.pod.spec?.topologySpreadConstraints ?? [])
    .filter((each) => each.whenUnsatisfiable === whenUnsatisfiable)
    .map((each) => constraintOf(pod, each, [each.labelSelector, ownValues(pod, each.matchLabelKeys ?? [])]));
}

export function defaultConstraints(pod: PodView, selectors: readonly LabelSelector[]): SpreadConstraint[] {
  if (selectors.length === 0) return [];
  return systemDefaults.map((each) => constraintOf(pod, each, selectors));
}

export const hasAllKeys = (node: NodeView, constraints: readonly SpreadConstraint[]): boolean =>
  constraints.every(({ topologyKey }) => Object.hasOwn(node.labels, topologyKey));

/** Whether pods on the node count for the constraint. `required` is the pod's own node affinity. */
export function includesNode(
  constraint: SpreadConstraint,
  node: NodeView,
  { pod, required }: { pod: PodView; required: NodeMatch | undefined },
): boolean {
  if (constraint.honorsAffinity && required !== undefined && !required(node)) return false;
  return !constraint.honorsTaints || node.hardTaints.every((taint) => isTolerated(taint, pod.tolerations));
}
