/** Warnings about where a pod may run. Source of wording: pkg/api/pod/warnings.go and pkg/api/node/util.go of Kubernetes. */
import type { Path } from '../field.ts';
import type { NodeSelectorTerm, PodSpec } from '../generated/types.ts';
import { isLabelValue } from '../names.ts';
import { getOwn } from '../object.ts';

const nodeLabels: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region':
    'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone':
    'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type':
    'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

/** Why a node label should not be used any more. */
export const nodeLabelWarning = (label: string): string | undefined => getOwn(nodeLabels, label);

function termWarnings(term: NodeSelectorTerm, checkValues: boolean, at: Path): string[] {
  return (term.matchExpressions ?? []).flatMap(({ key, values }, index) => {
    const here = at.child('matchExpressions').index(index);
    const why = nodeLabelWarning(key);
    const warnings = why === undefined ? [] : [`${here.child('key')}: ${key} is ${why}`];
    if (checkValues)
      for (const [valueIndex, value] of (values ?? []).entries())
        for (const message of isLabelValue(value))
          warnings.push(
            `${here.child('values').index(valueIndex)}: ${JSON.stringify(value)} is invalid, ${message}`,
          );
    return warnings;
  });
}

const nullSelector = 'a null labelSelector results in matching no pod';

export function affinityWarnings(spec: PodSpec, at: Path): string[] {
  const warnings: string[] = [];
  const requiredName = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferredName = 'preferredDuringSchedulingIgnoredDuringExecution';
  const node = spec.affinity?.nodeAffinity;
  const nodeAt = at.child('affinity', 'nodeAffinity');
  for (const [index, term] of (node?.[requiredName]?.nodeSelectorTerms ?? []).entries())
    warnings.push(...termWarnings(term, false, nodeAt.child(requiredName, 'nodeSelectorTerms').index(index)));
  for (const [index, term] of (node?.[preferredName] ?? []).entries())
    warnings.push(
      ...termWarnings(
        term.preference ?? {},
        true,
        nodeAt.child(preferredName).index(index).child('preference'),
      ),
    );
  for (const [index, constraint] of (spec.topologySpreadConstraints ?? []).entries()) {
    const here = at.child('topologySpreadConstraints').index(index);
    const why = nodeLabelWarning(constraint.topologyKey);
    if (why !== undefined) warnings.push(`${here.child('topologyKey')}: ${constraint.topologyKey} is ${why}`);
    if (constraint.labelSelector == null) warnings.push(`${here.child('labelSelector')}: ${nullSelector}`);
  }
  for (const name of ['podAffinity', 'podAntiAffinity'] as const) {
    const pods = spec.affinity?.[name];
    const here = at.child('affinity', name);
    for (const [index, term] of (pods?.[requiredName] ?? []).entries())
      if (term.labelSelector == null)
        warnings.push(`${here.child(requiredName).index(index).child('labelSelector')}: ${nullSelector}`);
    for (const [index, term] of (pods?.[preferredName] ?? []).entries())
      if (term.podAffinityTerm?.labelSelector == null)
        warnings.push(
          `${here.child(preferredName).index(index).child('podAffinityTerm', 'labelSelector')}: ${nullSelector}`,
        );
  }
  return warnings;
}
