/** The parts of which a Job's reconcile is made; whole Jobs are in ../job.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, JobSpec, Pod, PodFailurePolicyRule } from '../../kinds/generated/types.ts';
import { remainingBackoff, remainingOf } from './backoff.ts';
import { finishedCondition, jobCondition } from './conditions.ts';
import {
  firstFree,
  hasIndex,
  readIntervals,
  sharedBy,
  totalOf,
  withIndexes,
  writeIntervals,
} from './indexes.ts';
import { managePods } from './manage.ts';
import { finishedAt, hasFailed, trackingFinalizer } from './pods.ts';
import { judgeFailure, successRule } from './policies.ts';
import { stateOf } from './state.ts';
import { trackPods } from './track.ts';

const now = Date.UTC(2026, 0, 1);
const ago = (seconds: number) => new Date(now - seconds * 1000).toISOString();
const jobOf = (spec: Partial<JobSpec>, status: Job['status'] = {}): Job => ({
  metadata: { namespace: 'default', name: 'once', uid: 'j' },
  spec: { template: { spec: { containers: [{ name: 'c' }] } }, ...spec },
  status,
});
const podOf = (uid: string, phase: string, { exitCode = 0, seconds = 0, metadata = {} } = {}): Pod => ({
  metadata: { namespace: 'default', name: uid, uid, finalizers: [trackingFinalizer], ...metadata },
  status: {
    phase,
    containerStatuses: [
      {
        name: 'c',
        image: '',
        imageID: '',
        ready: false,
        restartCount: 0,
        state: { terminated: { exitCode, finishedAt: ago(seconds) } },
      },
    ],
  },
});

test('lists of indexes are read, written and counted', () => {
  const texts = ['', '1', '1,2', '1-3', '1,3-5,7', '0-99', 'x,4'];
  assert.deepEqual(
    texts.map((text) => writeIntervals(readIntervals(text, 6))),
    ['', '1', '1,2', '1-3', '1,3-5', '0-5', '4'],
  );
  const some = withIndexes(readIntervals('1,5-7', 10), [2, 4, 2]);
  assert.deepEqual([writeIntervals(some), totalOf(some)], ['1,2,4-7', 6]);
  assert.deepEqual([hasIndex(some, 3), hasIndex(some, 6)], [false, true]);
  assert.deepEqual(firstFree(some, 3, 10), [0, 3, 8]);
  assert.deepEqual(firstFree(some, 9, 10), [0, 3, 8, 9]);
  assert.equal(sharedBy(some, readIntervals('0-4', 10)), 3);
});

test('the wait doubles up to ten minutes, and a success ends it', () => {
  const waits = [0, 1, 2, 7, 50].map((failures) => remainingOf(failures, { since: now, now }));
  assert.deepEqual(waits, [0, 10_000, 20_000, 600_000, 600_000]);
  const failed = [podOf('a', 'Failed', { seconds: 9 }), podOf('b', 'Failed', { seconds: 4 })];
  assert.equal(remainingBackoff(jobOf({}), failed, now), 16_000);
  assert.equal(remainingBackoff(jobOf({}), [...failed, podOf('c', 'Succeeded', { seconds: 6 })], now), 6000);
  assert.equal(finishedAt(failed[0] as Pod), now - 9000);
});

test('policies judge a failure', () => {
  const rule = (action: string, operator: string, values: number[]): PodFailurePolicyRule => ({
    action,
    onExitCodes: { operator, values },
  });
  const rules = [
    rule('Ignore', 'In', [3]),
    { action: 'Count', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    rule('FailJob', 'NotIn', [1, 2]),
  ];
  const spec = jobOf({ podFailurePolicy: { rules } }).spec as JobSpec;
  const message = 'Container c for pod default/p failed with exit code 9 matching FailJob rule at index 2';
  assert.deepEqual(
    [3, 9, 1].map((exitCode) => judgeFailure(spec, podOf('p', 'Failed', { exitCode }))),
    [{ counts: false, action: 'Ignore' }, { counts: true, action: 'FailJob', message }, { counts: true }],
  );
  const policy = { rules: [{ succeededIndexes: '0-2', succeededCount: 2 }, { succeededCount: 4 }] };
  const criteria = { ...spec, completions: 9, successPolicy: policy };
  assert.deepEqual(
    ['0', '0,2', '3-6', ''].map((text) => successRule(criteria, readIntervals(text, 9))),
    [undefined, 'Matched rules at index 0', 'Matched rules at index 1', undefined],
  );
});

test('a pod is counted once, and one that is deleted as failed', () => {
  const pods = [podOf('new', 'Succeeded'), podOf('known', 'Succeeded'), podOf('bad', 'Failed')];
  const deleted = podOf('gone', 'Running', { metadata: { deletionTimestamp: ago(0) } });
  const uncountedTerminatedPods = { succeeded: ['known', 'before'] };
  const job = jobOf({ completions: 9, parallelism: 9 }, { succeeded: 4, uncountedTerminatedPods });
  assert.deepEqual(
    [hasFailed(deleted, job), hasFailed(deleted, jobOf({ podReplacementPolicy: 'Failed' }))],
    [true, false],
  );
  const state = stateOf(job, [...pods, deleted], { now, startTime: ago(60) });
  const { done, ...counted } = trackPods(state);
  assert.equal(done.length, 4);
  assert.deepEqual(counted, {
    succeeded: 5,
    failed: 0,
    uncounted: { succeeded: ['known', 'new'], failed: ['bad', 'gone'] },
    completedIndexes: [],
  });
  assert.equal(state.succeeded, 4 + 2 + 1);
  assert.deepEqual(
    managePods(state).changes.map(({ type }) => type),
    ['create', 'create'],
  );
});

test('the condition that ends a Job', () => {
  const failed = jobCondition('Failed', { reason: 'R', message: 'm' }, now);
  const not = { ...failed, type: 'Complete', status: 'False' };
  assert.equal(finishedCondition(jobOf({}, { conditions: [not] })), undefined);
  assert.equal(finishedCondition(jobOf({}, { conditions: [not, failed] })), failed);
});
