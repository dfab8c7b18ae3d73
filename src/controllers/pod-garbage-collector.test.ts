import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import type { Pod } from '../kinds/generated/types.ts';
import { podGarbageCollector } from './pod-garbage-collector.ts';

describe('pod garbage collector', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await startTestWorld({ controllers: [podGarbageCollector({ endedPodsMax: 2 })] });
    await world.client.of('Node').create({ metadata: { name: 'n1' } });
  });
  afterEach(() => world.close());

  const held = { finalizers: ['example.com/held'] };
  const run = async (name: string, { nodeName = 'n1', metadata = {} } = {}) => {
    const spec = { ...(nodeName === '' ? {} : { nodeName }), containers: [{ name: 'c', image: 'x' }] };
    await world.client.of('Pod').create({ metadata: { namespace: 'default', name, ...metadata }, spec });
    await world.settle();
  };
  const setStatus = async (name: string, status: object) => {
    const options = { type: 'merge' as const, patch: { status }, subresource: 'status' };
    await world.client.of('Pod').patch({ namespace: 'default', name }, options);
    await world.settle();
  };
  const deleteOf = async (kind: 'Pod' | 'Node', name: string) => {
    const namespace = kind === 'Pod' ? 'default' : undefined;
    await world.client.of(kind).delete({ namespace, name });
    await world.settle();
  };
  const names = async () =>
    (await world.client.of('Pod').list({ namespace: 'default' })).items.map(({ metadata }) => metadata.name);
  const get = (name: string): Promise<Pod> => world.client.of('Pod').get({ namespace: 'default', name });
  const conditions = ({ status }: Pod) =>
    (status?.conditions ?? []).map(({ type, status: is, reason, message }) =>
      [type, is, reason, message].join(),
    );

  test('pods of a node that is gone are deleted after 40 s', async () => {
    await run('web');
    await run('held', { metadata: held });
    await deleteOf('Node', 'n1');
    await world.advance(39_000);
    assert.deepEqual(await names(), ['held', 'web']);
    await world.advance(1_000);
    assert.deepEqual(await names(), ['held']);
    const pod = await get('held');
    assert.deepEqual(
      [pod.status?.phase, pod.metadata.deletionGracePeriodSeconds, conditions(pod)],
      ['Failed', 0, ['DisruptionTarget,True,DeletionByPodGC,PodGC: node no longer exists']],
    );
    await world.advance(60_000);
    assert.equal((await get('held')).metadata.resourceVersion, pod.metadata.resourceVersion);
  });

  test('a node that comes back in time keeps its pods, and has as much time again', async () => {
    await run('web');
    await deleteOf('Node', 'n1');
    await world.advance(30_000);
    await world.client.of('Node').create({ metadata: { name: 'n1' } });
    await world.advance(60_000);
    assert.deepEqual(await names(), ['web']);
    await deleteOf('Node', 'n1');
    await world.advance(30_000);
    assert.deepEqual(await names(), ['web']);
    await world.advance(10_000);
    assert.deepEqual(await names(), []);
  });

  test('a pod that is bound to a node that never was', async () => {
    await run('lost', { nodeName: 'nowhere' });
    await world.advance(40_000);
    assert.deepEqual(await names(), []);
  });

  test('a pod that has ended keeps its phase', async () => {
    await run('done', { metadata: held });
    await setStatus('done', { phase: 'Succeeded' });
    await deleteOf('Node', 'n1');
    await world.advance(40_000);
    const { status, metadata } = await get('done');
    assert.deepEqual([status?.phase, metadata.deletionGracePeriodSeconds], ['Succeeded', 0]);
  });

  test('a pod that was deleted before it had a node has failed', async () => {
    await run('unbound', { nodeName: '', metadata: held });
    await deleteOf('Pod', 'unbound');
    const { status, metadata } = await get('unbound');
    assert.deepEqual([status?.phase, metadata.deletionGracePeriodSeconds], ['Failed', 0]);
  });

  test('terminating pods of a node that is out of service go without their grace', async () => {
    await run('web');
    await run('stays');
    await deleteOf('Pod', 'web');
    await world.advance(60_000);
    assert.deepEqual(await names(), ['stays', 'web']);
    const outOfService = {
      key: 'node.kubernetes.io/out-of-service',
      value: 'nodeshutdown',
      effect: 'NoExecute',
    };
    const spec = { taints: [outOfService] };
    await world.client.of('Node').patch({ name: 'n1' }, { type: 'merge', patch: { spec } });
    await world.settle();
    assert.deepEqual(await names(), ['stays']);
    await deleteOf('Pod', 'stays');
    assert.deepEqual(await names(), []);
  });

  test('a node that is ready is in service, whatever its taints say', async () => {
    await world.client.of('Node').patch(
      { name: 'n1' },
      {
        type: 'merge',
        patch: { status: { conditions: [{ type: 'Ready', status: 'True' }] } },
        subresource: 'status',
      },
    );
    const spec = { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] };
    await world.client.of('Node').patch({ name: 'n1' }, { type: 'merge', patch: { spec } });
    await run('web');
    await deleteOf('Pod', 'web');
    assert.deepEqual(await names(), ['web']);
  });

  test('ended pods beyond the limit: evicted ones first, then the oldest', async () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      await run(name);
      await world.advance(1_000);
    }
    await setStatus('a', { phase: 'Succeeded' });
    await setStatus('b', { phase: 'Failed' });
    await setStatus('c', { phase: 'Failed', reason: 'Evicted' });
    await world.advance(20_000);
    assert.deepEqual(await names(), ['a', 'b', 'd']);
    await setStatus('d', { phase: 'Succeeded' });
    await world.advance(20_000);
    assert.deepEqual(await names(), ['b', 'd']);
  });
});
