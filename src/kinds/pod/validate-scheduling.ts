/** Where a pod may run. Source of rules and wording: pkg/apis/core/validation of Kubernetes. */
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  type Path,
  required,
} from '../field.ts';
import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  PodSchedulingGate,
  Toleration,
} from '../generated/types.ts';
import { validateLabelName, validateLabelSelector } from '../label-selector.ts';
import { isDNS1123Label, isDNS1123Subdomain, isLabelValue, isQualifiedName } from '../names.ts';
import { invalidEach } from './checks.ts';
import { validateAffinityLabelKeys } from './validate-spread.ts';

const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function validateTolerationValue(toleration: Toleration, at: Path): FieldError[] {
  const value = toleration.value ?? '';
  switch (toleration.operator) {
    case undefined:
    case '':
    case 'Equal': {
      const messages = isLabelValue(value);
      return messages.length > 0 ? [invalid(at, value, messages.join(';'))] : [];
    }
    case 'Exists':
      return value === '' ? [] : [invalid(at, value, "value must be empty when `operator` is 'Exists'")];
    default:
      return [notSupported(at, toleration.operator, ['Equal', 'Exists'])];
  }
}

export function validateTolerations(tolerations: readonly Toleration[] | undefined, at: Path): FieldError[] {
  return (tolerations ?? []).flatMap((toleration, index) => {
    const here = at.index(index);
    const errors = toleration.key ? validateLabelName(toleration.key, here.child('key')) : [];
    if (!toleration.key && toleration.operator !== 'Exists')
      errors.push(
        invalid(
          here.child('operator'),
          toleration.operator ?? '',
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    if (toleration.tolerationSeconds !== undefined && toleration.effect !== 'NoExecute')
      errors.push(
        invalid(
          here.child('effect'),
          toleration.effect ?? '',
          "effect must be 'NoExecute' when `tolerationSeconds` is set",
        ),
      );
    errors.push(...validateTolerationValue(toleration, here.child('operator')));
    if (toleration.effect && !taintEffects.includes(toleration.effect))
      errors.push(notSupported(here.child('effect'), toleration.effect, taintEffects));
    return errors;
  });
}

/** `strictValues`: labels' values must be well formed; preferences may ask for what no node can have. */
function validateNodeRequirement(
  requirement: NodeSelectorRequirement,
  strictValues: boolean,
  at: Path,
): FieldError[] {
  const errors: FieldError[] = [];
  const values = requirement.values ?? [];
  const here = at.child('values');
  switch (requirement.operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        errors.push(required(here, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        errors.push(forbidden(here, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1)
        errors.push(required(here, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      break;
    default:
      errors.push(invalid(at.child('operator'), requirement.operator ?? '', 'not a valid selector operator'));
  }
  errors.push(...validateLabelName(requirement.key ?? '', at.child('key')));
  if (strictValues)
    for (const [index, value] of values.entries())
      errors.push(...invalidEach(here.index(index), value, isLabelValue(value)));
  return errors;
}

function validateNodeFieldRequirement(requirement: NodeSelectorRequirement, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const values = requirement.values ?? [];
  if (requirement.operator !== 'In' && requirement.operator !== 'NotIn')
    errors.push(invalid(at.child('operator'), requirement.operator ?? '', 'not a valid selector operator'));
  else if (values.length !== 1)
    errors.push(
      required(
        at.child('values'),
        "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
      ),
    );
  if (requirement.key !== 'metadata.name')
    errors.push(invalid(at.child('key'), requirement.key ?? '', 'not a valid field selector key'));
  else
    for (const [index, value] of values.entries())
      errors.push(...invalidEach(at.child('values').index(index), value, isDNS1123Subdomain(value)));
  return errors;
}

function validateNodeTerm(term: NodeSelectorTerm, strictValues: boolean, at: Path): FieldError[] {
  return [
    ...(term.matchExpressions ?? []).flatMap((requirement, index) =>
      validateNodeRequirement(requirement, strictValues, at.child('matchExpressions').index(index)),
    ),
    ...(term.matchFields ?? []).flatMap((requirement, index) =>
      validateNodeFieldRequirement(requirement, at.child('matchFields').index(index)),
    ),
  ];
}

export function validateNodeSelector(selector: NodeSelector, at: Path): FieldError[] {
  const terms = selector.nodeSelectorTerms ?? [];
  const here = at.child('nodeSelectorTerms');
  if (terms.length === 0) return [required(here, 'must have at least one node selector term')];
  return terms.flatMap((term, index) => validateNodeTerm(term, true, here.index(index)));
}

function validateWeight(weight: number, at: Path): FieldError[] {
  return weight > 0 && weight <= 100 ? [] : [invalid(at, weight ?? 0, 'must be in the range 1-100')];
}

function validateAffinityTerm(term: PodAffinityTerm, at: Path): FieldError[] {
  const errors = [
    ...validateLabelSelector(term.labelSelector, at.child('labelSelector')),
    ...validateLabelSelector(term.namespaceSelector, at.child('namespaceSelector')),
    ...(term.namespaces ?? []).flatMap((name) =>
      invalidEach(at.child('namespace'), name, isDNS1123Label(name)),
    ),
    ...validateAffinityLabelKeys(term, at),
  ];
  if (!term.topologyKey) errors.push(required(at.child('topologyKey'), 'can not be empty'));
  return [...errors, ...validateLabelName(term.topologyKey ?? '', at.child('topologyKey'))];
}

const requiredTerms = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferredTerms = 'preferredDuringSchedulingIgnoredDuringExecution';

function validatePodAffinity(affinity: PodAffinity, at: Path): FieldError[] {
  return [
    ...(affinity[requiredTerms] ?? []).flatMap((term, index) =>
      validateAffinityTerm(term, at.child(requiredTerms).index(index)),
    ),
    ...(affinity[preferredTerms] ?? []).flatMap((term, index) => {
      const here = at.child(preferredTerms).index(index);
      return [
        ...validateWeight(term.weight, here.child('weight')),
        ...validateAffinityTerm(term.podAffinityTerm, here.child('podAffinityTerm')),
      ];
    }),
  ];
}

export function validateAffinity(affinity: Affinity | undefined, at: Path): FieldError[] {
  if (affinity == null) return [];
  const errors: FieldError[] = [];
  const node = affinity.nodeAffinity;
  const here = at.child('nodeAffinity');
  if (node?.[requiredTerms] != null)
    errors.push(...validateNodeSelector(node[requiredTerms], here.child(requiredTerms)));
  for (const [index, term] of (node?.[preferredTerms] ?? []).entries()) {
    const termAt = here.child(preferredTerms).index(index);
    errors.push(...validateWeight(term.weight, termAt.child('weight')));
    errors.push(...validateNodeTerm(term.preference ?? {}, false, termAt.child('preference')));
  }
  for (const name of ['podAffinity', 'podAntiAffinity'] as const) {
    const pods = affinity[name];
    if (pods != null) errors.push(...validatePodAffinity(pods, at.child(name)));
  }
  return errors;
}

export function validateSchedulingGates(
  gates: readonly PodSchedulingGate[] | undefined,
  at: Path,
): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, { name }] of (gates ?? []).entries()) {
    errors.push(...invalidEach(at.index(index), name, isQualifiedName(name ?? '')));
    if (seen.has(name)) errors.push(duplicate(at.index(index), name));
    seen.add(name);
  }
  return errors;
}
