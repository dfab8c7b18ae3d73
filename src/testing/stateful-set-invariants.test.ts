import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Deed, judge, neverViolated, object, ownedBy, pod } from './invariant-bench.ts';
import { statefulSetInvariants } from './stateful-set-invariants.ts';

const set = (spec: object) => object('db', { spec: { replicas: 2, ...spec } });
const podAt = (ordinal: number, name = `db-${ordinal}`, status: object = {}) =>
  pod(name, {
    metadata: { ...ownedBy('StatefulSet', 'db'), labels: { 'apps.kubernetes.io/pod-index': `${ordinal}` } },
    status,
  });
const unready = { conditions: [{ type: 'Ready', status: 'False' }] };

const wrongs: Record<string, Deed> = {
  'default/db-1 is made, default/db-0 has not been ready': async ({ put }) => {
    await put('apps/statefulsets', set({}));
    await put('core/pods', podAt(0, 'db-0', unready));
    await put('core/pods', podAt(1));
    await put('core/pods', podAt(0));
  },
  'default/db-2 is made, ordinals are 0 to 1': async ({ put, remove }) => {
    await put('apps/statefulsets', set({}));
    for (const ordinal of [0, 1, 2]) await put('core/pods', podAt(ordinal));
    await remove('core/pods', 'db-2');
  },
  'default/copy of default/db has the ordinal 1': async ({ put }) => {
    await put('apps/statefulsets', set({}));
    await put('core/pods', podAt(0));
    await put('core/pods', podAt(1, 'copy'));
  },
  'default/db-0 and default/copy of default/db share the ordinal 0': async ({ put, remove }) => {
    await put('apps/statefulsets', set({ replicas: 1 }));
    await put('core/pods', {
      ...podAt(0, 'copy'),
      metadata: { ...podAt(0, 'copy').metadata, ownerReferences: [] },
    });
    await put('core/pods', podAt(0, 'copy'));
    await put('core/pods', podAt(0));
    await remove('core/pods', 'copy');
  },
  'default/db has 1 pods at rest, not 2': async ({ put }) => {
    await put('apps/statefulsets', set({}));
    await put('core/pods', podAt(0));
  },
  'default/db has the ordinals 2 at rest, 2 is the end': async ({ put }) => {
    await put('apps/statefulsets', set({ replicas: 3 }));
    for (const ordinal of [0, 1, 2]) await put('core/pods', podAt(ordinal));
    await put('apps/statefulsets', set({}));
  },
};

const rights: Record<string, Deed> = {
  'ordinals from another start, all at once': async ({ put }) => {
    await put('apps/statefulsets', set({ podManagementPolicy: 'Parallel', ordinals: { start: 5 } }));
    for (const ordinal of [6, 5]) await put('core/pods', podAt(ordinal));
  },
  'a pod that is not ready holds up those after it': async ({ put }) => {
    await put('apps/statefulsets', set({}));
    await put('core/pods', podAt(0, 'db-0', unready));
  },
};

describe('invariants of StatefulSets', () => {
  for (const [said, deed] of Object.entries(wrongs))
    test(`violated: ${said}`, async () =>
      assert.deepEqual(
        (await judge(statefulSetInvariants, deed)).map((text) => text.slice(text.indexOf(': ') + 2)),
        [said],
      ));

  for (const [name, deed] of Object.entries(rights))
    test(`holds: ${name}`, async () => assert.deepEqual(await judge(statefulSetInvariants, deed), []));

  test('each of them can be violated', async () =>
    assert.deepEqual(await neverViolated(statefulSetInvariants, Object.values(wrongs)), []));
});
