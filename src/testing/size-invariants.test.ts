import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, type Deed, judge, neverViolated, object, ownedBy, pod } from './invariant-bench.ts';
import { sizeInvariants } from './size-invariants.ts';

const deployment = (replicas: number, strategy: object = {}) =>
  object('web', { spec: { replicas, ...strategy } });
const surge = (maxSurge: number) => ({ strategy: { rollingUpdate: { maxSurge } } });
const set = (name: string, replicas: number) =>
  object(name, { spec: { replicas } }, ownedBy('Deployment', 'web'));
const podOf = (owner: string, name: string, more: Parameters<typeof pod>[1] = {}) =>
  pod(name, { ...more, metadata: { ...ownedBy('ReplicaSet', owner), ...more.metadata } });

const wrongs: Record<string, Deed> = {
  'default/web has 4 active pods, allowed are 3': async ({ put, remove }) => {
    await put('apps/deployments', deployment(2, surge(1)));
    await put('apps/replicasets', set('old', 2));
    for (const name of ['a', 'b']) await put('core/pods', podOf('old', name));
    await put('apps/replicasets', set('old', 1));
    await put('apps/replicasets', set('new', 2));
    for (const name of ['c', 'd']) await put('core/pods', podOf('new', name));
    // In peace all is well.
    await remove('core/pods', 'a');
  },
  'the sets of default/web ask for 4 pods, allowed are 3': async ({ put, remove }) => {
    await put('apps/deployments', deployment(2, surge(1)));
    await put('apps/replicasets', set('old', 2));
    await put('apps/replicasets', set('new', 1));
    await put('apps/replicasets', set('new', 2));
    for (const name of ['old', 'new']) await remove('apps/replicasets', name);
  },
  'default/set has 2 active pods, wanted are 1': async ({ put, remove }) => {
    await put('apps/replicasets', object('set', { spec: { replicas: 1 } }));
    for (const name of ['a', 'b']) await put('core/pods', podOf('set', name));
    await remove('core/pods', 'a');
  },
  'default/set has 1 active pods at rest, wanted are 2': async ({ put }) => {
    await put('apps/replicasets', object('set', { spec: { replicas: 2 } }));
    await put('core/pods', podOf('set', 'a'));
  },
};

const rights: Record<string, Deed> = {
  'a surge in percent is rounded up, terminating and ended pods are apart': async ({ put, remove }) => {
    await put('apps/deployments', deployment(2));
    await put('apps/replicasets', set('one', 2));
    await put('core/pods', podOf('one', 'ended', { status: { phase: 'Failed' } }));
    await put('core/pods', podOf('one', 'stopping', { metadata: { deletionTimestamp: at(5000) } }));
    await put('apps/replicasets', set('two', 1));
    for (const name of ['a', 'b']) await put('core/pods', podOf('one', name));
    await put('core/pods', podOf('two', 'c'));
    await put('apps/replicasets', set('two', 0));
    await remove('core/pods', 'c');
  },
  'a set of the size that was asked for before': async ({ put, remove }) => {
    await put('apps/deployments', deployment(2, { strategy: { type: 'Recreate' } }));
    await put('apps/deployments', deployment(1, { strategy: { type: 'Recreate' } }));
    await put('apps/replicasets', set('one', 2));
    await remove('apps/replicasets', 'one');
  },
  "a pod that was adopted is nobody's doing": async ({ put, remove }) => {
    await put('apps/replicasets', object('set', { spec: { replicas: 1 } }));
    await put('core/pods', pod('a'));
    await put('core/pods', podOf('set', 'a'));
    await put('core/pods', podOf('set', 'b'));
    await remove('core/pods', 'a');
  },
};

describe('invariants of sizes', () => {
  for (const [said, deed] of Object.entries(wrongs))
    test(`violated: ${said}`, async () =>
      assert.deepEqual(
        (await judge(sizeInvariants, deed)).map((text) => text.slice(text.indexOf(': ') + 2)),
        [said],
      ));

  for (const [name, deed] of Object.entries(rights))
    test(`holds: ${name}`, async () => assert.deepEqual(await judge(sizeInvariants, deed), []));

  test('each of them can be violated', async () =>
    assert.deepEqual(await neverViolated(sizeInvariants, Object.values(wrongs)), []));
});
