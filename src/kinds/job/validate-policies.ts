/** When a Job's pods count as failed and when it has succeeded. Source: pkg/apis/batch/validation of Kubernetes. */
import {
  duplicate,
  type FieldError,
  invalid,
  notSupported,
  type Path,
  required,
  tooLong,
  tooMany,
} from '../field.ts';
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from '../generated/types.ts';
import { isQualifiedName } from '../names.ts';
import { invalidEach, invalidUnshown, validateNonNegative } from '../pod/checks.ts';
import { parseIndexes } from './indexes.ts';

const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const operators = ['In', 'NotIn'];
const conditionStatuses = ['False', 'True', 'Unknown'];
const rulesMax = 20;
const conditionPatternsMax = 20;
const exitCodesMax = 255;
const successRulesMax = 20;
const succeededIndexesBytesMax = 64 * 1024;

/** Go prints a list of strings in brackets, blanks between. */
const validValues = (values: readonly string[]): string =>
  `valid values: [${values.map((value) => JSON.stringify(value)).join(' ')}]`;

function validateExitCodes(
  requirement: PodFailurePolicyOnExitCodesRequirement,
  containers: ReadonlySet<string>,
  at: Path,
): FieldError[] {
  const errors: FieldError[] = [];
  const { operator, containerName, values = [] } = requirement;
  if (!operator) errors.push(required(at.child('operator'), validValues(operators)));
  else if (!operators.includes(operator))
    errors.push(notSupported(at.child('operator'), operator, operators));
  if (containerName !== undefined && !containers.has(containerName))
    errors.push(
      invalid(
        at.child('containerName'),
        containerName,
        'must be one of the container or initContainer names in the pod template',
      ),
    );
  const here = at.child('values');
  if (values.length === 0) errors.push(invalid(here, values, 'at least one value is required'));
  else if (values.length > exitCodesMax) errors.push(tooMany(here, values.length, exitCodesMax));
  const seen = new Set<number>();
  for (const [index, value] of values.entries()) {
    if (operator === 'In' && value === 0)
      errors.push(invalid(here.index(index), value, 'must not be 0 for the In operator'));
    if (seen.has(value)) errors.push(duplicate(here.index(index), value));
    seen.add(value);
  }
  if (values.some((value, index) => index > 0 && (values[index - 1] as number) > value))
    errors.push(invalid(here, values, 'must be ordered'));
  return errors;
}

function validateConditions(
  patterns: readonly PodFailurePolicyOnPodConditionsPattern[],
  at: Path,
): FieldError[] {
  const errors: FieldError[] = [];
  if (patterns.length > conditionPatternsMax) errors.push(tooMany(at, patterns.length, conditionPatternsMax));
  for (const [index, { type = '', status }] of patterns.entries()) {
    const here = at.index(index);
    errors.push(...invalidEach(here.child('type'), type, isQualifiedName(type)));
    if (!status) errors.push(required(here.child('status'), validValues(conditionStatuses)));
    else if (!conditionStatuses.includes(status))
      errors.push(notSupported(here.child('status'), status, conditionStatuses));
  }
  return errors;
}

function validateFailureRule(
  rule: PodFailurePolicyRule,
  spec: JobSpec,
  containers: ReadonlySet<string>,
  at: Path,
): FieldError[] {
  const errors: FieldError[] = [];
  const action = at.child('action');
  if (!rule.action) errors.push(required(action, validValues(actions)));
  else if (rule.action === 'FailIndex') {
    if (spec.backoffLimitPerIndex === undefined)
      errors.push(invalid(action, rule.action, 'requires the backoffLimitPerIndex to be set'));
  } else if (!actions.includes(rule.action)) errors.push(notSupported(action, rule.action, actions));
  const conditions = rule.onPodConditions ?? [];
  if (rule.onExitCodes != null)
    errors.push(...validateExitCodes(rule.onExitCodes, containers, at.child('onExitCodes')));
  errors.push(...validateConditions(conditions, at.child('onPodConditions')));
  if (rule.onExitCodes != null && conditions.length > 0)
    errors.push(invalidUnshown(at, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  if (rule.onExitCodes == null && conditions.length === 0)
    errors.push(invalidUnshown(at, 'specifying one of OnExitCodes and OnPodConditions is required'));
  return errors;
}

export function validateFailurePolicy(spec: JobSpec, at: Path): FieldError[] {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const pod = spec.template?.spec;
  const containers = new Set(
    [...(pod?.containers ?? []), ...(pod?.initContainers ?? [])].map((container) => container.name),
  );
  const here = at.child('rules');
  return [
    ...(rules.length > rulesMax ? [tooMany(here, rules.length, rulesMax)] : []),
    ...rules.flatMap((rule, index) => validateFailureRule(rule, spec, containers, here.index(index))),
  ];
}

function validateSuccessRule(rule: SuccessPolicyRule, completions: number, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const { succeededIndexes: indexes, succeededCount: count } = rule;
  if (count === undefined && indexes === undefined)
    errors.push(required(at, 'at least one of succeededCount or succeededIndexes must be specified'));
  let total = 0;
  if (indexes !== undefined) {
    const here = at.child('succeededIndexes');
    if (indexes.length > succeededIndexesBytesMax) errors.push(tooLong(here, succeededIndexesBytesMax));
    const parsed = parseIndexes(indexes, completions);
    if (parsed.problem !== undefined)
      errors.push(invalid(here, indexes, `error parsing succeededIndexes: ${parsed.problem}`));
    total = parsed.total;
  }
  if (count === undefined) return errors;
  const here = at.child('succeededCount');
  errors.push(...validateNonNegative(count, here));
  if (count > completions)
    errors.push(
      invalid(
        here,
        count,
        `must be less than or equal to ${completions} (the number of specified completions)`,
      ),
    );
  if (indexes !== undefined && count > total)
    errors.push(
      invalid(
        here,
        count,
        `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`,
      ),
    );
  return errors;
}

export function validateSuccessPolicy(spec: JobSpec, at: Path): FieldError[] {
  const rules = spec.successPolicy?.rules ?? [];
  const here = at.child('rules');
  const errors: FieldError[] = [];
  if (rules.length === 0)
    errors.push(required(here, 'at least one rules must be specified when the successPolicy is specified'));
  if (rules.length > successRulesMax) errors.push(tooMany(here, rules.length, successRulesMax));
  // Without completions the Job is refused already; upstream would fall over here.
  const completions = spec.completions ?? 0;
  return [
    ...errors,
    ...rules.flatMap((rule, index) => validateSuccessRule(rule, completions, here.index(index))),
  ];
}
