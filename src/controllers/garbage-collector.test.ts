import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import { fixedView } from '../client/fixed-view.ts';
import type { ConfigMap } from '../kinds/generated/types.ts';
import { garbageCollector } from './garbage-collector.ts';
import { orphanedAtOnceMax } from './limits.ts';

describe('garbage collector', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await startTestWorld({ controllers: [garbageCollector] });
  });
  afterEach(() => world.close());

  const configMaps = () => world.client.of('ConfigMap');

  async function make(name: string, owners: ConfigMap[] = [], more: object = {}): Promise<ConfigMap> {
    const ownerReferences = owners.map((owner) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: owner.metadata.name ?? '',
      uid: owner.metadata.uid ?? '',
      ...more,
    }));
    return configMaps().create({ metadata: { namespace: 'default', name, ownerReferences } });
  }

  const names = async () =>
    (await configMaps().list({ namespace: 'default' })).items.map((item) => item.metadata.name);
  const drop = (name: string, propagationPolicy?: 'Background' | 'Foreground' | 'Orphan') =>
    configMaps().delete({ namespace: 'default', name }, { propagationPolicy });

  test('what has lost its owner goes, and what that owned', async () => {
    const top = await make('top');
    const middle = await make('middle', [top]);
    await make('bottom', [middle]);
    await make('bystander');
    await drop('top');
    await world.settle();
    assert.deepEqual(await names(), ['bystander']);
  });

  test('who has an owner left stays, and forgets the one that went', async () => {
    const [first, second] = [await make('first'), await make('second')];
    await make('shared', [first, second]);
    await drop('first');
    await world.settle();
    assert.deepEqual(await names(), ['second', 'shared']);
    const shared = await configMaps().get({ namespace: 'default', name: 'shared' });
    assert.deepEqual(
      shared.metadata.ownerReferences?.map((each) => each.name),
      ['second'],
    );
  });

  test('orphaned dependents stay and have no owner', async () => {
    const owner = await make('owner');
    await make('child', [owner]);
    await drop('owner', 'Orphan');
    await world.settle();
    assert.deepEqual(await names(), ['child']);
    const child = await configMaps().get({ namespace: 'default', name: 'child' });
    assert.equal(child.metadata.ownerReferences, undefined);
  });

  test('of very many dependents all are let go before the owner goes', async () => {
    const owner = await make('owner');
    const count = orphanedAtOnceMax + 1;
    for (let index = 0; index < count; index++) await make(`child-${index}`, [owner]);
    await drop('owner', 'Orphan');
    await world.settle();
    const { items } = await configMaps().list({ namespace: 'default' });
    assert.deepEqual(
      [items.length, items.filter(({ metadata }) => metadata.ownerReferences !== undefined).length],
      [count, 0],
    );
  });

  test('in the foreground the owner goes last', async () => {
    const owner = await make('owner');
    const blocking = { blockOwnerDeletion: true };
    const child = await make('child', [owner], blocking);
    await make('grandchild', [child], blocking);
    const gone: (string | undefined)[] = [];
    world.informers.of('ConfigMap').handle({ delete: (object) => gone.push(object.metadata.name) });
    await drop('owner', 'Foreground');
    await world.settle();
    assert.deepEqual(await names(), []);
    assert.deepEqual(gone, ['grandchild', 'child', 'owner']);
  });

  test('a dependent that holds on keeps its owner in the foreground, and lets it go when it goes', async () => {
    const owner = await make('owner');
    await make('child', [owner], { blockOwnerDeletion: true });
    const holding = { metadata: { finalizers: ['example.com/hold'] } };
    await configMaps().patch({ namespace: 'default', name: 'child' }, { type: 'merge', patch: holding });
    await drop('owner', 'Foreground');
    await world.settle();
    assert.deepEqual(await names(), ['child', 'owner']);
    const released = { metadata: { finalizers: null } };
    await configMaps().patch({ namespace: 'default', name: 'child' }, { type: 'merge', patch: released });
    await world.settle();
    assert.deepEqual(await names(), []);
  });

  test('owners that wait for each other in a circle all go', async () => {
    const blocking = { blockOwnerDeletion: true };
    const first = await make('first');
    const second = await make('second', [first], blocking);
    const third = await make('third', [second], blocking);
    const { name = '', uid = '' } = third.metadata;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid, ...blocking }];
    const at = { namespace: 'default', name: 'first' };
    await configMaps().patch(at, { type: 'merge', patch: { metadata: { ownerReferences } } });
    await world.settle();
    await drop('first', 'Foreground');
    await world.settle();
    assert.deepEqual(await names(), []);
  });

  test('what is let go at the last moment is not deleted', async () => {
    const owner = await make('owner');
    const child = await make('child', [owner]);
    // The owner goes, and the child is let go before its turn comes.
    await world.server.call('DELETE', '/api/v1/namespaces/default/configmaps/owner');
    await world.server.call('PATCH', '/api/v1/namespaces/default/configmaps/child', {
      body: { metadata: { ownerReferences: null } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    await world.settle();
    assert.deepEqual(await names(), ['child']);
    // As it was read, whatever has become of it since.
    const view = fixedView(garbageCollector, { now: 0, objects: [child] as never });
    const { resourceVersion, uid } = child.metadata;
    assert.deepEqual(
      [...garbageCollector.reconcile('ConfigMap default/child', view)].map((change) =>
        change.type === 'delete' ? change.options.preconditions : change.type,
      ),
      ['requireAbsent', { uid, resourceVersion }],
    );
  });

  test('another object of the same name is not the owner that was meant', async () => {
    const owner = await make('owner');
    await drop('owner');
    await world.settle();
    await make('owner');
    await make('late', [owner]);
    await world.settle();
    assert.deepEqual(await names(), ['owner']);
  });

  test('an owner of a kind that is not known is left alone', async () => {
    await configMaps().create({
      metadata: {
        namespace: 'default',
        name: 'kept',
        ownerReferences: [{ apiVersion: 'example.com/v1', kind: 'Thing', name: 'x', uid: 'y' }],
      },
    });
    await world.settle();
    assert.deepEqual(await names(), ['kept']);
  });

  test('an owner in a namespace across kinds and scopes', async () => {
    const node = await world.client.of('Node').create({ metadata: { name: 'n1' } });
    await world.client.of('Lease').create({
      metadata: {
        namespace: 'kube-node-lease',
        name: 'n1',
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: node.metadata.uid ?? '' }],
      },
      spec: { holderIdentity: 'n1' },
    });
    await world.client.of('Node').delete({ name: 'n1' });
    await world.settle();
    assert.deepEqual((await world.client.of('Lease').list({ namespace: 'kube-node-lease' })).items, []);
  });

  test('a settled world is quiet', async () => {
    const owner = await make('owner');
    await make('child', [owner]);
    await world.settle();
    const { revision } = await world.server.store.range({ from: 'x', limit: 0 });
    await world.advance(600_000);
    assert.equal((await world.server.store.range({ from: 'x', limit: 0 })).revision, revision);
  });
});
