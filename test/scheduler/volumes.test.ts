/** Claims that wait for their first consumer: scheduler and binder together. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { claimBinder, volumeBinder } from '../../src/controllers/persistent-volume-binder.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { startScheduler } from '../../src/scheduler/scheduler.ts';
import { makeNode, makePod } from '../../src/scheduler/test-kit.ts';
import { startTestWorld } from '../client/world.ts';

async function start(t: TestContext, provisioner = 'kubernetes.io/no-provisioner') {
  const world = await startTestWorld({ controllers: [claimBinder, volumeBinder] });
  const stopping = new AbortController();
  t.after(async () => {
    stopping.abort();
    await world.close();
  });
  const { client, informers, recorder, clock } = world;
  const { signal } = stopping;
  const scheduler = startScheduler({
    ...{ client, informers, recorder, clock, signal },
    random: seededRandom(7),
    log: silentLogger,
  });
  await client.of('StorageClass').create({
    metadata: { name: 'local' },
    provisioner,
    volumeBindingMode: 'WaitForFirstConsumer',
  });
  for (const name of ['a', 'b', 'c']) {
    await client.of('Node').create(makeNode(name));
    await client.of('Node').patch({ name }, { type: 'merge', patch: { spec: { taints: null } } });
  }
  const addVolume = (name: string, node: string) =>
    client.of('PersistentVolume').create({
      metadata: { name },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'local',
        local: { path: `/srv/${name}` },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
            ],
          },
        },
      },
    });
  const addClaim = (name: string) =>
    client.of('PersistentVolumeClaim').create({
      metadata: { namespace: 'default', name },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        storageClassName: 'local',
      },
    });
  const addPod = async (name: string, claims: readonly string[]) => {
    const volumes = claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } }));
    const pod = makePod(name, { volumes });
    await client.of('Pod').create({ ...pod, metadata: { namespace: 'default', name } });
  };
  const at = (name: string) => ({ namespace: 'default', name });
  const nodeOf = async (name: string) => (await client.of('Pod').get(at(name))).spec?.nodeName;
  const volumeOf = async (name: string) =>
    (await client.of('PersistentVolumeClaim').get(at(name))).spec?.volumeName;
  const messageOf = async (name: string) => {
    const { status } = await client.of('Pod').get(at(name));
    return status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message;
  };
  return { ...world, scheduler, addVolume, addClaim, addPod, nodeOf, volumeOf, messageOf };
}

test('a pod goes where its claims find volumes, and both are bound', async (t) => {
  const { settle, advance, addVolume, addClaim, addPod, nodeOf, volumeOf } = await start(t);
  await addVolume('on-a', 'a');
  await addVolume('on-b', 'b');
  await addVolume('also-on-b', 'b');
  for (const name of ['data', 'log']) await addClaim(name);
  await settle();
  await addPod('db', ['data', 'log']);
  await advance(1000);
  assert.equal(await nodeOf('db'), 'b');
  assert.deepEqual([await volumeOf('data'), await volumeOf('log')], ['also-on-b', 'on-b']);
});

test('two pods of one moment get a volume each; a third waits for one, and gets it', async (t) => {
  const { settle, advance, addVolume, addClaim, addPod, nodeOf, volumeOf, messageOf } = await start(t);
  await addVolume('one', 'a');
  await addVolume('two', 'a');
  for (const name of ['x', 'y', 'z']) await addClaim(name);
  await settle();
  for (const name of ['x', 'y']) await addPod(name, [name]);
  await advance(60_000);
  assert.deepEqual([await nodeOf('x'), await nodeOf('y')], ['a', 'a']);
  assert.deepEqual([await volumeOf('x'), await volumeOf('y')].sort(), ['one', 'two']);
  await addPod('z', ['z']);
  await advance(1000);
  assert.match(
    (await messageOf('z')) ?? '',
    /^0\/3 nodes are available: 3 node\(s\) didn't find available persistent volumes to bind\./,
  );
  await addVolume('three', 'c');
  await advance(60_000);
  assert.deepEqual([await nodeOf('z'), await volumeOf('z')], ['c', 'three']);
});

test('where volumes are made on demand, the claim says for which node', async (t) => {
  const { client, settle, advance, addVolume, addClaim, addPod, nodeOf, volumeOf } = await start(
    t,
    'disk.example',
  );
  await addClaim('data');
  await settle();
  await addPod('db', ['data']);
  await advance(1000);
  const claim = await client.of('PersistentVolumeClaim').get({ namespace: 'default', name: 'data' });
  const node = claim.metadata.annotations?.['volume.kubernetes.io/selected-node'] ?? '';
  assert.match(node, /^[abc]$/);
  assert.equal(await nodeOf('db'), undefined);
  await addVolume('made', node);
  await advance(1000);
  assert.deepEqual([await nodeOf('db'), await volumeOf('data')], [node, 'made']);
});

test('a pod that goes while its volume is waited for is not waited for', async (t) => {
  const { client, settle, advance, addClaim, addPod, scheduler } = await start(t, 'disk.example');
  await addClaim('data');
  await settle();
  await addPod('db', ['data']);
  await advance(1000);
  assert.equal(scheduler.isBusy, true);
  await client.of('Pod').delete({ namespace: 'default', name: 'db' });
  await advance(5000);
  assert.equal(scheduler.isBusy, false);
  assert.deepEqual(scheduler.counts, { active: 0, backoff: 0, unschedulable: 0, gated: 0 });
});

test('a claim that goes while its volume is waited for is told of', async (t) => {
  const { client, settle, advance, addClaim, addPod, nodeOf, messageOf } = await start(t, 'disk.example');
  await addClaim('data');
  await settle();
  await addPod('db', ['data']);
  await advance(1000);
  await client.of('PersistentVolumeClaim').delete({ namespace: 'default', name: 'data' });
  await advance(30_000);
  assert.equal(await nodeOf('db'), undefined);
  assert.match((await messageOf('db')) ?? '', /persistentvolumeclaim "data" (not found|is being deleted)/);
});
