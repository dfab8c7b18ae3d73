import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import { claimProtection, volumeProtection } from './storage-protection.ts';

describe('storage in use', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await startTestWorld({ controllers: [claimProtection, volumeProtection] });
  });
  afterEach(() => world.close());

  const at = (name: string) => ({ namespace: 'default', name });
  const claims = async () =>
    (await world.client.of('PersistentVolumeClaim').list({ namespace: 'default' })).items.map(
      (each) => each.metadata.name,
    );

  async function makeClaim(): Promise<void> {
    await world.client.of('PersistentVolumeClaim').create({
      metadata: at('data'),
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
  }

  async function makePod(nodeName?: string): Promise<void> {
    const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }];
    await world.client.of('Pod').create({
      metadata: at('user'),
      spec: { ...(nodeName ? { nodeName } : {}), volumes, containers: [{ name: 'c', image: 'x' }] },
    });
  }

  const deleteClaim = async () => {
    await world.client.of('PersistentVolumeClaim').delete(at('data'));
    await world.settle();
  };

  test('a claim that nobody uses goes at once', async () => {
    await makeClaim();
    await deleteClaim();
    assert.deepEqual(await claims(), []);
  });

  test('a claim waits for the pod that uses it', async () => {
    await makeClaim();
    await makePod('n1');
    await deleteClaim();
    assert.deepEqual(await claims(), ['data']);
    await world.client.of('Pod').delete(at('user'), { gracePeriodSeconds: 0 });
    await world.settle();
    assert.deepEqual(await claims(), []);
  });

  test('a pod that has ended uses nothing', async () => {
    await makeClaim();
    await makePod('n1');
    await deleteClaim();
    const patch = { status: { phase: 'Succeeded' } };
    await world.client.of('Pod').patch(at('user'), { type: 'merge', patch, subresource: 'status' });
    await world.settle();
    assert.deepEqual(await claims(), []);
  });

  test('a pod on no node uses nothing yet', async () => {
    await makeClaim();
    await makePod();
    await deleteClaim();
    assert.deepEqual(await claims(), []);
  });

  test('a volume waits while it is bound', async () => {
    const volumes = world.client.of('PersistentVolume');
    await volumes.create({
      metadata: { name: 'disk' },
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/tmp/x' } },
    });
    const phase = (value: string) =>
      volumes.patch(
        { name: 'disk' },
        { type: 'merge', patch: { status: { phase: value } }, subresource: 'status' },
      );
    await phase('Bound');
    await volumes.delete({ name: 'disk' });
    await world.settle();
    assert.equal((await volumes.list()).items.length, 1);
    await phase('Released');
    await world.settle();
    assert.equal((await volumes.list()).items.length, 0);
  });
});
