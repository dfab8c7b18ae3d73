/** Source: plugins/podtopologyspread/scoring.go. */
import { getOwn } from '../../kinds/object.ts';
import { requiredNodeMatch } from '../../kinds/pod/node-selector.ts';
import type { NodeCounts } from '../match-counts.ts';
import type { NodeView } from '../node-view.ts';
import { type Cycle, type Score, scoreMax } from '../plugin.ts';
import type { PodView } from '../pod-view.ts';
import {
  defaultConstraints,
  hasAllKeys,
  hostnameLabel,
  includesNode,
  type SpreadConstraint,
  spreadConstraints,
} from '../spread-constraint.ts';

interface Domains {
  readonly constraint: SpreadConstraint;
  readonly matching: NodeCounts;
  /** Of the domains in which a node fits; a host is counted by itself. */
  readonly counts: Map<string, number>;
  /** So that few large domains do not outweigh many small ones. */
  weight: number;
}

function softConstraints(
  pod: PodView,
  cycle: Cycle,
): { constraints: SpreadConstraint[]; isDefault: boolean } {
  if ((pod.pod.spec?.topologySpreadConstraints ?? []).length > 0)
    return { constraints: spreadConstraints(pod, 'ScheduleAnyway'), isDefault: false };
  return { constraints: defaultConstraints(pod, cycle.lookups.selectorsOf(pod)), isDefault: true };
}

function countDomains(
  pod: PodView,
  options: { scored: readonly NodeView[]; domains: readonly Domains[]; isDefault: boolean },
): void {
  const { scored, domains, isDefault } = options;
  const wide = domains.filter(({ constraint }) => constraint.topologyKey !== hostnameLabel);
  for (const node of scored)
    for (const { constraint, counts } of wide)
      counts.set(getOwn(node.labels, constraint.topologyKey) ?? '', 0);
  for (const each of domains)
    each.weight = Math.log((wide.includes(each) ? each.counts.size : scored.length) + 2);
  if (wide.length === 0) return;
  const constraints = domains.map(({ constraint }) => constraint);
  const required = requiredNodeMatch(pod.pod);
  for (const { constraint, matching, counts } of wide)
    for (const [node, count] of matching) {
      if (!isDefault && !hasAllKeys(node, constraints)) continue;
      const value = getOwn(node.labels, constraint.topologyKey) ?? '';
      const known = counts.get(value);
      if (known === undefined || !includesNode(constraint, node, { pod, required })) continue;
      counts.set(value, known + count);
    }
}

function scoreOf(node: NodeView, domains: readonly Domains[]): number {
  let sum = 0;
  for (const { constraint, matching, counts, weight } of domains) {
    const value = getOwn(node.labels, constraint.topologyKey);
    if (value === undefined) continue;
    const count = constraint.topologyKey === hostnameLabel ? matching.get(node) : counts.get(value);
    sum += (count ?? 0) * weight + constraint.maxSkew - 1;
  }
  return Math.round(sum);
}

/** The fewest pods get the most; nodes that lack a label get nothing. */
function normalize(scores: number[], nodes: readonly NodeView[], ignored: ReadonlySet<NodeView>): void {
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (const [index, score] of scores.entries()) {
    if (ignored.has(nodes[index]!)) continue;
    least = Math.min(least, score);
    most = Math.max(most, score);
  }
  for (const [index, score] of scores.entries()) {
    if (ignored.has(nodes[index]!)) scores[index] = 0;
    else scores[index] = most === 0 ? scoreMax : Math.trunc((scoreMax * (most + least - score)) / most);
  }
}

export const podTopologySpreadScore: Score = {
  name: 'PodTopologySpread',
  prepare(pod, nodes, cycle) {
    const { constraints, isDefault } = softConstraints(pod, cycle);
    if (constraints.length === 0) return undefined;
    const ignored = new Set(isDefault ? [] : nodes.filter((node) => !hasAllKeys(node, constraints)));
    const scored = ignored.size === 0 ? nodes : nodes.filter((node) => !ignored.has(node));
    const domains = constraints.map((constraint) => ({
      constraint,
      matching: cycle.snapshot.countMatches(constraint.matcher),
      counts: new Map<string, number>(),
      weight: 0,
    }));
    countDomains(pod, { scored, domains, isDefault });
    return {
      score: (node) => (ignored.has(node) ? 0 : scoreOf(node, domains)),
      normalize: (scores, all) => normalize(scores, all, ignored),
    };
  },
};
