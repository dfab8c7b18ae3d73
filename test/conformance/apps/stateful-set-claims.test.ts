/** Claims of StatefulSets. Source of the cases: test/e2e/apps/statefulset.go of kubernetes/kubernetes. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type AppsWorld, isRunning, labels, startApps, template } from './world.ts';

describe('claims', () => {
  const volumeClaimTemplates = [
    {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
  ];
  /** Volumes enough that pods are not kept waiting. */
  async function withVolumes(t: TestContext, policy: object): Promise<AppsWorld> {
    const world = await startApps(t);
    for (const index of [0, 1, 2, 3])
      await world.simulation.client.of('PersistentVolume').create({
        metadata: { name: `pv-${index}` },
        spec: {
          capacity: { storage: '1Gi' },
          accessModes: ['ReadWriteOnce'],
          hostPath: { path: `/srv/${index}` },
        },
      });
    await world.create('StatefulSet', {
      metadata: { name: 'web' },
      spec: {
        replicas: 3,
        serviceName: 'web',
        selector: { matchLabels: labels },
        template: template(),
        volumeClaimTemplates,
        persistentVolumeClaimRetentionPolicy: policy,
      },
    });
    await world.seconds(10);
    return world;
  }
  const owned = async (world: AppsWorld) =>
    (await world.list('PersistentVolumeClaim')).map(
      ({ metadata }) => `${metadata.name}: ${metadata.ownerReferences?.map(({ kind }) => kind).join() ?? ''}`,
    );

  test('go with the set, when that is asked for', async (t) => {
    const world = await withVolumes(t, { whenDeleted: 'Delete' });
    assert.deepEqual(await owned(world), [
      'data-web-0: StatefulSet',
      'data-web-1: StatefulSet',
      'data-web-2: StatefulSet',
    ]);
    await world.patch('StatefulSet', 'web', { spec: { replicas: 2 } });
    await world.seconds(10);
    assert.equal((await world.list('PersistentVolumeClaim')).length, 3);
    await world.delete('StatefulSet', 'web');
    await world.seconds(50);
    assert.deepEqual(await owned(world), []);
  });

  test('go with the pods that are scaled away, and come anew', async (t) => {
    const world = await withVolumes(t, { whenScaled: 'Delete' });
    await world.patch('StatefulSet', 'web', { spec: { replicas: 1 } });
    await world.seconds(15);
    assert.deepEqual(await owned(world), ['data-web-0: ']);
    await world.patch('StatefulSet', 'web', { spec: { replicas: 2 } });
    await world.seconds(10);
    assert.deepEqual(await owned(world), ['data-web-0: ', 'data-web-1: ']);
    assert.deepEqual(
      (await world.list('Pod')).filter(isRunning).map(({ metadata }) => metadata.name),
      ['web-0', 'web-1'],
    );
  });

  test('come anew for a pod that waits without one', async (t) => {
    const world = await withVolumes(t, {});
    for (const name of world.simulation.nodes.names)
      await world.simulation.client
        .of('Node')
        .patch({ name }, { type: 'merge', patch: { spec: { unschedulable: true } } });
    const before = await world.get('PersistentVolumeClaim', 'data-web-0');
    await world.delete('PersistentVolumeClaim', 'data-web-0');
    await world.delete('Pod', 'web-0', 0);
    await world.seconds(10);
    const after = await world.get('PersistentVolumeClaim', 'data-web-0');
    assert.deepEqual(
      [after.metadata.uid === before.metadata.uid, after.metadata.deletionTimestamp],
      [false, undefined],
    );
    assert.equal((await world.get('Pod', 'web-0')).status?.phase, 'Pending');
  });

  test('follow a policy that changes', async (t) => {
    const world = await withVolumes(t, {});
    assert.deepEqual(await owned(world), ['data-web-0: ', 'data-web-1: ', 'data-web-2: ']);
    const policy = { whenDeleted: 'Delete', whenScaled: 'Delete' };
    await world.patch('StatefulSet', 'web', { spec: { persistentVolumeClaimRetentionPolicy: policy } });
    await world.seconds(3);
    assert.deepEqual(await owned(world), [
      'data-web-0: StatefulSet',
      'data-web-1: StatefulSet',
      'data-web-2: StatefulSet',
    ]);
    await world.patch('StatefulSet', 'web', {
      spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' } },
    });
    await world.seconds(3);
    assert.deepEqual(await owned(world), ['data-web-0: ', 'data-web-1: ', 'data-web-2: ']);
  });
});
