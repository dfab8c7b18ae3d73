/** Updates of a Job's status. Source of rules and wording: pkg/apis/batch/validation, pkg/registry/batch/job of Kubernetes. */
import { duplicate, type FieldError, invalid, path, required } from '../field.ts';
import type { Job, JobStatus } from '../generated/types.ts';
import { invalidUnshown } from '../pod/checks.ts';
import { semanticEqual } from '../pod/equality.ts';
import { validateCounts } from '../workload.ts';
import { overlapOf, parseIndexes } from './indexes.ts';
import { isIndexed } from './validate-spec.ts';

const at = path('status');
const conditionsAt = at.child('conditions');

const isTrue = (status: JobStatus, type: string): boolean =>
  (status.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');

const isFinished = (status: JobStatus): boolean => isTrue(status, 'Complete') || isTrue(status, 'Failed');

function validateUncounted(status: JobStatus): FieldError[] {
  const seen = new Set<string>();
  return (['succeeded', 'failed'] as const).flatMap((name) =>
    (status.uncountedTerminatedPods?.[name] ?? []).flatMap((uid, index) => {
      const here = at.child('uncountedTerminatedPods', name).index(index);
      if (uid === '') return [invalid(here, uid, 'must not be empty')];
      if (seen.has(uid)) return [duplicate(here, uid)];
      seen.add(uid);
      return [];
    }),
  );
}

/**
 * What differs from before. Most rules hold only for what an update touches: after a user's change of the spec the status
 * may be beyond it until the Job's controller comes by. Source: getStatusValidationOptions of pkg/registry/batch/job.
 */
class Changes {
  readonly finished: boolean;
  readonly complete: boolean;
  /** None and no text at all are two. */
  readonly failedIndexes: boolean;
  readonly #status: JobStatus;
  readonly #old: JobStatus;

  constructor(status: JobStatus, old: JobStatus) {
    this.#status = status;
    this.#old = old;
    this.finished = isFinished(status) !== isFinished(old);
    this.complete = this.condition('Complete');
    this.failedIndexes = status.failedIndexes !== old.failedIndexes;
  }

  condition(type: string): boolean {
    return isTrue(this.#status, type) !== isTrue(this.#old, type);
  }

  of(...names: (keyof JobStatus)[]): boolean {
    return names.some(
      (name) => !semanticEqual(this.#status[name] || undefined, this.#old[name] || undefined),
    );
  }
}

/** Conditions that may not be true together, or not without each other. */
function validateConditions(job: Job, status: JobStatus, changes: Changes): FieldError[] {
  const complete = isTrue(status, 'Complete');
  const failed = isTrue(status, 'Failed');
  const failing = isTrue(status, 'FailureTarget');
  const succeeding = isTrue(status, 'SuccessCriteriaMet');
  const rules: readonly (readonly [boolean, string])[] = [
    [
      complete && failed && (changes.complete || changes.condition('Failed')),
      'cannot set Complete=True and Failed=true conditions',
    ],
    [
      complete && failing && (changes.complete || changes.condition('FailureTarget')),
      'cannot set Complete=True and FailureTarget=true conditions',
    ],
    [
      failed && !failing && (changes.condition('Failed') || changes.condition('FailureTarget')),
      'cannot set Failed=True condition without the FailureTarget=true condition',
    ],
    [
      complete && !succeeding && (changes.complete || changes.condition('SuccessCriteriaMet')),
      'cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    ],
    [succeeding && failed, 'cannot set SuccessCriteriaMet=True and Failed=true conditions'],
    [succeeding && failing, 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'],
    [
      job.spec?.successPolicy != null && !succeeding && complete,
      'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True',
    ],
  ];
  return rules.flatMap(([broken, why]) => (broken ? [invalidUnshown(conditionsAt, why)] : []));
}

function validateTimes(status: JobStatus, changes: Changes): FieldError[] {
  const errors: FieldError[] = [];
  const { startTime, completionTime } = status;
  const here = at.child('completionTime');
  const complete = isTrue(status, 'Complete');
  const endsAnew = changes.complete || changes.of('completionTime');
  if (completionTime !== undefined && !complete && endsAnew)
    errors.push(
      invalid(here, completionTime, 'cannot set completionTime when there is no Complete=True condition'),
    );
  if (completionTime === undefined && complete && endsAnew)
    errors.push(required(here, 'completionTime is required for Complete jobs'));
  if (
    startTime !== undefined &&
    completionTime !== undefined &&
    changes.of('startTime', 'completionTime') &&
    Date.parse(completionTime) < Date.parse(startTime)
  )
    errors.push(invalid(here, completionTime, 'completionTime cannot be set before startTime'));
  if (startTime === undefined && isFinished(status) && (changes.finished || changes.of('startTime')))
    errors.push(required(at.child('startTime'), 'startTime is required for finished job'));
  return errors;
}

/** A finished Job has nothing running and nothing left to count. */
function validateFinished(status: JobStatus, changes: Changes): FieldError[] {
  const errors: FieldError[] = [];
  const { active = 0, terminating = 0, ready = 0, uncountedTerminatedPods: uncounted } = status;
  const touches = (name: keyof JobStatus) => isFinished(status) && (changes.finished || changes.of(name));
  if (touches('active') && active > 0)
    errors.push(invalid(at.child('active'), active, 'active>0 is invalid for finished job'));
  const uncountedPods = (uncounted?.failed ?? []).length + (uncounted?.succeeded ?? []).length;
  if (touches('uncountedTerminatedPods') && uncountedPods > 0)
    errors.push(
      invalid(
        at.child('uncountedTerminatedPods'),
        uncounted,
        'uncountedTerminatedPods needs to be empty for finished job',
      ),
    );
  if (touches('terminating') && terminating > 0)
    errors.push(invalid(at.child('terminating'), terminating, 'terminating>0 is invalid for finished job'));
  if (ready > active && changes.of('ready', 'active'))
    errors.push(invalid(at.child('ready'), ready, 'cannot set more ready pods than active'));
  return errors;
}

function validateIndexes(job: Job, status: JobStatus, changes: Changes): FieldError[] {
  const errors: FieldError[] = [];
  const completions = job.spec?.completions;
  const { completedIndexes = '', failedIndexes } = status;
  const check = (name: 'completedIndexes' | 'failedIndexes', text: string) => {
    const problem = parseIndexes(text, completions ?? 0).problem;
    if (problem !== undefined)
      errors.push(invalid(at.child(name), text, `error parsing ${name}: ${problem}`));
  };
  const perIndex = job.spec?.backoffLimitPerIndex !== undefined;
  const completes = changes.of('completedIndexes');
  const fails = changes.failedIndexes;
  if (completes && completions !== undefined) check('completedIndexes', completedIndexes);
  if (fails && completions !== undefined && perIndex && failedIndexes !== undefined)
    check('failedIndexes', failedIndexes);
  if (completes && completedIndexes !== '' && !isIndexed(job.spec))
    errors.push(
      invalid(
        at.child('completedIndexes'),
        completedIndexes,
        'cannot set non-empty completedIndexes when non-indexed completion mode',
      ),
    );
  if (fails && !perIndex && failedIndexes !== undefined)
    errors.push(
      invalid(
        at.child('failedIndexes'),
        failedIndexes,
        'cannot set non-null failedIndexes when backoffLimitPerIndex is null',
      ),
    );
  const overlap =
    !(completes || fails) || completions === undefined || !completedIndexes || !failedIndexes
      ? undefined
      : overlapOf(completedIndexes, failedIndexes, completions);
  if (overlap !== undefined)
    errors.push(
      invalid(
        at.child('failedIndexes'),
        failedIndexes,
        `failedIndexes and completedIndexes overlap at index: ${overlap}`,
      ),
    );
  return errors;
}

/** What is done stays done; but an Indexed Job that runs all at once may shrink, with what has succeeded beyond. */
function validateProgress(job: Job, status: JobStatus, old: JobStatus): FieldError[] {
  const errors: FieldError[] = [];
  for (const type of ['Failed', 'Complete', 'FailureTarget'])
    if (isTrue(old, type) && !isTrue(status, type))
      errors.push(invalidUnshown(conditionsAt, `cannot disable the terminal ${type}=True condition`));
  const { completions, parallelism } = job.spec ?? {};
  const shrinks = isIndexed(job.spec) && completions === parallelism;
  for (const name of ['failed', 'succeeded'] as const)
    if (!(shrinks && name === 'succeeded') && (status[name] ?? 0) < (old[name] ?? 0))
      errors.push(invalid(at.child(name), status[name] ?? 0, `cannot decrease the ${name} counter`));
  const { completionTime, startTime } = status;
  if (
    completionTime !== undefined &&
    old.completionTime !== undefined &&
    completionTime !== old.completionTime
  )
    errors.push(invalid(at.child('completionTime'), completionTime, 'completionTime cannot be mutated'));
  if (old.startTime !== undefined && old.startTime !== startTime && job.spec?.suspend !== true)
    errors.push(required(at.child('startTime'), 'startTime cannot be removed for unsuspended job'));
  if (isTrue(old, 'SuccessCriteriaMet') && !isTrue(status, 'SuccessCriteriaMet'))
    errors.push(invalidUnshown(conditionsAt, 'cannot disable the SuccessCriteriaMet=True condition'));
  if (isTrue(old, 'Complete') && !isTrue(old, 'SuccessCriteriaMet') && isTrue(status, 'SuccessCriteriaMet'))
    errors.push(
      invalidUnshown(
        conditionsAt,
        'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions',
      ),
    );
  return errors;
}

export function validateJobStatusUpdate(job: Job, oldJob: Job): FieldError[] {
  const status = job.status ?? {};
  const old = oldJob.status ?? {};
  const changes = new Changes(status, old);
  return [
    ...validateCounts(status, ['active', 'succeeded', 'failed', 'ready', 'terminating'], at),
    ...validateUncounted(status),
    ...validateConditions(job, status, changes),
    ...validateTimes(status, changes),
    ...validateFinished(status, changes),
    ...validateIndexes(job, status, changes),
    ...validateProgress(job, status, old),
  ];
}
