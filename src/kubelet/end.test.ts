import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podEnd } from './end.ts';
import { graceLeft, graceSeconds } from './grace.ts';
import { testContainer, testNow, testPod } from './test-kit.ts';

const startTime = new Date(testNow - 10_000).toISOString();

test('a pod ends when it is deleted, finished, evicted, or past its deadline', () => {
  const at = { now: testNow };
  const evicted = { reason: 'Evicted', message: 'The node was low on resource: memory.' };
  assert.deepEqual(
    [
      podEnd(testPod({}), at),
      podEnd(testPod({}, { metadata: { deletionTimestamp: startTime }, status: { phase: 'Failed' } }), at),
      podEnd(testPod({}, { status: { phase: 'Succeeded' } }), at),
      podEnd(testPod({}), { ...at, evicted }),
      podEnd(testPod({ activeDeadlineSeconds: 15 }), at),
      podEnd(testPod({ activeDeadlineSeconds: 15 }, { status: { startTime } }), at),
      podEnd(testPod({ activeDeadlineSeconds: 10 }, { status: { startTime } }), at),
    ],
    [
      { ends: false, deadlineIn: undefined },
      { ends: true, reason: 'Deleted', failure: undefined },
      { ends: true, reason: 'Finished', failure: undefined },
      { ends: true, reason: 'Evicted', failure: evicted },
      { ends: false, deadlineIn: undefined },
      { ends: false, deadlineIn: 5000 },
      {
        ends: true,
        reason: 'DeadlineExceeded',
        failure: {
          reason: 'DeadlineExceeded',
          message: 'Pod was active on the node longer than the specified deadline',
        },
      },
    ],
  );
});

test("the grace is the deletion's, else the probe's, else the pod's", () => {
  const container = testContainer('web', {
    livenessProbe: { terminationGracePeriodSeconds: 7 },
    startupProbe: {},
  });
  const pod = testPod({});
  const deleted = testPod({}, { metadata: { deletionGracePeriodSeconds: 1 } });
  assert.deepEqual(
    [
      graceSeconds(pod, container, 'PodEnds'),
      graceSeconds(pod, container, 'LivenessProbe'),
      graceSeconds(pod, container, 'StartupProbe'),
      graceSeconds(deleted, container, 'LivenessProbe'),
      graceSeconds(testPod({ terminationGracePeriodSeconds: undefined }), undefined, 'PodEnds'),
    ],
    [30, 7, 30, 1, 2],
  );
});

test('a hook takes from the grace, but never all of it', () => {
  assert.deepEqual(
    [graceLeft(30, 0.4), graceLeft(30, 1.5), graceLeft(30, 29.5), graceLeft(0, 0)],
    [30, 29, 2, 2],
  );
});
