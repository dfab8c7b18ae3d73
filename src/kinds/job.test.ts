import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cronJob } from './cron-job.ts';
import type { CronJob, CronJobSpec, Job, JobSpec, JobStatus, PodTemplateSpec } from './generated/types.ts';
import { job } from './job.ts';
import { created, createErrors, defaulted, row, updateErrors } from './test-kit.ts';

const now = Date.parse('2026-11-21T12:00:00Z');
const template: PodTemplateSpec = {
  spec: { restartPolicy: 'Never', containers: [{ name: 'once', image: 'busybox:1' }] },
};
const uid = '0a1b';
const withSpec = (spec: Partial<JobSpec>, status?: JobStatus): Job => ({
  metadata: { name: 'once', uid, creationTimestamp: '2026-11-21T11:59:00Z' },
  spec: { template, ...spec },
  status,
});
const labels = {
  'batch.kubernetes.io/controller-uid': uid,
  'batch.kubernetes.io/job-name': 'once',
  'controller-uid': uid,
  'job-name': 'once',
};

test('a new job', () => {
  const stored = created(job, withSpec({}));
  const { template: stamped, ...spec } = stored.spec!;
  assert.deepEqual(spec, {
    backoffLimit: 6,
    completionMode: 'NonIndexed',
    completions: 1,
    manualSelector: false,
    parallelism: 1,
    podReplacementPolicy: 'TerminatingOrFailed',
    selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
    suspend: false,
  });
  assert.deepEqual(stamped.metadata, { labels });
  assert.deepEqual(stored.metadata.labels, labels);
  const own = created(job, {
    ...withSpec({}),
    metadata: { name: 'once', uid, labels: { mine: 'x' } },
  });
  assert.deepEqual(own.metadata.labels, { mine: 'x' });
  const spec2 = defaulted(
    job,
    withSpec({ parallelism: 3, backoffLimitPerIndex: 1, podFailurePolicy: { rules: [] } }),
  ).spec;
  assert.deepEqual(
    [spec2?.completions, spec2?.backoffLimit, spec2?.podReplacementPolicy],
    [undefined, 2147483647, 'Failed'],
  );
});

/** As a client sends it back. */
const again = (old: Job, spec: Partial<JobSpec>): Job => {
  const stored = created(job, old);
  return { ...stored, spec: { ...stored.spec!, ...spec } };
};

test('what may change in a job', () => {
  const old = withSpec({});
  assert.deepEqual(
    updateErrors(job, again(old, { parallelism: 5, suspend: true, backoffLimit: 1 }), old),
    [],
  );
  const changed = updateErrors(
    job,
    again(old, { completions: 2, completionMode: 'Indexed', managedBy: 'a.io/b' }),
    old,
  );
  assert.deepEqual(changed, [
    'spec.completions: Invalid value: 2: can only be modified in tandem with spec.parallelism',
    'spec.completionMode: Invalid value: "Indexed": field is immutable',
    'spec.managedBy: Invalid value: "a.io/b": field is immutable',
  ]);
  const elastic = withSpec({ completionMode: 'Indexed', completions: 2, parallelism: 2 });
  assert.deepEqual(updateErrors(job, again(elastic, { completions: 4, parallelism: 4 }), elastic), []);
});

test('a suspended job that has not started may still choose its nodes', () => {
  const old = withSpec({ suspend: true });
  const stored = created(job, old).spec!.template;
  const nodes = { ...stored, spec: { ...stored.spec!, nodeSelector: { a: 'b' } } };
  assert.deepEqual(updateErrors(job, again(old, { template: nodes }), old), []);
  const image = { ...stored, spec: { ...stored.spec!, containers: [{ name: 'once', image: 'x:1' }] } };
  assert.equal(updateErrors(job, again(old, { template: image }), old).length, 1);
  const running = withSpec({});
  assert.match(
    updateErrors(job, again(running, { template: nodes }), running)[0] as string,
    /^spec\.template: Invalid value: .*: field is immutable$/,
  );
});

const condition = (type: string, status = 'True') => ({ type, status });
const done: JobStatus = {
  startTime: '2026-11-21T11:00:00Z',
  completionTime: '2026-11-21T11:05:00Z',
  succeeded: 1,
  conditions: [condition('SuccessCriteriaMet'), condition('Complete')],
};

