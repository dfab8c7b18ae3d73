import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, JobSpec, JobStatus, PodTemplateSpec } from '../generated/types.ts';
import { job } from '../job.ts';
import { statusErrors } from '../test-kit.ts';

const template: PodTemplateSpec = {
  spec: { restartPolicy: 'Never', containers: [{ name: 'once', image: 'busybox:1' }] },
};
const withSpec = (spec: Partial<JobSpec>, status?: JobStatus): Job => ({
  metadata: { name: 'once' },
  spec: { template, ...spec },
  status,
});
const condition = (type: string, status = 'True') => ({ type, status });
const done: JobStatus = {
  startTime: '2026-11-21T11:00:00Z',
  completionTime: '2026-11-21T11:05:00Z',
  succeeded: 1,
  conditions: [condition('SuccessCriteriaMet'), condition('Complete')],
};

const statusCases: Record<string, [JobStatus, JobStatus, string[]]> = {
  'it is done': [done, {}, []],
  'done without an end': [
    { ...done, completionTime: undefined },
    {},
    ['status.completionTime: Required value: completionTime is required for Complete jobs'],
  ],
  'done and failed': [
    { ...done, conditions: [...done.conditions!, condition('Failed'), condition('FailureTarget')] },
    {},
    [
      'status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions',
      'status.conditions: Invalid value: cannot set Complete=True and FailureTarget=true conditions',
      'status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and Failed=true conditions',
      'status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and FailureTarget=true conditions',
    ],
  ],
  'done with pods running': [
    { ...done, active: 1, ready: 2 },
    {},
    [
      'status.active: Invalid value: 1: active>0 is invalid for finished job',
      'status.ready: Invalid value: 2: cannot set more ready pods than active',
    ],
  ],
  'not done any more': [
    { startTime: done.startTime },
    done,
    [
      'status.conditions: Invalid value: cannot disable the terminal Complete=True condition',
      'status.succeeded: Invalid value: 0: cannot decrease the succeeded counter',
      'status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition',
    ],
  ],
  'failed indexes without a limit for each': [
    { failedIndexes: '' },
    {},
    [
      'status.failedIndexes: Invalid value: "": cannot set non-null failedIndexes when backoffLimitPerIndex is null',
    ],
  ],
  'indexes of a job without': [
    { completedIndexes: '0' },
    {},
    [
      'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
    ],
  ],
};

test('the status of a job', () => {
  for (const [name, [status, old, expected]] of Object.entries(statusCases))
    assert.deepEqual(statusErrors(job, withSpec({}, status), withSpec({}, old)), expected, name);
});

const indexed = (size: number): Partial<JobSpec> => ({
  completionMode: 'Indexed',
  completions: size,
  parallelism: size,
});

test('the status of an indexed job that shrinks', () => {
  const before: JobStatus = { succeeded: 3, completedIndexes: '0,2,3' };
  const errors = (spec: Partial<JobSpec>, status: JobStatus) =>
    statusErrors(job, withSpec(spec, status), withSpec(spec, before));
  assert.deepEqual(errors(indexed(2), { succeeded: 1, completedIndexes: '0' }), []);
  assert.deepEqual(errors(indexed(2), { ...before, active: 1 }), [], 'its controller has not been by yet');
  assert.deepEqual(errors(indexed(2), { succeeded: 2, completedIndexes: '0,2' }), [
    'status.completedIndexes: Invalid value: "0,2": error parsing completedIndexes: too large index: "2"',
  ]);
  assert.deepEqual(errors({ ...indexed(4), parallelism: 1 }, { succeeded: 1, completedIndexes: '0' }), [
    'status.succeeded: Invalid value: 1: cannot decrease the succeeded counter',
  ]);
});
