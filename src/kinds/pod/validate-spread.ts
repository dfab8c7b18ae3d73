/** Spreading pods, and the label keys that affinity takes from the pod. Source: pkg/apis/core/validation of Kubernetes. */
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  type Path,
  required,
} from '../field.ts';
import type { LabelSelector, PodAffinityTerm, TopologySpreadConstraint } from '../generated/types.ts';
import { validateLabelName, validateLabelSelector } from '../label-selector.ts';
import { validateOptionalChoice } from './checks.ts';

const withoutSelector = 'must not be specified when labelSelector is not set';
const inBoth = 'exists in both matchLabelKeys and labelSelector';

function validateKeys(keys: readonly string[], selector: LabelSelector | undefined, at: Path): FieldError[] {
  if (keys.length === 0) return [];
  if (selector === undefined) return [forbidden(at, withoutSelector)];
  return keys.flatMap((key, index) => validateLabelName(key, at.index(index)));
}

/**
 * By now the selector holds what matchLabelKeys have added (see match-label-keys.ts). So a key is a duplicate when it
 * appears in the selector twice.
 */
export function validateAffinityLabelKeys(term: PodAffinityTerm, at: Path): FieldError[] {
  const { matchLabelKeys = [], mismatchLabelKeys = [], labelSelector } = term;
  const errors = [
    ...validateKeys(matchLabelKeys, labelSelector, at.child('matchLabelKeys')),
    ...validateKeys(mismatchLabelKeys, labelSelector, at.child('mismatchLabelKeys')),
  ];
  const indexOf = new Map(matchLabelKeys.map((key, index) => [key, index]));
  const mismatched = new Set(mismatchLabelKeys);
  const seen = new Set(Object.keys(labelSelector?.matchLabels ?? {}));
  for (const { key } of labelSelector?.matchExpressions ?? []) {
    const index = indexOf.get(key);
    if (index !== undefined && seen.has(key)) errors.push(invalid(at.index(index), key, inBoth));
    seen.add(key);
  }
  for (const [index, key] of matchLabelKeys.entries())
    if (mismatched.has(key))
      errors.push(
        invalid(
          at.child('matchLabelKeys').index(index),
          key,
          'exists in both matchLabelKeys and mismatchLabelKeys',
        ),
      );
  return errors;
}

function validateMinDomains(constraint: TopologySpreadConstraint, at: Path): FieldError[] {
  const { minDomains, whenUnsatisfiable } = constraint;
  if (minDomains === undefined) return [];
  const errors: FieldError[] = [];
  if (minDomains <= 0) errors.push(invalid(at, minDomains, 'must be greater than zero'));
  if (whenUnsatisfiable !== 'DoNotSchedule')
    errors.push(
      invalid(
        at,
        minDomains,
        `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable ?? ''}`,
      ),
    );
  return errors;
}

function validateSpreadKeys(constraint: TopologySpreadConstraint, at: Path): FieldError[] {
  const { matchLabelKeys = [], labelSelector } = constraint;
  if (matchLabelKeys.length === 0) return [];
  const errors: FieldError[] = labelSelector === undefined ? [forbidden(at, withoutSelector)] : [];
  const inSelector = new Map<string, number>();
  const selected = [
    ...Object.keys(labelSelector?.matchLabels ?? {}),
    ...(labelSelector?.matchExpressions ?? []).map((expression) => expression.key),
  ];
  for (const key of selected) inSelector.set(key, (inSelector.get(key) ?? 0) + 1);
  for (const [index, key] of matchLabelKeys.entries()) {
    errors.push(...validateLabelName(key, at.index(index)));
    if ((inSelector.get(key) ?? 0) > 1) errors.push(invalid(at.index(index), key, inBoth));
  }
  return errors;
}

export function validateSpread(
  constraints: readonly TopologySpreadConstraint[] | undefined,
  at: Path,
): FieldError[] {
  const list = constraints ?? [];
  const pairOf = (each: TopologySpreadConstraint) =>
    JSON.stringify([each.topologyKey, each.whenUnsatisfiable]);
  const lastOf = new Map(list.map((each, index) => [pairOf(each), index]));
  return list.flatMap((constraint, index) => {
    const here = at.index(index);
    const { maxSkew, topologyKey, whenUnsatisfiable = '' } = constraint;
    const errors: FieldError[] = [];
    if (!(maxSkew > 0))
      errors.push(invalid(here.child('maxSkew'), maxSkew ?? 0, 'must be greater than zero'));
    if (!topologyKey) errors.push(required(here.child('topologyKey'), 'can not be empty'));
    if (whenUnsatisfiable !== 'DoNotSchedule' && whenUnsatisfiable !== 'ScheduleAnyway')
      errors.push(
        notSupported(here.child('whenUnsatisfiable'), whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']),
      );
    if (lastOf.get(pairOf(constraint)) !== index)
      errors.push(
        duplicate(here.child('{topologyKey, whenUnsatisfiable}'), `{${topologyKey}, ${whenUnsatisfiable}}`),
      );
    const policies = ['Honor', 'Ignore'];
    return [
      ...errors,
      ...validateMinDomains(constraint, here.child('minDomains')),
      ...validateOptionalChoice(constraint.nodeAffinityPolicy, policies, here.child('nodeAffinityPolicy')),
      ...validateOptionalChoice(constraint.nodeTaintsPolicy, policies, here.child('nodeTaintsPolicy')),
      ...validateSpreadKeys(constraint, here.child('matchLabelKeys')),
      ...validateLabelSelector(constraint.labelSelector, here.child('labelSelector')),
    ];
  });
}
