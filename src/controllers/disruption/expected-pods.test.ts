import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixedView } from '../../client/fixed-view.ts';
import type { Pod, PodDisruptionBudget } from '../../kinds/generated/types.ts';
import { disruption } from '../disruption.ts';
import { expectedPods } from './expected-pods.ts';

const at = { namespace: 'default' };
const owned = (kind: string, name: string): Pod => ({
  metadata: {
    ...at,
    name: `${name}-pod`,
    ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: name, controller: true }],
  },
});
const budgetOf = (spec: PodDisruptionBudget['spec']): PodDisruptionBudget => ({
  metadata: { ...at, name: 'b' },
  spec,
});

test('each controller counts once, a Deployment for all of its replica sets', () => {
  const above = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'web', controller: true }];
  const set = (name: string, replicas: number, ownerReferences?: typeof above) => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { ...at, name, uid: name, ...(ownerReferences === undefined ? {} : { ownerReferences }) },
    spec: { replicas },
  });
  const view = fixedView(disruption, {
    now: 0,
    objects: [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { ...at, name: 'web', uid: 'web' },
        spec: { replicas: 4 },
      },
      set('web-1', 3, above),
      set('web-2', 2, above),
      set('alone', 5),
      {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata: { ...at, name: 'db', uid: 'db' },
        spec: { replicas: 2 },
      },
    ] as never,
  });
  const pods = [
    ...['web-1', 'web-2', 'alone', 'alone'].map((name) => owned('ReplicaSet', name)),
    owned('StatefulSet', 'db'),
    { metadata: { ...at, name: 'nobodys' } },
  ];
  const expect = (spec: PodDisruptionBudget['spec']) => expectedPods(budgetOf(spec), pods, view);
  assert.deepEqual(expect({ maxUnavailable: '30%' }), { expected: 11, desired: 7, hasUnmanaged: true });
  assert.deepEqual(expect({ minAvailable: '30%' }), { expected: 11, desired: 4, hasUnmanaged: true });
  assert.deepEqual(expect({ minAvailable: 3 }), { expected: 6, desired: 3, hasUnmanaged: false });
  assert.deepEqual(expect({}), { expected: 0, desired: 0, hasUnmanaged: false });
  assert.deepEqual(expectedPods(budgetOf({ maxUnavailable: 1 }), [owned('ReplicaSet', 'gone')], view), {
    failure: 'found no controllers for pod "gone-pod"',
  });
});
