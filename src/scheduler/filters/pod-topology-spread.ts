/** Source: plugins/podtopologyspread/filtering.go; KEP-895, KEP-3022 (minDomains), KEP-3094 (inclusion policies). */
import { getOwn } from '../../kinds/object.ts';
import { requiredNodeMatch } from '../../kinds/pod/node-selector.ts';
import { changedNode } from '../cluster-event.ts';
import type { NodeCounts } from '../match-counts.ts';
import type { NodeView } from '../node-view.ts';
import { type Cycle, type Filter, resolvable, unresolvable } from '../plugin.ts';
import type { PodView } from '../pod-view.ts';
import { hasAllKeys, includesNode, type SpreadConstraint, spreadConstraints } from '../spread-constraint.ts';

const skewed = resolvable("node(s) didn't match pod topology spread constraints");
const noLabel = unresolvable("node(s) didn't match pod topology spread constraints (missing required label)");

interface Domains {
  readonly constraint: SpreadConstraint;
  readonly counts: ReadonlyMap<string, number>;
  /** What the fullest domain is compared with. */
  readonly least: number;
  readonly self: 0 | 1;
}

interface Counting {
  readonly constraint: SpreadConstraint;
  readonly matching: NodeCounts;
  readonly counts: Map<string, number>;
}

function addNode(node: NodeView, { constraint, matching, counts }: Counting): void {
  const value = getOwn(node.labels, constraint.topologyKey) as string;
  counts.set(value, (counts.get(value) ?? 0) + (matching.get(node) ?? 0));
}

/** Where every node counts: only those that have such pods are looked at. */
function countAll(all: readonly Counting[], { snapshot }: Cycle): void {
  const constraints = all.map(({ constraint }) => constraint);
  const domains = snapshot.domains(constraints.map(({ topologyKey }) => topologyKey));
  for (const each of all) {
    for (const value of domains.get(each.constraint.topologyKey) ?? []) each.counts.set(value, 0);
    for (const node of each.matching.keys()) if (hasAllKeys(node, constraints)) addNode(node, each);
  }
}

function countDomains(pod: PodView, constraints: readonly SpreadConstraint[], cycle: Cycle): Domains[] {
  const { snapshot } = cycle;
  const required = requiredNodeMatch(pod.pod);
  const perConstraint = constraints.map((constraint) => ({
    constraint,
    matching: snapshot.countMatches(constraint.matcher),
    counts: new Map<string, number>(),
  }));
  const isEverywhere = ({ honorsAffinity, honorsTaints }: SpreadConstraint) =>
    !honorsTaints && !(honorsAffinity && required !== undefined);
  if (constraints.every(isEverywhere)) countAll(perConstraint, cycle);
  else
    for (const node of snapshot.nodes) {
      if (!hasAllKeys(node, constraints)) continue;
      for (const each of perConstraint)
        if (includesNode(each.constraint, node, { pod, required })) addNode(node, each);
    }
  return perConstraint.map(({ constraint, counts }) => {
    let least = Number.POSITIVE_INFINITY;
    for (const count of counts.values()) least = Math.min(least, count);
    return {
      constraint,
      counts,
      least: counts.size < constraint.minDomains ? 0 : least,
      self: constraint.selects(pod.labels) ? 1 : 0,
    };
  });
}

function check(node: NodeView, domains: readonly Domains[]) {
  for (const { constraint, counts, least, self } of domains) {
    const value = getOwn(node.labels, constraint.topologyKey);
    if (value === undefined) return noLabel;
    if ((counts.get(value) ?? 0) + self - least > constraint.maxSkew) return skewed;
  }
  return undefined;
}

export const podTopologySpread: Filter = {
  name: 'PodTopologySpread',
  prepare(pod, cycle) {
    const constraints = spreadConstraints(pod, 'DoNotSchedule');
    if (constraints.length === 0) return undefined;
    const domains = countDomains(pod, constraints, cycle);
    return { check: (node) => check(node, domains) };
  },
  helps(event, pod) {
    switch (event.type) {
      case 'podChanged':
        // Its labels are others than before: it may have counted until now.
        return event.pod.namespace === pod.namespace;
      case 'podAdded':
      case 'podGone':
        return spreadConstraints(pod, 'DoNotSchedule').some(
          ({ selects }) => event.pod.namespace === pod.namespace && selects(event.pod.labels),
        );
      case 'nodeDeleted':
        return true;
      default:
        return changedNode(event, 'labels', 'taints') !== undefined;
    }
  },
};
