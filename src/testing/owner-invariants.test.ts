import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, type Deed, judge, neverViolated, object, ownedBy, pod } from './invariant-bench.ts';
import { ownerInvariants } from './owner-invariants.ts';

const owner = (name: string) => ownedBy('ReplicaSet', name);

const wrongs: Record<string, Deed> = {
  'default/a has two controllers': async ({ put }) => {
    await put('apps/replicasets', object('one'));
    const ownerReferences = ['one', 'two'].flatMap((name) => owner(name).ownerReferences);
    await put('core/pods', pod('a', { metadata: { ownerReferences } }));
  },
  'default/a was taken by two from one': async ({ put }) => {
    for (const name of ['one', 'two']) await put('apps/replicasets', object(name));
    for (const name of ['one', 'two']) await put('core/pods', pod('a', { metadata: owner(name) }));
  },
  'default/a is still there, its ReplicaSet one is gone': async ({ put, remove }) => {
    await put('apps/replicasets', object('one'));
    await put('core/pods', pod('a', { metadata: owner('one') }));
    await remove('apps/replicasets', 'one');
  },
  'default/a is still there, held by example.com/hold': ({ put }) =>
    put('core/pods', pod('a', { metadata: { deletionTimestamp: at(0), finalizers: ['example.com/hold'] } })),
};

const rights: Record<string, Deed> = {
  'a pod that was set free and taken by another': async ({ put }) => {
    for (const name of ['one', 'two']) await put('apps/replicasets', object(name));
    await put('core/pods', pod('a', { metadata: owner('one') }));
    await put('core/pods', pod('a'));
    await put('core/pods', pod('a', { metadata: owner('two') }));
  },
};

describe('invariants of ownership', () => {
  for (const [said, deed] of Object.entries(wrongs))
    test(`violated: ${said}`, async () =>
      assert.deepEqual(
        (await judge(ownerInvariants, deed)).map((text) => text.slice(text.indexOf(': ') + 2)),
        [said],
      ));

  for (const [name, deed] of Object.entries(rights))
    test(`holds: ${name}`, async () => assert.deepEqual(await judge(ownerInvariants, deed), []));

  test('each of them can be violated', async () =>
    assert.deepEqual(await neverViolated(ownerInvariants, Object.values(wrongs)), []));
});
