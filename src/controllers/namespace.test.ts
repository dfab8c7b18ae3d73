import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import { fixedView } from '../client/fixed-view.ts';
import type { Pod } from '../kinds/generated/types.ts';
import { StatusError } from '../kinds/status.ts';
import { namespace } from './namespace.ts';

const start = () => startTestWorld({ controllers: [namespace] });

const pod = (name: string, fields: Partial<Pod['metadata']> = {}): Pod => ({
  metadata: { namespace: 'team', name, ...fields },
  spec: { nodeName: 'node-1', containers: [{ name: 'web', image: 'nginx' }] },
});

const conditionsOf = async (world: TestWorld) =>
  ((await world.client.of('Namespace').get({ name: 'team' })).status?.conditions ?? []).map(
    ({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`,
  );

const isThere = async (world: TestWorld): Promise<boolean> =>
  (await world.client.of('Namespace').list()).items.some(({ metadata }) => metadata.name === 'team');

const fine = {
  discovery:
    'NamespaceDeletionDiscoveryFailure=False ResourcesDiscovered: All resources successfully discovered',
  parsing:
    'NamespaceDeletionGroupVersionParsingFailure=False ParsedGroupVersions: All legacy kube types successfully parsed',
  deletion:
    'NamespaceDeletionContentFailure=False ContentDeleted: All content successfully deleted, may be waiting on finalization',
  remaining: 'NamespaceContentRemaining=False ContentRemoved: All content successfully removed',
  finalizers:
    'NamespaceFinalizersRemaining=False ContentHasNoFinalizers: All content-preserving finalizers finished',
};

describe('the namespace controller', () => {
  test('an empty namespace goes at once', async () => {
    const world = await start();
    const { client } = world;
    await client.of('Namespace').create({ metadata: { name: 'team' } });
    await world.settle();
    await client.of('Namespace').delete({ name: 'team' });
    await world.settle();
    assert.equal(await isThere(world), false);
    await world.close();
  });

  test('all content of every kind goes, and nothing beside it', async () => {
    const world = await start();
    const { client } = world;
    for (const name of ['team', 'other']) {
      await client.of('Namespace').create({ metadata: { name } });
      const metadata = { namespace: name, name: 'one' };
      await client.of('ConfigMap').create({ metadata });
      await client.of('Secret').create({ metadata });
      await client.of('Service').create({ metadata, spec: { ports: [{ port: 80 }] } });
      await client.of('Lease').create({ metadata });
      for (let copy = 0; copy < 60; copy++)
        await client.of('ServiceAccount').create({ metadata: { namespace: name, name: `copy-${copy}` } });
    }
    await client.of('Namespace').delete({ name: 'team' });
    await world.settle();
    assert.equal(await isThere(world), false);
    assert.equal((await client.of('ServiceAccount').list()).items.length, 60);
    assert.deepEqual(
      (await client.of('ConfigMap').list()).items.map(({ metadata }) => metadata.namespace),
      ['other'],
    );
    await world.close();
  });

  test('pods go first: the rest waits until their nodes are done with them', async () => {
    const world = await start();
    const { client } = world;
    await client.of('Namespace').create({ metadata: { name: 'team' } });
    await client.of('Pod').create(pod('a'));
    await client.of('Pod').create(pod('b'));
    await client.of('ConfigMap').create({ metadata: { namespace: 'team', name: 'settings' } });
    await client.of('Namespace').delete({ name: 'team' });
    await world.advance(20_000);
    assert.deepEqual(await conditionsOf(world), [
      fine.discovery,
      fine.parsing,
      fine.deletion,
      'NamespaceContentRemaining=True SomeResourcesRemain: Some resources are remaining: pods. has 2 resource instances',
      fine.finalizers,
    ]);
    const map = await client.of('ConfigMap').get({ namespace: 'team', name: 'settings' });
    assert.equal(map.metadata.deletionTimestamp, undefined);
    // A node says so by deleting with no grace.
    for (const name of ['a', 'b'])
      await client.of('Pod').delete({ namespace: 'team', name }, { gracePeriodSeconds: 0 });
    await world.settle();
    assert.equal(await isThere(world), false);
    await world.close();
  });

  test('finalizers hold it, and the conditions say whose', async () => {
    const world = await start();
    const { client } = world;
    const at = { namespace: 'team', name: 'held' };
    await client.of('Namespace').create({ metadata: { name: 'team' } });
    await client
      .of('ConfigMap')
      .create({ metadata: { ...at, finalizers: ['example.com/a', 'example.com/b'] } });
    await client.of('Secret').create({ metadata: { ...at, finalizers: ['example.com/a'] } });
    await client.of('Namespace').delete({ name: 'team' });
    await world.settle();
    assert.deepEqual(await conditionsOf(world), [
      fine.discovery,
      fine.parsing,
      fine.deletion,
      'NamespaceContentRemaining=True SomeResourcesRemain: Some resources are remaining: configmaps. has 1 resource instances, secrets. has 1 resource instances',
      'NamespaceFinalizersRemaining=True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/a in 2 resource instances, example.com/b in 1 resource instances',
    ]);
    const revision = world.server.server.backend.cache.revision;
    await world.advance(300_000);
    assert.equal(world.server.server.backend.cache.revision, revision, 'it waits without writing');
    for (const kind of ['ConfigMap', 'Secret'] as const)
      await client.of(kind).patch(at, { type: 'merge', patch: { metadata: { finalizers: null } } });
    await world.settle();
    assert.equal(await isThere(world), false);
    await world.close();
  });

  test('a finalizer of somebody else keeps the namespace, empty, with conditions that say that all went well', async () => {
    const world = await start();
    const { client } = world;
    await client.of('Namespace').create({ metadata: { name: 'team', finalizers: ['example.com/audit'] } });
    await client.of('Namespace').delete({ name: 'team' });
    await world.settle();
    assert.deepEqual(await conditionsOf(world), Object.values(fine));
    assert.deepEqual((await client.of('Namespace').get({ name: 'team' })).spec, {});
    await client
      .of('Namespace')
      .patch({ name: 'team' }, { type: 'merge', patch: { metadata: { finalizers: null } } });
    await world.settle();
    assert.equal(await isThere(world), false);
    await world.close();
  });

  test('a refused deletion is told, before it is tried again', () => {
    const dying = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'team', uid: 'u', resourceVersion: '7', deletionTimestamp: '2026-01-01T00:00:00Z' },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Terminating' },
    };
    const failure = new StatusError(403, 'Forbidden', 'pods is forbidden: because');
    const view = fixedView(namespace, { objects: [dying], failure });
    const [first] = namespace.reconcile('team', view);
    assert.equal(first?.type, 'update');
    const { status } = (first as unknown as { object: { status: { conditions: object[] } } }).object;
    assert.deepEqual(status.conditions[2], {
      lastTransitionTime: '2026-01-01T00:00:00Z',
      type: 'NamespaceDeletionContentFailure',
      status: 'True',
      reason: 'ContentDeletionFailed',
      message: 'Failed to delete all resource types, 1 remaining: pods is forbidden: because',
    });
  });
});
