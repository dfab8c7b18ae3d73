import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod, PodCondition } from '../kinds/generated/types.ts';
import { markDisrupted } from './disruption-target.ts';

const now = Date.UTC(2026, 0, 1);
const disruption = { reason: 'DeletionByTest', message: 'because' };
const pod = (phase: string, conditions: PodCondition[] = []): Pod => ({
  metadata: { namespace: 'default', name: 'web', uid: 'u', generation: 3 },
  status: { phase, conditions },
});
const condition = {
  type: 'DisruptionTarget',
  status: 'True',
  ...disruption,
  observedGeneration: 3,
  lastTransitionTime: '2026-01-01T00:00:00Z',
};
const statusOf = (...[of, options]: Parameters<typeof markDisrupted>) =>
  markDisrupted(of, options).map((change) => (change.type === 'patch' ? change.patch : change));
const written = (status: object) => [{ metadata: { uid: 'u' }, status }];

test('says why, and that the pod has failed when that is so', () => {
  assert.deepEqual(statusOf(pod('Running'), { disruption, now }), written({ conditions: [condition] }));
  assert.deepEqual(
    statusOf(pod('Running'), { disruption, phase: 'Failed', now }),
    written({ phase: 'Failed', conditions: [condition] }),
  );
  assert.deepEqual(
    statusOf(pod('Running'), { disruption: undefined, phase: 'Failed', now }),
    written({ phase: 'Failed' }),
  );
});

test('says nothing twice; another reason keeps the time', () => {
  const before = { ...condition, lastTransitionTime: '2025-01-01T00:00:00Z' };
  assert.deepEqual(statusOf(pod('Failed', [before]), { disruption, phase: 'Failed', now }), []);
  assert.deepEqual(
    statusOf(pod('Running', [{ ...before, reason: 'EvictionByEvictionAPI' }]), { disruption, now }),
    written({ conditions: [before] }),
  );
});
