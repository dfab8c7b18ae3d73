import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DaemonSet } from '../../kinds/generated/types.ts';
import { FailedPods } from './failed-pods.ts';

const set = (observedGeneration = 1): DaemonSet => ({
  metadata: { uid: 'set' },
  status: {
    currentNumberScheduled: 0,
    desiredNumberScheduled: 0,
    numberMisscheduled: 0,
    numberReady: 0,
    observedGeneration,
  },
});

test('waits double up to 15 minutes, and are forgotten after half an hour', () => {
  const failed = new FailedPods();
  let count = 0;
  let now = 0;
  /** Seconds that the next pod waits when it fails at once. */
  const next = () => {
    const pod = { metadata: { uid: `pod-${count++}` } };
    const wait = failed.waitFor(set(), pod, { nodeName: 'n1', now });
    now += wait;
    assert.equal(failed.waitFor(set(), pod, { nodeName: 'n1', now }), 0);
    return wait / 1000;
  };
  assert.deepEqual(Array.from({ length: 13 }, next), [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
  now += 1_800_001;
  assert.deepEqual([next(), next()], [0, 1]);
});

test('asked again for the pod that it let go, it says the same', () => {
  const failed = new FailedPods();
  const ask = (uid: string, now: number, generation = 1, nodeName = 'n1') =>
    failed.waitFor(set(generation), { metadata: { uid } }, { nodeName, now });
  assert.deepEqual([ask('a', 0), ask('a', 1), ask('b', 1), ask('b', 400)], [0, 0, 999, 600]);
  assert.deepEqual([ask('c', 1, 2), ask('d', 1, 1, 'n2')], [0, 0]);
});
