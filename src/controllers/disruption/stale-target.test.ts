import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requeueAfter, updateStatus } from '../../client/change.ts';
import type { Pod, PodCondition } from '../../kinds/generated/types.ts';
import { planStaleTarget } from './stale-target.ts';

const now = Date.UTC(2026, 0, 1, 0, 2);
const target: PodCondition = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'EvictionByEvictionAPI',
  message: 'm',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};
const podOf = (condition: PodCondition, more: Partial<Pod> = {}): Pod => ({
  metadata: { namespace: 'default', name: 'a' },
  ...more,
  status: { conditions: [{ type: 'Ready', status: 'True' }, condition], ...more.status },
});

test('after two minutes it is taken back, and the other conditions stay', () => {
  const pod = podOf(target);
  assert.deepEqual(planStaleTarget(pod, now - 1000), [requeueAfter(1000)]);
  const conditions = [
    { type: 'Ready', status: 'True' },
    { type: 'DisruptionTarget', status: 'False', lastTransitionTime: '2026-01-01T00:02:00Z' },
  ];
  assert.deepEqual(planStaleTarget(pod, now), [updateStatus('Pod', { ...pod, status: { conditions } })]);
});

test('not of a pod that goes, has ended, or whose kubelet says so', () => {
  const going = { metadata: { name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' } };
  for (const pod of [
    podOf(target, going),
    podOf(target, { status: { phase: 'Failed' } }),
    podOf({ ...target, reason: 'TerminationByKubelet' }),
    podOf({ ...target, status: 'False' }),
  ])
    assert.deepEqual(planStaleTarget(pod, now), []);
});
