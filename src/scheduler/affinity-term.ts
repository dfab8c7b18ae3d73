/**
 * A pod affinity term with its pod's namespace resolved. Equal terms of many pods have one key, so that a cluster of
 * replicas with anti-affinity is one term, not thousands.
 */
import type { PodAffinityTerm } from '../kinds/generated/types.ts';
import { selectorText } from '../kinds/label-selector.ts';
import { compileSelector, type LabelMatch, type Labels, noLabels } from './label-match.ts';

export interface AffinityTerm {
  readonly key: string;
  readonly topologyKey: string;
  readonly namespaces: ReadonlySet<string>;
  /** Undefined: only the listed namespaces. */
  readonly namespaceMatch: LabelMatch | undefined;
  readonly labelMatch: LabelMatch;
}

export interface WeightedTerm {
  readonly term: AffinityTerm;
  /** Below zero for anti-affinity. */
  readonly weight: number;
}

export type NamespaceLabels = ReadonlyMap<string, Labels>;

export function affinityTerm(term: PodAffinityTerm, ownNamespace: string): AffinityTerm {
  const { labelSelector, namespaceSelector, topologyKey } = term;
  const listed = term.namespaces ?? [];
  const namespaces = listed.length === 0 && namespaceSelector == null ? [ownNamespace] : [...listed].sort();
  const key = JSON.stringify([
    topologyKey,
    namespaces,
    namespaceSelector == null ? null : selectorText(namespaceSelector),
    labelSelector == null ? null : selectorText(labelSelector),
  ]);
  return {
    key,
    topologyKey,
    namespaces: new Set(namespaces),
    namespaceMatch: namespaceSelector == null ? undefined : compileSelector(namespaceSelector),
    labelMatch: compileSelector(labelSelector),
  };
}

export function termMatchesPod(
  term: AffinityTerm,
  pod: { readonly namespace: string; readonly labels: Labels },
  namespaces: NamespaceLabels,
): boolean {
  const isThere =
    term.namespaces.has(pod.namespace) ||
    term.namespaceMatch?.(namespaces.get(pod.namespace) ?? noLabels) === true;
  return isThere && term.labelMatch(pod.labels);
}
