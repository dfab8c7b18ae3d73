/** Source of the cases: test/e2e/apps/statefulset.go and test/integration/statefulset/statefulset_test.go of kubernetes/kubernetes. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Pod, StatefulSet, StatefulSetSpec } from '../../../src/kinds/generated/types.ts';
import { type AppsWorld, imagesOf, isRunning, labels, startApps, template } from './world.ts';

const path = '/apis/apps/v1/namespaces/default/statefulsets/web';
const next = template('httpd:2');

async function start(t: TestContext, spec: Partial<StatefulSetSpec> = {}, seconds = 10): Promise<AppsWorld> {
  const world = await startApps(t);
  await world.create('StatefulSet', {
    metadata: { name: 'web', labels: { suite: 'apps' } },
    spec: {
      replicas: 3,
      serviceName: 'web',
      selector: { matchLabels: labels },
      template: template(),
      ...spec,
    },
  });
  await world.seconds(seconds);
  return world;
}

const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);
const revisionsOf = (pods: readonly Pod[]) =>
  pods.map(({ metadata }) => metadata.labels?.['controller-revision-hash']);
const setReady = (world: AppsWorld, name: string, ready: boolean) =>
  world.patch('Pod', name, {
    metadata: { annotations: { 'sim.wherry.dev/never-ready': ready ? 'false' : 'true' } },
  });

/** What pods of the set there were, step by step, each state once. */
async function course(world: AppsWorld, of: (pods: Pod[]) => string, seconds: number): Promise<string[]> {
  const states: string[] = [];
  for (let step = 0; step < seconds * 2; step++) {
    const state = of(await world.list('Pod', 'app=web'));
    if (states.at(-1) !== state) states.push(state);
    await world.seconds(0.5);
  }
  return states;
}
const ordinals = (pods: readonly Pod[]) => names(pods).join().replaceAll('web-', '');

describe('a rolling update', () => {
  test('goes from the last to the first, and back', async (t) => {
    const world = await start(t);
    const before = (await world.get('StatefulSet', 'web')).status;
    assert.equal(before?.currentRevision, before?.updateRevision);
    await world.patch('StatefulSet', 'web', { spec: { template: next } });
    const images = await course(world, (pods) => imagesOf(pods).join(), 15);
    assert.deepEqual(images, [
      'nginx:1.29,nginx:1.29,nginx:1.29',
      'nginx:1.29,nginx:1.29,httpd:2',
      'nginx:1.29,httpd:2,httpd:2',
      'httpd:2,httpd:2,httpd:2',
    ]);
    const middle = (await world.get('StatefulSet', 'web')).status;
    assert.deepEqual(
      [middle?.currentRevision, middle?.updatedReplicas, middle?.currentReplicas],
      [middle?.updateRevision, 3, 3],
    );
    assert.notEqual(middle?.currentRevision, before?.currentRevision);
    await setReady(world, 'web-1', false);
    await world.seconds(1);
    await world.patch('StatefulSet', 'web', { spec: { template: template() } });
    await world.seconds(10);
    assert.deepEqual(
      imagesOf(await world.list('Pod')),
      ['httpd:2', 'httpd:2', 'httpd:2'],
      'it waits for web-1',
    );
    await setReady(world, 'web-1', true);
    await world.seconds(15);
    const after = (await world.get('StatefulSet', 'web')).status;
    assert.deepEqual(
      [after?.currentRevision, after?.updateRevision],
      [before?.currentRevision, before?.currentRevision],
    );
    assert.equal((await world.list('ControllerRevision')).length, 2);
  });

  test('of a part, step by step, with pods that come back as what they were', async (t) => {
    const strategy = (partition: number) => ({ type: 'RollingUpdate', rollingUpdate: { partition } });
    const world = await start(t, { updateStrategy: strategy(3) });
    const [old] = revisionsOf(await world.list('Pod'));
    await world.patch('StatefulSet', 'web', { spec: { template: next } });
    await world.seconds(10);
    assert.deepEqual(imagesOf(await world.list('Pod')), ['nginx:1.29', 'nginx:1.29', 'nginx:1.29']);
    await world.patch('StatefulSet', 'web', { spec: { updateStrategy: strategy(2) } });
    await world.seconds(10);
    assert.deepEqual(imagesOf(await world.list('Pod')), ['nginx:1.29', 'nginx:1.29', 'httpd:2']);
    for (const name of ['web-0', 'web-2']) await world.delete('Pod', name, 0);
    await world.seconds(10);
    const pods = await world.list('Pod');
    assert.deepEqual(imagesOf(pods), ['nginx:1.29', 'nginx:1.29', 'httpd:2']);
    const { status } = await world.get('StatefulSet', 'web');
    assert.deepEqual(revisionsOf(pods), [old, old, status?.updateRevision]);
    assert.deepEqual(
      [status?.currentReplicas, status?.updatedReplicas, status?.currentRevision],
      [2, 1, old],
    );
    await world.patch('StatefulSet', 'web', { spec: { updateStrategy: strategy(0) } });
    await world.seconds(15);
    assert.deepEqual(imagesOf(await world.list('Pod')), ['httpd:2', 'httpd:2', 'httpd:2']);
  });

  test('is left to whoever deletes the pods, when that is asked for', async (t) => {
    const world = await start(t, { updateStrategy: { type: 'OnDelete' } });
    await world.patch('StatefulSet', 'web', { spec: { template: next } });
    await world.seconds(10);
    assert.deepEqual(imagesOf(await world.list('Pod')), ['nginx:1.29', 'nginx:1.29', 'nginx:1.29']);
    for (const name of ['web-0', 'web-1', 'web-2']) await world.delete('Pod', name, 0);
    await world.seconds(10);
    const pods = await world.list('Pod');
    assert.deepEqual(imagesOf(pods), ['httpd:2', 'httpd:2', 'httpd:2']);
    const { status } = await world.get('StatefulSet', 'web');
    assert.deepEqual(new Set(revisionsOf(pods)), new Set([status?.updateRevision]));
  });
});

