/** Preferred affinity and anti-affinity, of the pod and of those that run. Source: plugins/interpodaffinity/scoring.go. */
import { getOwn } from '../../kinds/object.ts';
import { termMatchesPod } from '../affinity-term.ts';
import type { NodeView } from '../node-view.ts';
import { type Score, scoreMax } from '../plugin.ts';

/** The sum of weights by topology key and domain. */
class DomainWeights {
  readonly byKey = new Map<string, Map<string, number>>();

  add(topologyKey: string, node: NodeView, weight: number): void {
    const value = getOwn(node.labels, topologyKey);
    if (value === undefined) return;
    const domains = this.byKey.get(topologyKey) ?? new Map<string, number>();
    domains.set(value, (domains.get(value) ?? 0) + weight);
    this.byKey.set(topologyKey, domains);
  }

  of(node: NodeView): number {
    let sum = 0;
    for (const [key, domains] of this.byKey) sum += domains.get(getOwn(node.labels, key) ?? '') ?? 0;
    return sum;
  }
}

function normalize(scores: number[]): void {
  const least = scores.reduce((least, score) => Math.min(least, score), Number.POSITIVE_INFINITY);
  const most = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
  for (const [index, score] of scores.entries())
    scores[index] = most > least ? Math.trunc((scoreMax * (score - least)) / (most - least)) : 0;
}

export const interPodAffinityScore: Score = {
  name: 'InterPodAffinity',
  prepare(pod, _nodes, { snapshot }) {
    const { preferred } = pod.terms;
    if (preferred.length === 0 && snapshot.weighted.size === 0) return undefined;
    const weights = new DomainWeights();
    for (const { term, weight } of preferred) {
      const matching = snapshot.countMatches({
        key: `terms ${term.key}`,
        namespace: undefined,
        matches: (other) => termMatchesPod(term, other, snapshot.namespaces),
      });
      for (const [node, count] of matching) weights.add(term.topologyKey, node, weight * count);
    }
    for (const { term, weight, nodes } of snapshot.weighted.values()) {
      if (!termMatchesPod(term, pod, snapshot.namespaces)) continue;
      for (const [node, count] of nodes) weights.add(term.topologyKey, node, weight * count);
    }
    if (weights.byKey.size === 0) return undefined;
    return { score: (node) => weights.of(node), normalize };
  },
};
