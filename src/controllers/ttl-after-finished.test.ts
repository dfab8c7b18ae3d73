/** Whole Jobs that go are in job.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remove, requeueAfter } from '../client/change.ts';
import { fixedView } from '../client/fixed-view.ts';
import type { Job } from '../kinds/generated/types.ts';
import { ttlAfterFinished } from './ttl-after-finished.ts';

const now = Date.UTC(2026, 0, 1, 0, 1);
const jobOf = (ttlSecondsAfterFinished: number | undefined, status = 'True'): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { namespace: 'default', name: 'once', uid: 'j', resourceVersion: '7' },
  spec: {
    template: { spec: { containers: [] } },
    ...(ttlSecondsAfterFinished === undefined ? {} : { ttlSecondsAfterFinished }),
  },
  status: { conditions: [{ type: 'Complete', status, lastTransitionTime: '2026-01-01T00:00:00Z' }] },
});
const reconcile = (job: Job) =>
  ttlAfterFinished.reconcile('default/once', fixedView(ttlAfterFinished, { now, objects: [job] }));

test('a Job goes as it was read, when its time is over: who gives it more at the last moment is heard', () => {
  const job = jobOf(60);
  const options = { propagationPolicy: 'Foreground', preconditions: { resourceVersion: '7' } } as const;
  assert.deepEqual(reconcile(job), [remove('Job', job, options)]);
  assert.deepEqual(reconcile(jobOf(61)), [requeueAfter(1000)]);
});

test('a Job without a time, or that has not ended, stays', () => {
  for (const job of [jobOf(undefined), jobOf(0, 'False')]) assert.deepEqual(reconcile(job), []);
});
