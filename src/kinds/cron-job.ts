/** CronJobs. Source of behaviour: pkg/apis/batch (v1 defaults, validation), pkg/registry/batch/cronjob of Kubernetes. */
import { ageColumn, countColumn, nameColumn, none, textColumn, timeSince, unset, wide } from './columns.ts';
import { type FieldError, invalid, notSupported, type Path, path, required } from './field.ts';
import type { CronJob, CronJobSpec, JobSpec } from './generated/types.ts';
import { scheduleProblem, timeZoneProblem } from './job/schedule.ts';
import { validateJobSpec } from './job/validate-spec.ts';
import { defaultJobTemplate } from './job.ts';
import { defineKind } from './kind.ts';
import { formatLabelSelector } from './label-selector.ts';
import { validateChoice, validateNonNegative } from './pod/checks.ts';
import { containerColumns, templateWarnings } from './pod/template.ts';
import { hostnameWarnings } from './pod/warnings.ts';

const specPath = path('spec');
const jobSpecPath = path('spec', 'jobTemplate', 'spec');

/** A Job's name may have 63 characters, and 11 go for the time at which it was due. */
const nameCharactersMax = 52;

function defaults(object: CronJob): void {
  object.spec ??= {} as CronJobSpec;
  const spec = object.spec;
  spec.concurrencyPolicy ||= 'Allow';
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  spec.jobTemplate ??= {};
  spec.jobTemplate.metadata ??= {};
  spec.jobTemplate.spec ??= {} as JobSpec;
  defaultJobTemplate(spec.jobTemplate.spec);
  object.status ??= {};
}

function validateSchedule(schedule: string | undefined, at: Path): FieldError[] {
  if (!schedule) return [required(at, '')];
  const problem = scheduleProblem(schedule);
  return problem === undefined ? [] : [invalid(at, schedule, problem)];
}

/** A zone has a field of its own. `hadZone`: the schedule has held one since before that was refused. */
function validateZoneInSchedule(spec: CronJobSpec, hadZone: boolean): FieldError[] {
  const { schedule = '', timeZone } = spec;
  const at = specPath.child('schedule');
  if (!schedule.includes('TZ')) return [];
  if (!hadZone)
    return [invalid(at, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')];
  return timeZone === undefined
    ? []
    : [invalid(at, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule')];
}

function validateTimeZone(zone: string | undefined, at: Path): FieldError[] {
  if (zone === undefined) return [];
  if (zone === '') return [invalid(at, zone, 'timeZone must be nil or non-empty string')];
  const wellFormed = zone
    .split('/')
    .every((part) => /^[A-Za-z.\-_0-9+]{1,14}$/.test(part) && !/^(\.|\.\.|-.*)$/.test(part));
  if (!wellFormed) return [invalid(at, zone, `unknown time zone ${zone}`)];
  if (zone.toLowerCase() === 'local')
    return [
      invalid(
        at,
        zone,
        'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ),
    ];
  const problem = timeZoneProblem(zone);
  return problem === undefined ? [] : [invalid(at, zone, problem)];
}

function validateJobTemplate(spec: JobSpec): FieldError[] {
  const errors = validateJobSpec(spec, jobSpecPath);
  if (spec.selector != null)
    errors.push(invalid(jobSpecPath.child('selector'), spec.selector, '`selector` will be auto-generated'));
  if (spec.manualSelector === true)
    errors.push(notSupported(jobSpecPath.child('manualSelector'), true, ['nil', 'false']));
  return errors;
}

function validate(object: CronJob): FieldError[] {
  const spec = object.spec ?? ({} as CronJobSpec);
  return [
    ...validateSchedule(spec.schedule, specPath.child('schedule')),
    ...validateTimeZone(spec.timeZone, specPath.child('timeZone')),
    ...validateNonNegative(spec.startingDeadlineSeconds, specPath.child('startingDeadlineSeconds')),
    ...validateChoice(
      spec.concurrencyPolicy,
      ['Allow', 'Forbid', 'Replace'],
      specPath.child('concurrencyPolicy'),
    ),
    ...validateJobTemplate(spec.jobTemplate?.spec ?? ({ template: {} } as JobSpec)),
    ...validateNonNegative(spec.successfulJobsHistoryLimit, specPath.child('successfulJobsHistoryLimit')),
    ...validateNonNegative(spec.failedJobsHistoryLimit, specPath.child('failedJobsHistoryLimit')),
  ];
}

function validateCreate(object: CronJob): FieldError[] {
  const name = object.metadata.name ?? '';
  return [
    ...validateZoneInSchedule(object.spec ?? ({} as CronJobSpec), false),
    ...(name.length > nameCharactersMax
      ? [invalid(path('metadata', 'name'), name, `must be no more than ${nameCharactersMax} characters`)]
      : []),
  ];
}

function validateUpdate(object: CronJob, old: CronJob): FieldError[] {
  const hadZone = old.spec?.schedule?.includes('TZ') ?? false;
  return validateZoneInSchedule(object.spec ?? ({} as CronJobSpec), hadZone);
}

function warnings(object: CronJob, old?: CronJob): string[] {
  const template = (each: CronJob | undefined) => each?.spec?.jobTemplate?.spec?.template;
  return [
    ...(old === undefined ? hostnameWarnings(object.metadata, 'pods') : []),
    ...templateWarnings(template(object), template(old), jobSpecPath.child('template')),
    ...(object.spec?.schedule?.includes('TZ')
      ? [
          'CRON_TZ or TZ used in spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
        ]
      : []),
  ];
}

function suspendCell(object: CronJob): string {
  const suspend = object.spec?.suspend;
  if (suspend === undefined) return unset;
  return suspend ? 'True' : 'False';
}

export const cronJob = defineKind<CronJob>({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  scope: 'Namespaced',
  shortNames: ['cj'],
  categories: ['all'],
  subresources: ['status'],
  generation: true,
  defaults,
  validate,
  validateCreate,
  validateUpdate,
  warnings,
  columns: [
    nameColumn,
    textColumn('Schedule', (object: CronJob) => object.spec?.schedule ?? ''),
    textColumn('Timezone', (object: CronJob) => object.spec?.timeZone ?? none),
    { name: 'Suspend', type: 'boolean', of: suspendCell },
    countColumn('Active', (object: CronJob) => (object.status?.active ?? []).length),
    textColumn('Last Schedule', (object: CronJob, now) =>
      object.status?.lastScheduleTime === undefined ? none : timeSince(object.status.lastScheduleTime, now),
    ),
    ageColumn,
    ...containerColumns<CronJob>((object) => object.spec?.jobTemplate?.spec?.template),
    wide(
      textColumn('Selector', (object: CronJob) =>
        formatLabelSelector(object.spec?.jobTemplate?.spec?.selector),
      ),
    ),
  ],
  example: {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'hourly', namespace: 'default' },
    spec: {
      schedule: '0 * * * *',
      jobTemplate: {
        spec: {
          template: {
            spec: { restartPolicy: 'Never', containers: [{ name: 'once', image: 'busybox:1.37' }] },
          },
        },
      },
    },
  },
});