describe('scaling', () => {
  test('goes in order, and stops while a pod is not ready', async (t) => {
    const world = await start(t, { replicas: 1 });
    await setReady(world, 'web-0', false);
    await world.seconds(1);
    await world.patch('StatefulSet', 'web', { spec: { replicas: 3 } });
    await world.seconds(10);
    assert.deepEqual(names(await world.list('Pod')), ['web-0']);
    await setReady(world, 'web-0', true);
    const all = ['web-0', 'web-1', 'web-2'];
    assert.deepEqual(await course(world, ordinals, 10), ['0', '0,1', '0,1,2']);
    for (const name of all) await setReady(world, name, false);
    await world.seconds(1);
    await world.patch('StatefulSet', 'web', { spec: { replicas: 0 } });
    await world.seconds(10);
    assert.deepEqual(names(await world.list('Pod')), all);
    for (const name of all) await setReady(world, name, true);
    assert.deepEqual(await course(world, ordinals, 15), ['0,1,2', '0,1', '0', '']);
  });

  test('all at once goes on with pods that are not ready', async (t) => {
    const world = await start(t, { replicas: 1, podManagementPolicy: 'Parallel' });
    await setReady(world, 'web-0', false);
    await world.seconds(1);
    await world.patch('StatefulSet', 'web', { spec: { replicas: 3 } });
    await world.seconds(3);
    assert.deepEqual(names((await world.list('Pod')).filter(isRunning)), ['web-0', 'web-1', 'web-2']);
    await world.patch('StatefulSet', 'web', { spec: { replicas: 0 } });
    await world.seconds(5);
    assert.deepEqual(await world.list('Pod'), []);
  });

  test('by its subresource: read, replaced and patched', async (t) => {
    const world = await start(t, { replicas: 1 });
    const scale = (await world.subresource('GET', `${path}/scale`)) as StatefulSet;
    assert.deepEqual([scale.spec, scale.status], [{ replicas: 1 }, { replicas: 1, selector: 'app=web' }]);
    const metadata = { ...scale.metadata, resourceVersion: '' };
    const answer = (await world.subresource('PUT', `${path}/scale`, {
      ...scale,
      metadata,
      spec: { replicas: 2 },
    })) as StatefulSet;
    assert.deepEqual(answer.spec, { replicas: 2 });
    await world.patch(
      'StatefulSet',
      'web',
      { spec: { replicas: 4 } },
      { subresource: 'scale', patchType: 'strategic' },
    );
    await world.seconds(10);
    assert.equal((await world.get('StatefulSet', 'web')).status?.readyReplicas, 4);
  });

  const starts: Record<string, { from: number | null; to: number | null; expect: string[] }> = {
    'a first ordinal that is given': { from: null, to: 2, expect: ['web-2', 'web-3'] },
    'a first ordinal that grows': { from: 2, to: 3, expect: ['web-3', 'web-4'] },
    'a first ordinal that shrinks': { from: 3, to: 2, expect: ['web-2', 'web-3'] },
    'a first ordinal that is taken away': { from: 3, to: null, expect: ['web-0', 'web-1'] },
  };
  for (const [name, { from, to, expect }] of Object.entries(starts))
    test(name, async (t) => {
      const world = await start(t, { replicas: 2, ...(from === null ? {} : { ordinals: { start: from } }) });
      await world.patch('StatefulSet', 'web', { spec: { ordinals: to === null ? null : { start: to } } });
      await world.seconds(20);
      const pods = await world.list('Pod');
      assert.deepEqual([names(pods), pods.every(isRunning)], [expect, true]);
      assert.deepEqual(
        pods.map(({ metadata }) => metadata.labels?.['apps.kubernetes.io/pod-index']),
        expect.map((each) => each.slice('web-'.length)),
      );
    });
});

