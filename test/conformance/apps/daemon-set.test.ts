/** Source of the cases: test/e2e/apps/daemon_set.go, controller_revision.go and test/integration/daemonset/daemonset_test.go of kubernetes/kubernetes. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { ControllerRevision, DaemonSet } from '../../../src/kinds/generated/types.ts';
import {
  type AppsWorld,
  imagesOf,
  isRunning,
  labels,
  refusal,
  startApps,
  template,
  uidsOf,
} from './world.ts';

const path = '/apis/apps/v1/namespaces/default/daemonsets/web';
const hashLabel = 'controller-revision-hash';
const generations = 'deprecated.daemonset.template.generation';

async function start(
  t: TestContext,
  { spec = {}, nodes = 3 }: { spec?: object; nodes?: number } = {},
): Promise<AppsWorld> {
  const world = await startApps(t, { nodes });
  await world.create('DaemonSet', {
    metadata: { name: 'web', labels: { suite: 'apps' } },
    spec: { selector: { matchLabels: labels }, template: template(), ...spec },
  });
  await world.seconds(5);
  return world;
}

const nodesOf = async (world: AppsWorld) =>
  (await world.list('Pod', 'app=web'))
    .filter(isRunning)
    .map(({ spec }) => spec?.nodeName)
    .sort();
const labelNode = (world: AppsWorld, name: string, patch: object) =>
  world.simulation.client
    .of('Node')
    .patch({ name }, { type: 'merge', patch: { metadata: { labels: patch } } });

describe('where the pods are', () => {
  test('on every node; one that is deleted or fails comes back', async (t) => {
    const world = await start(t);
    assert.deepEqual(await nodesOf(world), ['node-1', 'node-2', 'node-3']);
    const [first, second] = await world.list('Pod');
    await world.delete('Pod', first?.metadata.name ?? '');
    await world.patch(
      'Pod',
      second?.metadata.name ?? '',
      { status: { phase: 'Failed' } },
      { subresource: 'status' },
    );
    await world.seconds(40);
    assert.deepEqual(await nodesOf(world), ['node-1', 'node-2', 'node-3']);
    const uids = uidsOf(await world.list('Pod'));
    assert.equal(uids.includes(first?.metadata.uid) || uids.includes(second?.metadata.uid), false);
    assert.deepEqual(
      (await world.events('web')).filter((text) => text.includes('FailedDaemonPod')),
      [
        `Warning FailedDaemonPod Found failed daemon pod default/${second?.metadata.name} on node ${second?.spec?.nodeName}, will try to kill it`,
      ],
    );
  });

  test('where the node selector, or the affinity, says', async (t) => {
    const affinity = {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'color', operator: 'In', values: ['blue'] }] }],
        },
      },
    };
    for (const where of [{ nodeSelector: { color: 'blue' } }, { affinity }]) {
      const world = await start(t, { spec: { template: template('nginx', { spec: where }) } });
      assert.deepEqual(await nodesOf(world), []);
      await labelNode(world, 'node-2', { color: 'blue' });
      await world.seconds(5);
      assert.deepEqual(await nodesOf(world), ['node-2']);
      await labelNode(world, 'node-2', { color: 'green' });
      await world.seconds(5);
      assert.deepEqual(await nodesOf(world), []);
      const { status } = await world.get('DaemonSet', 'web');
      assert.deepEqual([status?.desiredNumberScheduled, status?.numberMisscheduled], [0, 0]);
    }
  });

  test('not where a taint keeps them away, but for those that daemons tolerate', async (t) => {
    const world = await start(t);
    const taints = [{ key: 'dedicated', value: 'x', effect: 'NoExecute' }];
    const nodes = world.simulation.client.of('Node');
    await nodes.patch({ name: 'node-1' }, { type: 'merge', patch: { spec: { taints } } });
    await nodes.patch({ name: 'node-2' }, { type: 'merge', patch: { spec: { unschedulable: true } } });
    await world.seconds(40);
    assert.deepEqual(await nodesOf(world), ['node-2', 'node-3']);
  });
});

describe('an update', () => {
  test('takes one pod after the other', async (t) => {
    const world = await start(t);
    const before = await world.list('Pod');
    await world.patch('DaemonSet', 'web', { spec: { template: template('httpd:2') } });
    const counts = new Set<number>();
    for (let step = 0; step < 60; step++) {
      counts.add((await world.list('Pod')).filter(isRunning).length);
      await world.seconds(0.5);
    }
    assert.deepEqual([...counts].sort(), [2, 3]);
    const after = await world.list('Pod');
    assert.deepEqual(imagesOf(after), ['httpd:2', 'httpd:2', 'httpd:2']);
    const hashes = [before, after].map(
      (pods) => new Set(pods.map(({ metadata }) => metadata.labels?.[hashLabel])),
    );
    assert.deepEqual(
      [hashes[0]?.size, hashes[1]?.size, hashes[0]?.isDisjointFrom(hashes[1] as Set<string>)],
      [1, 1, true],
    );
    const { metadata, status } = await world.get('DaemonSet', 'web');
    assert.deepEqual([metadata.annotations?.[generations], status?.updatedNumberScheduled], ['2', 3]);
  });

  test('that is taken back leaves the pods that it has not reached', async (t) => {
    const world = await start(t);
    const before = await world.list('Pod');
    const broken = template('gone:1', { annotations: { 'sim.wherry.dev/image-missing': 'true' } });
    await world.patch('DaemonSet', 'web', { spec: { template: broken } });
    await world.seconds(60);
    const middle = await world.list('Pod');
    assert.deepEqual(imagesOf(middle).sort(), ['gone:1', 'nginx:1.29', 'nginx:1.29']);
    await world.patch('DaemonSet', 'web', {
      spec: { template: { ...template(), metadata: { labels, annotations: null } } },
    });
    await world.seconds(60);
    const after = await world.list('Pod');
    assert.deepEqual(imagesOf(after), ['nginx:1.29', 'nginx:1.29', 'nginx:1.29']);
    const kept = uidsOf(before).filter((uid) => uidsOf(after).includes(uid));
    assert.equal(kept.length, 2);
    const revisions = await world.list('ControllerRevision');
    assert.deepEqual(revisions.map(({ revision }) => revision).sort(), [2, 3]);
  });

  test('with a surge always has a ready pod on each node', async (t) => {
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    const world = await start(t, { spec: { updateStrategy, minReadySeconds: 5 } });
    await world.seconds(10);
    await world.patch('DaemonSet', 'web', { spec: { template: template('httpd:2') } });
    let most = 0;
    for (let step = 0; step < 100; step++) {
      const pods = (await world.list('Pod')).filter(isRunning);
      most = Math.max(most, pods.length);
      assert.deepEqual([...new Set(pods.map(({ spec }) => spec?.nodeName))].sort(), [
        'node-1',
        'node-2',
        'node-3',
      ]);
      await world.seconds(0.5);
    }
    assert.equal(most, 4);
    assert.deepEqual(imagesOf(await world.list('Pod')), ['httpd:2', 'httpd:2', 'httpd:2']);
  });

  test('is left to whoever deletes the pods, when that is asked for', async (t) => {
    const world = await start(t, { spec: { updateStrategy: { type: 'OnDelete' } } });
    await world.patch('DaemonSet', 'web', { spec: { template: template('httpd:2') } });
    await world.seconds(20);
    const pods = await world.list('Pod');
    assert.deepEqual(imagesOf(pods), ['nginx:1.29', 'nginx:1.29', 'nginx:1.29']);
    await world.delete('Pod', pods[0]?.metadata.name ?? '', 0);
    await world.seconds(20);
    assert.deepEqual(imagesOf(await world.list('Pod')).sort(), ['httpd:2', 'nginx:1.29', 'nginx:1.29']);
  });
});

describe('the object', () => {
  test('is listed and deleted with a collection', async (t) => {
    const world = await start(t);
    const sets = world.simulation.client.of('DaemonSet');
    assert.equal((await sets.list({ labelSelector: 'suite=apps' })).items.length, 1);
    await sets.deleteCollection({ namespace: 'default', labelSelector: 'suite=apps' });
    await world.seconds(40);
    assert.deepEqual([await world.list('DaemonSet'), await world.list('Pod')], [[], []]);
  });

  test('conditions that somebody else writes are kept', async (t) => {
    const world = await start(t);
    const read = (await world.subresource('GET', `${path}/status`)) as DaemonSet;
    const mine = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
    await world.subresource('PUT', `${path}/status`, {
      ...read,
      status: { ...read.status, conditions: [mine] },
    });
    await world.seconds(3);
    const types = async () =>
      (await world.get('DaemonSet', 'web')).status?.conditions?.map(({ type }) => type);
    assert.deepEqual(await types(), ['StatusUpdate']);
    const conditions = [{ type: 'StatusPatched', status: 'True' }];
    await world.patch('DaemonSet', 'web', { status: { conditions } }, { subresource: 'status' });
    await world.seconds(3);
    assert.deepEqual(await types(), ['StatusPatched']);
  });

  test('its revisions are read, patched, made, replaced and deleted', async (t) => {
    const world = await start(t);
    const [first] = (await world.list('ControllerRevision', 'app=web')) as [ControllerRevision];
    const { name = '' } = first.metadata;
    const patched = await world.patch(
      'ControllerRevision',
      name,
      { metadata: { labels: { mine: 'patched' } } },
      { patchType: 'strategic' },
    );
    assert.equal(patched.metadata.labels?.mine, 'patched');
    const data = { spec: { template: { $patch: 'replace', ...template('httpd:2') } } };
    assert.match(
      (await refusal(world.patch('ControllerRevision', name, { data }))) ?? '',
      /^422 Invalid: .*data: Invalid value: .*: field is immutable$/s,
    );
    const { ownerReferences } = first.metadata;
    await world.create('ControllerRevision', {
      metadata: { name: 'mine', labels: first.metadata.labels, ownerReferences },
      revision: first.revision + 1,
      data,
    });
    await world.seconds(2);
    const revisions = world.simulation.client.of('ControllerRevision');
    await revisions.delete({ namespace: 'default', name });
    await world.seconds(5);
    assert.equal((await world.list('ControllerRevision')).length, 2, 'the one of the template is made anew');
    const replaced = await revisions.update({
      ...structuredClone(await world.get('ControllerRevision', 'mine')),
      revision: 7,
    });
    assert.equal(replaced.revision, 7);
    await world.seconds(2);
    await world.patch('DaemonSet', 'web', {
      spec: { template: { spec: { terminationGracePeriodSeconds: 1 } } },
    });
    await world.seconds(20);
    const all = await world.list('ControllerRevision', 'app=web');
    assert.deepEqual(all.map(({ revision }) => revision).sort(), [7, 8, 9]);
    await revisions.deleteCollection({ namespace: 'default', labelSelector: 'app=web' });
    await world.seconds(5);
    assert.deepEqual(
      (await world.list('ControllerRevision')).map(({ revision }) => revision),
      [1],
    );
  });
});
