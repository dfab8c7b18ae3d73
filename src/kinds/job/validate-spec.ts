/** A Job's spec, in a Job or in a CronJob. Source of rules and wording: pkg/apis/batch/validation of Kubernetes. */
import { type FieldError, invalid, notSupported, type Path, required, tooLong } from '../field.ts';
import type { JobSpec } from '../generated/types.ts';
import { isDNS1123Subdomain } from '../names.ts';
import { invalidEach, validateNonNegative } from '../pod/checks.ts';
import { validateTemplate } from '../pod/template.ts';
import { validateFailurePolicy, validateSuccessPolicy } from './validate-policies.ts';

/** KEP-3850: what can be tracked in the lists of indexes without their growing too long. */
const indexedParallelismMax = 100_000;
const failedIndexesMax = 100_000;
const manyCompletions = 100_000;
const parallelismMaxForMany = 10_000;
const failedIndexesMaxForMany = 10_000;
const managedByCharactersMax = 63;

export const isIndexed = (spec: JobSpec | undefined): boolean => spec?.completionMode === 'Indexed';

const atMost = (most: number, when = ''): string => `must be less than or equal to ${most}${when}`;

function validateManyCompletions(spec: JobSpec, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const when = ` when completions are above ${manyCompletions} and used with backoff limit per index`;
  const { parallelism, maxFailedIndexes } = spec;
  if (maxFailedIndexes === undefined)
    errors.push(
      required(
        at.child('maxFailedIndexes'),
        `must be specified when completions is above ${manyCompletions}`,
      ),
    );
  if (parallelism !== undefined && parallelism > parallelismMaxForMany)
    errors.push(invalid(at.child('parallelism'), parallelism, atMost(parallelismMaxForMany, when)));
  if (maxFailedIndexes !== undefined && maxFailedIndexes > failedIndexesMaxForMany)
    errors.push(
      invalid(at.child('maxFailedIndexes'), maxFailedIndexes, atMost(failedIndexesMaxForMany, when)),
    );
  return errors;
}

function validateIndexed(spec: JobSpec, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const { completions, parallelism, maxFailedIndexes } = spec;
  if (completions === undefined)
    errors.push(required(at.child('completions'), 'when completion mode is Indexed'));
  if (parallelism !== undefined && parallelism > indexedParallelismMax)
    errors.push(
      invalid(
        at.child('parallelism'),
        parallelism,
        atMost(indexedParallelismMax, ' when completion mode is Indexed'),
      ),
    );
  if (maxFailedIndexes !== undefined) {
    const here = at.child('maxFailedIndexes');
    if (completions !== undefined && maxFailedIndexes > completions)
      errors.push(invalid(here, maxFailedIndexes, 'must be less than or equal to completions'));
    if (maxFailedIndexes > failedIndexesMax)
      errors.push(invalid(here, maxFailedIndexes, atMost(failedIndexesMax)));
  }
  if (completions !== undefined && completions > manyCompletions && spec.backoffLimitPerIndex !== undefined)
    errors.push(...validateManyCompletions(spec, at));
  return errors;
}

function validateCompletionMode(spec: JobSpec, at: Path): FieldError[] {
  const mode = spec.completionMode;
  if (mode === 'Indexed') return validateIndexed(spec, at);
  const errors: FieldError[] = [];
  if (mode !== undefined && mode !== 'NonIndexed')
    errors.push(notSupported(at.child('completionMode'), mode, ['NonIndexed', 'Indexed']));
  else
    for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
      if (spec[name] !== undefined)
        errors.push(invalid(at.child(name), spec[name], 'requires indexed completion mode'));
  return errors;
}

/** `acme.io/foo` */
function validateManagedBy(name: string, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const slash = name.indexOf('/');
  const host = name.slice(0, Math.max(slash, 0));
  const rest = name.slice(slash + 1);
  if (name === '') errors.push(required(at, ''));
  else if (host === '' || rest === '')
    errors.push(invalid(at, name, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  else {
    errors.push(...invalidEach(at, host, isDNS1123Subdomain(host)));
    if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(rest))
      errors.push(
        invalid(at, rest, "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"),
      );
  }
  if (name.length > managedByCharactersMax) errors.push(tooLong(at, managedByCharactersMax));
  return errors;
}

function validateReplacement(spec: JobSpec, at: Path): FieldError[] {
  const policy = spec.podReplacementPolicy;
  if (policy === undefined) return [];
  const supported = spec.podFailurePolicy == null ? ['Failed', 'TerminatingOrFailed'] : ['Failed'];
  return supported.includes(policy) ? [] : [notSupported(at, policy, supported)];
}

function validateRestartPolicy(spec: JobSpec, at: Path): FieldError[] {
  const policy = spec.template?.spec?.restartPolicy ?? '';
  // Always may be the default's doing, so it is as good as nothing.
  if (policy === '' || policy === 'Always') return [required(at, 'valid values: "OnFailure", "Never"')];
  if (policy !== 'OnFailure' && policy !== 'Never') return [notSupported(at, policy, ['OnFailure', 'Never'])];
  return spec.podFailurePolicy != null && policy !== 'Never'
    ? [invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified')]
    : [];
}

const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;

/** All but the selector, which a CronJob's template must not have. */
export function validateJobSpec(spec: JobSpec, at: Path): FieldError[] {
  const errors = counts.flatMap((name) => validateNonNegative(spec[name], at.child(name)));
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    errors.push(required(at.child('backoffLimitPerIndex'), 'when maxFailedIndexes is specified'));
  if (spec.managedBy !== undefined) errors.push(...validateManagedBy(spec.managedBy, at.child('managedBy')));
  errors.push(...validateCompletionMode(spec, at));
  if (spec.podFailurePolicy != null)
    errors.push(...validateFailurePolicy(spec, at.child('podFailurePolicy')));
  if (spec.successPolicy != null)
    errors.push(
      ...(isIndexed(spec)
        ? validateSuccessPolicy(spec, at.child('successPolicy'))
        : [invalid(at.child('successPolicy'), spec.successPolicy, 'requires indexed completion mode')]),
    );
  return [
    ...errors,
    ...validateReplacement(spec, at.child('podReplacementPolicy')),
    ...validateTemplate(spec.template, at.child('template')),
    ...validateRestartPolicy(spec, at.child('template', 'spec', 'restartPolicy')),
  ];
}
