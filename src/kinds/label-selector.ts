/**
 * LabelSelector: what is wrong with it, what it selects, how it is written.
 * Source of rules and wording: k8s.io/apimachinery pkg/apis/meta/v1/validation and pkg/labels.
 */
import { type FieldError, forbidden, invalid, type Path, required } from './field.ts';
import type { LabelSelector, LabelSelectorRequirement } from './generated/types.ts';
import { isLabelValue, isQualifiedName } from './names.ts';
import { getOwn } from './object.ts';

type Labels = Readonly<Record<string, string>>;

/** The key of a label. */
export function validateLabelName(name: string, at: Path): FieldError[] {
  return isQualifiedName(name).map((message) => invalid(at, name, message));
}

/** Keys and values of labels. Plain loops: it runs for every write, and somebody may send 30,000 of them. */
export function validateLabels(labels: Labels | undefined, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, value] of Object.entries(labels ?? {})) {
    for (const message of isQualifiedName(name)) errors.push(invalid(at, name, message));
    for (const message of isLabelValue(value)) errors.push(invalid(at, value, message));
  }
  return errors;
}

function validateRequirement(requirement: LabelSelectorRequirement, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0)
        errors.push(required(at.child('values'), "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        errors.push(
          forbidden(at.child('values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        );
      break;
    default:
      errors.push(invalid(at.child('operator'), requirement.operator ?? '', 'not a valid selector operator'));
  }
  errors.push(...validateLabelName(requirement.key ?? '', at.child('key')));
  for (const [index, value] of values.entries())
    for (const message of isLabelValue(value))
      errors.push(invalid(at.child('values').index(index), value, message));
  return errors;
}

/** No selector is a good selector. */
export function validateLabelSelector(selector: LabelSelector | null | undefined, at: Path): FieldError[] {
  if (selector == null) return [];
  return [
    ...validateLabels(selector.matchLabels, at.child('matchLabels')),
    ...(selector.matchExpressions ?? []).flatMap((requirement, index) =>
      validateRequirement(requirement, at.child('matchExpressions').index(index)),
    ),
  ];
}

/** Whether the selector can be evaluated at all; if not, it selects nothing. */
export function isUsableSelector(selector: LabelSelector): boolean {
  const labelsAreGood = Object.entries(selector.matchLabels ?? {}).every(
    ([name, value]) => isQualifiedName(name).length === 0 && isLabelValue(value).length === 0,
  );
  const isGood = ({ key, operator, values = [] }: LabelSelectorRequirement): boolean => {
    if (isQualifiedName(key ?? '').length > 0) return false;
    if (operator === 'In' || operator === 'NotIn')
      return values.length > 0 && values.every((value) => isLabelValue(value).length === 0);
    return (operator === 'Exists' || operator === 'DoesNotExist') && values.length === 0;
  };
  return labelsAreGood && (selector.matchExpressions ?? []).every(isGood);
}

/** The selector that selects everything. */
export function isEmptySelector(selector: LabelSelector): boolean {
  return (
    Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0
  );
}

interface Comparison {
  readonly operator?: string;
  readonly values?: readonly string[];
}

/** Whether a label's value (undefined: there is no such label) is as wanted; an operator that is none of the four: no. */
export function valueMatches({ operator, values = [] }: Comparison, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

/** No selector selects nothing, the empty one everything, one that cannot be evaluated nothing. */
export function selectorMatches(selector: LabelSelector | null | undefined, labels: Labels = {}): boolean {
  return selectorMatcher(selector)(labels);
}

/** For many objects: what hangs on the selector alone is found out once. */
export function selectorMatcher(selector: LabelSelector | null | undefined): (labels?: Labels) => boolean {
  if (selector == null || !isUsableSelector(selector)) return () => false;
  const wanted = Object.entries(selector.matchLabels ?? {});
  const requirements = selector.matchExpressions ?? [];
  return (labels = {}) =>
    wanted.every(([key, value]) => getOwn(labels, key) === value) &&
    requirements.every((requirement) => valueMatches(requirement, getOwn(labels, requirement.key)));
}

function requirementText({ key, operator, values = [] }: LabelSelectorRequirement): string {
  if (operator === 'Exists') return key;
  if (operator === 'DoesNotExist') return `!${key}`;
  return `${key} ${operator === 'In' ? 'in' : 'notin'} (${[...values].sort().join(',')})`;
}

/**
 * `app=web,tier in (a,b)`, in the order of the keys; the form of scale's status.selector and of label selectors in
 * URLs. Empty for the selector that selects everything and for none.
 */
export function selectorText(selector: LabelSelector | null | undefined): string {
  const parts: { key: string; text: string }[] = Object.entries(selector?.matchLabels ?? {}).map(
    ([key, value]) => ({ key, text: `${key}=${value}` }),
  );
  for (const requirement of selector?.matchExpressions ?? [])
    parts.push({ key: requirement.key, text: requirementText(requirement) });
  parts.sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0));
  return parts.map((part) => part.text).join(',');
}

/** The cell of `kubectl get -o wide`. */
export function formatLabelSelector(selector: LabelSelector | null | undefined): string {
  if (selector != null && !isUsableSelector(selector)) return '<error>';
  return selectorText(selector) || '<none>';
}
