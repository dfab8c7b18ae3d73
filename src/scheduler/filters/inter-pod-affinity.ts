/** Source: plugins/interpodaffinity/filtering.go. */
import { getOwn } from '../../kinds/object.ts';
import { type AffinityTerm, termMatchesPod } from '../affinity-term.ts';
import { changedNode } from '../cluster-event.ts';
import type { NodeCounts } from '../match-counts.ts';
import type { NodeView } from '../node-view.ts';
import { type Cycle, type Filter, type Rejection, resolvable, unresolvable } from '../plugin.ts';
import type { PodView } from '../pod-view.ts';
import type { Snapshot } from '../snapshot.ts';

const noAffinity = unresolvable("node(s) didn't match pod affinity rules");
const antiAffinity = resolvable("node(s) didn't match pod anti-affinity rules");
const existingAntiAffinity = resolvable("node(s) didn't satisfy existing pods anti-affinity rules");

/** Pods that match all of the terms. */
function countMatching(terms: readonly AffinityTerm[], snapshot: Snapshot): NodeCounts {
  return snapshot.countMatches({
    key: `terms ${terms.map(({ key }) => key).join(' ')}`,
    namespace: undefined,
    matches: (pod) => terms.every((term) => termMatchesPod(term, pod, snapshot.namespaces)),
  });
}

/** The domains of a topology in which the nodes lie. */
function domainsOf(nodes: Iterable<NodeView>, topologyKey: string): ReadonlySet<string> {
  const domains = new Set<string>();
  for (const { labels } of nodes) {
    const value = getOwn(labels, topologyKey);
    if (value !== undefined) domains.add(value);
  }
  return domains;
}

interface TermDomains {
  readonly topologyKey: string;
  readonly domains: ReadonlySet<string>;
}

const isIn = (node: NodeView, { topologyKey, domains }: TermDomains): boolean => {
  const value = getOwn(node.labels, topologyKey);
  return value !== undefined && domains.has(value);
};

function prepareAffinity(pod: PodView, snapshot: Snapshot) {
  const terms = pod.terms.requiredAffinity;
  if (terms.length === 0) return undefined;
  const matching = countMatching(terms, snapshot);
  const perTerm = terms.map(({ topologyKey }) => ({
    topologyKey,
    domains: domainsOf(matching.keys(), topologyKey),
  }));
  // The first of a group that has affinity to itself may go anywhere, else none could ever start.
  const isFirst =
    perTerm.every(({ domains }) => domains.size === 0) &&
    terms.every((term) => termMatchesPod(term, pod, snapshot.namespaces));
  return (node: NodeView): boolean =>
    perTerm.every(
      (each) => isIn(node, each) || (isFirst && getOwn(node.labels, each.topologyKey) !== undefined),
    );
}

function existingDomains(pod: PodView, snapshot: Snapshot): TermDomains[] {
  const found: TermDomains[] = [];
  for (const { term, nodes } of snapshot.antiAffinity.values())
    if (termMatchesPod(term, pod, snapshot.namespaces))
      found.push({ topologyKey: term.topologyKey, domains: domainsOf(nodes.keys(), term.topologyKey) });
  return found;
}

export const interPodAffinity: Filter = {
  name: 'InterPodAffinity',
  prepare(pod, { snapshot }: Cycle) {
    const existing = existingDomains(pod, snapshot);
    const hasAffinity = prepareAffinity(pod, snapshot);
    const own = pod.terms.requiredAntiAffinity.map((term) => ({
      topologyKey: term.topologyKey,
      domains: domainsOf(countMatching([term], snapshot).keys(), term.topologyKey),
    }));
    if (hasAffinity === undefined && existing.length === 0 && own.length === 0) return undefined;
    return {
      check(node): Rejection | undefined {
        if (hasAffinity?.(node) === false) return noAffinity;
        if (own.some((each) => isIn(node, each))) return antiAffinity;
        return existing.some((each) => isIn(node, each)) ? existingAntiAffinity : undefined;
      },
    };
  },
  helps(event, pod) {
    switch (event.type) {
      case 'podAdded':
      case 'podChanged':
      case 'podGone':
        // Terms with a namespaceSelector may mean any namespace: looked at anew, not guessed.
        return (
          pod.terms.requiredAffinity.some(({ labelMatch }) => labelMatch(event.pod.labels)) ||
          (event.type !== 'podAdded' &&
            (pod.terms.requiredAntiAffinity.some(({ labelMatch }) => labelMatch(event.pod.labels)) ||
              event.pod.terms.requiredAntiAffinity.length > 0 ||
              event.type === 'podChanged'))
        );
      case 'namespaceChanged':
        return true;
      default:
        return changedNode(event, 'labels') !== undefined;
    }
  },
};
