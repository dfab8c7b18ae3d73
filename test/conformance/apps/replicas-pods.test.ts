/** Which pods count. Source of the cases: test/integration/{replicaset,statefulset,deployment,daemonset} of kubernetes/kubernetes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRunning, labels, startApps, template } from './world.ts';

const set = (spec: object = {}) => ({
  metadata: { name: 'web' },
  spec: { replicas: 2, selector: { matchLabels: labels }, template: template(), ...spec },
});

describe('the pods of a set', () => {
  test('that are there already are adopted, and those that are too many deleted', async (t) => {
    const world = await startApps(t);
    for (const name of ['one', 'two', 'three'])
      await world.create('Pod', { metadata: { name, labels }, spec: template().spec });
    await world.seconds(3);
    await world.create('ReplicaSet', set());
    await world.seconds(40);
    const pods = await world.list('Pod');
    assert.deepEqual(
      pods.map(({ metadata }) => metadata.ownerReferences?.map(({ kind, controller }) => [kind, controller])),
      [[['ReplicaSet', true]], [['ReplicaSet', true]]],
    );
  });

  test('that are going or have failed are replaced, also while they are held', async (t) => {
    const world = await startApps(t);
    await world.create('ReplicaSet', set());
    await world.seconds(3);
    const [going, failed] = (await world.list('Pod')).map(({ metadata }) => metadata.name ?? '');
    for (const name of [going, failed])
      await world.patch('Pod', name ?? '', { metadata: { finalizers: ['fake.example.com/blockDeletion'] } });
    await world.delete('Pod', going ?? '');
    await world.patch('Pod', failed ?? '', { status: { phase: 'Failed' } }, { subresource: 'status' });
    await world.seconds(5);
    const running = (await world.list('Pod')).filter(isRunning).map(({ metadata }) => metadata.name);
    assert.deepEqual([running.length, running.includes(going), running.includes(failed)], [2, false, false]);
    const { status } = await world.get('ReplicaSet', 'web');
    assert.deepEqual([status?.replicas, status?.readyReplicas], [2, 2]);
  });

  test('that cost least to delete go first', async (t) => {
    const world = await startApps(t);
    await world.create('ReplicaSet', set({ replicas: 3 }));
    await world.seconds(3);
    const names = (await world.list('Pod')).map(({ metadata }) => metadata.name ?? '');
    for (const [index, cost] of ['100', '-5', '7'].entries())
      await world.patch('Pod', names[index] ?? '', {
        metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } },
      });
    await world.patch('ReplicaSet', 'web', { spec: { replicas: 1 } });
    await world.seconds(40);
    assert.deepEqual(
      (await world.list('Pod')).map(({ metadata }) => metadata.name),
      [names[0]],
    );
  });

  test('that match no template count as such', async (t) => {
    const world = await startApps(t);
    const wider = template('nginx', { labels: { ...labels, tier: 'front' } });
    await world.create('ReplicaSet', set({ template: wider }));
    await world.seconds(3);
    const [first] = await world.list('Pod');
    await world.patch('Pod', first?.metadata.name ?? '', { metadata: { labels: { tier: null } } });
    await world.seconds(3);
    const { status } = await world.get('ReplicaSet', 'web');
    assert.deepEqual([status?.replicas, status?.fullyLabeledReplicas], [2, 1]);
  });

  test('that are refused are told, and made when they may be', async (t) => {
    const world = await startApps(t);
    await world.create('ResourceQuota', { metadata: { name: 'none' }, spec: { hard: { pods: '1' } } });
    await world.seconds(2);
    await world.create('StatefulSet', set({ serviceName: 'web' }));
    await world.seconds(10);
    assert.equal((await world.get('StatefulSet', 'web')).status?.replicas, 1);
    assert.equal(
      (await world.events('web')).includes(
        'Warning FailedCreate create Pod web-1 in StatefulSet web failed error: pods "web-1" is forbidden: exceeded quota: none, requested: pods=1, used: pods=1, limited: pods=1',
      ),
      true,
      `${await world.events('web')}`,
    );
    await world.patch('ResourceQuota', 'none', { spec: { hard: { pods: '5' } } });
    await world.seconds(300);
    assert.equal((await world.get('StatefulSet', 'web')).status?.readyReplicas, 2);
  });

  test('become available only by time', async (t) => {
    const world = await startApps(t);
    await world.create(
      'Deployment',
      set({ replicas: 10, minReadySeconds: 3600, progressDeadlineSeconds: 7200 }),
    );
    await world.seconds(10);
    const facts = async () => {
      const { status } = await world.get('Deployment', 'web');
      const available = status?.conditions?.find(({ type }) => type === 'Available');
      return [available?.status, available?.reason, status?.readyReplicas, status?.availableReplicas];
    };
    assert.deepEqual(await facts(), ['False', 'MinimumReplicasUnavailable', 10, undefined]);
    await world.patch('Deployment', 'web', { spec: { minReadySeconds: 1 } });
    await world.seconds(5);
    assert.deepEqual(await facts(), ['True', 'MinimumReplicasAvailable', 10, 10]);
  });

  test('of a Deployment are told when they are on their way out', async (t) => {
    const world = await startApps(t);
    const slow = { annotations: { 'sim.wherry.dev/stop-seconds': '20' } };
    await world.create('Deployment', set({ replicas: 3, template: template('nginx', slow) }));
    await world.seconds(5);
    await world.patch('Deployment', 'web', { spec: { replicas: 1 } });
    await world.seconds(5);
    const counts = async () => {
      const { status } = await world.get('Deployment', 'web');
      return [status?.replicas, status?.terminatingReplicas];
    };
    assert.deepEqual(await counts(), [1, 2]);
    await world.seconds(20);
    assert.deepEqual(await counts(), [1, 0]);
  });
});

describe('the pods of a DaemonSet', () => {
  test('without room wait for it on their own node', async (t) => {
    const world = await startApps(t);
    const filler = { containers: [{ name: 'c', image: 'pause', resources: { requests: { cpu: '3500m' } } }] };
    await world.create('Pod', { metadata: { name: 'filler' }, spec: { ...filler, nodeName: 'node-1' } });
    await world.seconds(2);
    const spec = { containers: [{ name: 'c', image: 'agent', resources: { requests: { cpu: '1' } } }] };
    await world.create('DaemonSet', {
      metadata: { name: 'web' },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    });
    await world.seconds(5);
    const placed = async () =>
      (await world.list('Pod', 'app=web')).filter(isRunning).map((pod) => pod.spec?.nodeName);
    assert.deepEqual([(await world.list('Pod', 'app=web')).length, await placed()], [2, ['node-2']]);
    await world.delete('Pod', 'filler', 0);
    await world.seconds(15);
    assert.deepEqual((await placed()).sort(), ['node-1', 'node-2']);
  });

  test('that end well come back too', async (t) => {
    const world = await startApps(t);
    await world.create('DaemonSet', {
      metadata: { name: 'web' },
      spec: { selector: { matchLabels: labels }, template: template() },
    });
    await world.seconds(3);
    const before = await world.list('Pod');
    for (const { metadata } of before)
      await world.patch(
        'Pod',
        metadata.name ?? '',
        { status: { phase: 'Succeeded' } },
        { subresource: 'status' },
      );
    await world.seconds(10);
    const after = await world.list('Pod');
    assert.equal(after.filter(isRunning).length, 2);
    assert.equal(
      (await world.events('web')).filter((text) => text.startsWith('Normal SucceededDaemonPod')).length,
      2,
    );
  });
});
