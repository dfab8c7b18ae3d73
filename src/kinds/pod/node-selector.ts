/**
 * NodeSelector terms: any of the terms, all requirements of a term.
 * Source of the rules: k8s.io/component-helpers scheduling/corev1/nodeaffinity.
 */
import type { NodeSelectorRequirement, NodeSelectorTerm, Pod } from '../generated/types.ts';
import { valueMatches } from '../label-selector.ts';
import { getOwn } from '../object.ts';

export interface LabeledNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export type NodeMatch = (node: LabeledNode) => boolean;

const integerPattern = /^[+-]?\d{1,19}$/;

function integerOf(text: string | undefined): bigint | undefined {
  return text !== undefined && integerPattern.test(text) ? BigInt(text) : undefined;
}

/** The operators of label selectors, and two that compare integers. */
function nodeValueMatches(requirement: NodeSelectorRequirement, value: string | undefined): boolean {
  const { operator, values = [] } = requirement;
  if (operator !== 'Gt' && operator !== 'Lt') return valueMatches(requirement, value);
  const found = integerOf(value);
  const bound = integerOf(values[0]);
  if (found === undefined || bound === undefined) return false;
  return operator === 'Gt' ? found > bound : found < bound;
}

/** A term without requirements selects nothing. */
export function termMatches(term: NodeSelectorTerm, node: LabeledNode): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  return (
    matchExpressions.every((each) => nodeValueMatches(each, getOwn(node.labels, each.key))) &&
    matchFields.every((each) => each.key === 'metadata.name' && nodeValueMatches(each, node.name))
  );
}

function requiredTerms(pod: Pod): readonly NodeSelectorTerm[] | undefined {
  return pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
}

/** nodeSelector and required node affinity of a pod; undefined when it asks for nothing. */
export function requiredNodeMatch(pod: Pod): NodeMatch | undefined {
  const labels = Object.entries(pod.spec?.nodeSelector ?? {});
  const terms = requiredTerms(pod);
  if (labels.length === 0 && terms === undefined) return undefined;
  return (node) =>
    labels.every(([key, value]) => getOwn(node.labels, key) === value) &&
    (terms === undefined || terms.some((term) => termMatches(term, node)));
}

/** The only nodes that the terms can mean, when each of them names some; as of a DaemonSet's pods. */
export function namedNodes(pod: Pod): ReadonlySet<string> | undefined {
  const terms = requiredTerms(pod);
  if (terms === undefined || terms.length === 0) return undefined;
  const names = new Set<string>();
  for (const { matchFields = [] } of terms) {
    let ofTerm: ReadonlySet<string> | undefined;
    for (const { key, operator, values = [] } of matchFields) {
      if (key !== 'metadata.name' || operator !== 'In') continue;
      const given = new Set(values);
      ofTerm = ofTerm === undefined ? given : ofTerm.intersection(given);
    }
    if (ofTerm === undefined) return undefined;
    for (const name of ofTerm) names.add(name);
  }
  return names;
}