test('rows of `kubectl get jobs -o wide`', () => {
  assert.deepEqual(row(job, created(job, withSpec({})), now), {
    Name: 'once',
    Status: 'Running',
    Completions: '0/1',
    Duration: '',
    Age: '60s',
    Containers: 'once',
    Images: 'busybox:1',
    Selector: `batch.kubernetes.io/controller-uid=${uid}`,
  });
  const cells = (object: Job) => {
    const { Status, Completions, Duration } = row(job, object, now);
    return [Status, Completions, Duration];
  };
  assert.deepEqual(cells(withSpec({}, done)), ['Complete', '1/1', '5m']);
  assert.deepEqual(cells(withSpec({ parallelism: 3 }, { startTime: '2026-11-21T11:59:50Z' })), [
    'Running',
    '0/1 of 3',
    '10s',
  ]);
  assert.deepEqual(cells(withSpec({}, { conditions: [condition('Failed')] }))[0], 'Failed');
  assert.deepEqual(cells(withSpec({}, { conditions: [condition('Suspended')] }))[0], 'Suspended');
  assert.deepEqual(cells(withSpec({}, { conditions: [condition('FailureTarget')] }))[0], 'FailureTarget');
  const deleted = withSpec({});
  deleted.metadata.deletionTimestamp = '2026-11-21T12:00:00Z';
  assert.deepEqual(cells(deleted)[0], 'Terminating');
});

const cron = (spec: Partial<CronJobSpec>, name = 'hourly'): CronJob => ({
  metadata: { name, creationTimestamp: '2026-11-21T10:00:00Z' },
  spec: { schedule: '0 * * * *', jobTemplate: { spec: { template } }, ...spec },
});

const cronCases: Record<string, [CronJob, string[]]> = {
  'a good one': [cron({ timeZone: 'Europe/Berlin' }), []],
  'no schedule': [cron({ schedule: '' }), ['spec.schedule: Required value']],
  'a schedule that is none': [
    cron({ schedule: 'off' }),
    ['spec.schedule: Invalid value: "off": expected exactly 5 fields, found 1: [off]'],
  ],
  'a zone in the schedule': [
    cron({ schedule: 'TZ=UTC 0 * * * *' }),
    [
      'spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
    ],
  ],
  'zones that are none': [
    cron({ timeZone: 'Mars/Olympus' }),
    ['spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus'],
  ],
  'the local zone': [
    cron({ timeZone: 'Local' }),
    [
      'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
    ],
  ],
  choices: [
    cron({ concurrencyPolicy: 'Maybe', startingDeadlineSeconds: -1, failedJobsHistoryLimit: -1 }),
    [
      'spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0',
      'spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"',
      'spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0',
    ],
  ],
  'a selector': [
    cron({ jobTemplate: { spec: { template, selector: {}, manualSelector: true } } }),
    [
      'spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated',
      'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
    ],
  ],
  'a long name': [
    cron({}, 'x'.repeat(53)),
    [`metadata.name: Invalid value: "${'x'.repeat(53)}": must be no more than 52 characters`],
  ],
};

test('what is wrong with a cron job', () => {
  for (const [name, [object, expected]] of Object.entries(cronCases))
    assert.deepEqual(createErrors(cronJob, object), expected, name);
  const long = cron({}, 'x'.repeat(53));
  assert.deepEqual(updateErrors(cronJob, long, long), []);
  const zoned = cron({ schedule: 'TZ=UTC 0 * * * *' });
  assert.deepEqual(updateErrors(cronJob, zoned, zoned), []);
  assert.deepEqual(
    updateErrors(cronJob, cron({ schedule: 'TZ=UTC 0 * * * *', timeZone: 'Etc/UTC' }), zoned),
    [
      'spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule',
    ],
  );
});

test('a cron job as it is stored, and its row', () => {
  const stored = defaulted(cronJob, cron({}));
  const { jobTemplate, ...spec } = stored.spec!;
  assert.deepEqual(spec, {
    schedule: '0 * * * *',
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
  });
  assert.deepEqual([jobTemplate.metadata, jobTemplate.spec?.completions], [{}, undefined]);
  stored.status = { active: [{}], lastScheduleTime: '2026-11-21T11:30:00Z' };
  assert.deepEqual(row(cronJob, stored, now), {
    Name: 'hourly',
    Schedule: '0 * * * *',
    Timezone: '<none>',
    Suspend: 'False',
    Active: 1,
    'Last Schedule': '30m',
    Age: '120m',
    Containers: 'once',
    Images: 'busybox:1',
    Selector: '<none>',
  });
});