describe('the pods', () => {
  test('have names of their own, beside the prefix of the set', async (t) => {
    const world = await start(t, { replicas: 1 });
    const { metadata, spec } = await world.get('Pod', 'web-0');
    assert.deepEqual(
      [
        metadata.generateName,
        spec?.hostname,
        spec?.subdomain,
        metadata.labels?.['statefulset.kubernetes.io/pod-name'],
      ],
      ['web-', 'web-0', 'web', 'web-0'],
    );
  });

  test('one that a node has refused is made again until it is taken', async (t) => {
    const ports = [{ containerPort: 21017, hostPort: 21017 }];
    const spec = { nodeName: 'node-1', containers: [{ name: 'web', image: 'nginx', ports }] };
    const world = await startApps(t);
    await world.create('Pod', { metadata: { name: 'in-the-way' }, spec });
    await world.seconds(3);
    await world.create('StatefulSet', {
      metadata: { name: 'web' },
      spec: { serviceName: 'web', selector: { matchLabels: labels }, template: template('nginx', { spec }) },
    });
    await world.simulation.settle();
    const first = await world.get('Pod', 'web-0');
    // What a kubelet says of it: simulated nodes take whatever is bound to them.
    const status = { phase: 'Failed', reason: 'NodePorts', message: 'Pod was rejected' };
    await world.patch('Pod', 'web-0', { status }, { subresource: 'status' });
    await world.seconds(3);
    const second = await world.get('Pod', 'web-0');
    assert.deepEqual([second.metadata.uid === first.metadata.uid, second.status?.phase], [false, 'Running']);
    assert.deepEqual(await world.events('web'), [
      'Normal SuccessfulCreate create Pod web-0 in StatefulSet web successful',
      'Normal SuccessfulDelete delete Pod web-0 in StatefulSet web successful',
    ]);
  });

  test('are orphaned, adopted and released', async (t) => {
    const world = await start(t, { replicas: 1 });
    const owner = async () =>
      (await world.get('Pod', 'web-0')).metadata.ownerReferences?.map(({ kind, name }) => `${kind} ${name}`);
    await world.patch('Pod', 'web-0', { metadata: { ownerReferences: null } });
    await world.seconds(1);
    assert.deepEqual(await owner(), ['StatefulSet web']);
    await world.patch('Pod', 'web-0', { metadata: { labels: { app: 'else' } } });
    await world.seconds(1);
    assert.equal(await owner(), undefined);
    await world.patch('Pod', 'web-0', { metadata: { labels } });
    await world.seconds(1);
    assert.deepEqual(await owner(), ['StatefulSet web']);
  });

  test('count as available when they have been ready for long enough', async (t) => {
    const world = await start(t, { replicas: 2, minReadySeconds: 30 }, 10);
    assert.deepEqual(names(await world.list('Pod')), ['web-0'], 'the second waits for the first');
    const counts = async () => {
      const { status } = await world.get('StatefulSet', 'web');
      return [status?.replicas, status?.readyReplicas, status?.availableReplicas];
    };
    assert.deepEqual(await counts(), [1, 1, 0]);
    await world.seconds(26);
    assert.deepEqual(await counts(), [2, 2, 1]);
    await world.seconds(30);
    assert.deepEqual(await counts(), [2, 2, 2]);
    await world.patch('StatefulSet', 'web', { spec: { minReadySeconds: 3600 } });
    await world.seconds(2);
    assert.deepEqual(await counts(), [2, 2, 0]);
  });
});

describe('the object', () => {
  test('is listed, patched and deleted with a collection', async (t) => {
    const world = await start(t);
    const patch = {
      metadata: { labels: { stage: 'patched' } },
      spec: { replicas: 2, template: { spec: { containers: [{ name: 'web', image: 'httpd:2' }] } } },
    };
    const patched = await world.patch('StatefulSet', 'web', patch, { patchType: 'strategic' });
    assert.deepEqual(
      [patched.metadata.labels, patched.spec?.replicas],
      [{ suite: 'apps', stage: 'patched' }, 2],
    );
    await world.seconds(15);
    assert.deepEqual(imagesOf(await world.list('Pod')), ['httpd:2', 'httpd:2']);
    const sets = world.simulation.client.of('StatefulSet');
    assert.equal((await sets.list({ labelSelector: 'stage=patched' })).items.length, 1);
    await sets.deleteCollection({
      namespace: 'default',
      labelSelector: 'stage=patched',
      gracePeriodSeconds: 0,
    });
    await world.seconds(5);
    assert.deepEqual([await world.list('StatefulSet'), await world.list('Pod')], [[], []]);
  });

  test('conditions that somebody else writes are kept', async (t) => {
    const world = await start(t, { replicas: 1 });
    const read = (await world.subresource('GET', `${path}/status`)) as StatefulSet;
    const mine = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
    await world.subresource('PUT', `${path}/status`, {
      ...read,
      status: { ...read.status, conditions: [mine] },
    });
    await world.seconds(3);
    const updated = await world.get('StatefulSet', 'web');
    assert.deepEqual(
      updated.status?.conditions?.map(({ type }) => type),
      ['StatusUpdate'],
    );
    const conditions = [{ type: 'StatusPatched', status: 'True' }];
    await world.patch('StatefulSet', 'web', { status: { conditions } }, { subresource: 'status' });
    await world.seconds(3);
    const patched = await world.get('StatefulSet', 'web');
    assert.deepEqual(
      patched.status?.conditions?.map(({ type }) => type),
      ['StatusPatched'],
    );
  });
});
