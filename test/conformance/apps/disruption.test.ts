/** Source of the cases: test/e2e/apps/disruption.go and test/integration/evictions/evictions_test.go of kubernetes/kubernetes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PodDisruptionBudget } from '../../../src/kinds/generated/types.ts';
import { type AppsWorld, isRunning, labels, refusal, startApps, template } from './world.ts';

const budget = (spec: object, name = 'foo') => ({
  metadata: { name, labels },
  spec: { selector: { matchLabels: labels }, ...spec },
});
const replicaSet = (replicas: number, of: object = template()) => ({
  metadata: { name: 'rs' },
  spec: { replicas, selector: { matchLabels: labels }, template: of },
});
const violation = "Cannot evict pod as it would violate the pod's disruption budget.";
const path = '/apis/policy/v1/namespaces/default/poddisruptionbudgets/foo';

async function createPods(world: AppsWorld, count: number): Promise<void> {
  for (let index = 0; index < count; index++)
    await world.create('Pod', { metadata: { name: `pod-${index}`, labels }, spec: template().spec });
}

async function nameOfRunning(world: AppsWorld): Promise<string> {
  const pod = (await world.list('Pod')).find(isRunning);
  return pod?.metadata.name ?? '';
}

describe('an eviction', () => {
  const hostPort = template('pause', {
    spec: { containers: [{ name: 'web', image: 'pause', ports: [{ containerPort: 5555, hostPort: 5555 }] }] },
  });
  const cases: Record<string, { spec?: object; pods?: number; set?: object; denied: boolean }> = {
    'without a budget': { pods: 1, denied: false },
    'of few pods': { spec: { minAvailable: 2 }, pods: 2, denied: true },
    'of enough pods': { spec: { minAvailable: 2 }, pods: 3, denied: false },
    'of enough replicas': { spec: { minAvailable: '90%' }, set: replicaSet(10), denied: false },
    'of few replicas': { spec: { minAvailable: '90%' }, set: replicaSet(10, hostPort), denied: true },
    'of as many as may be away': { spec: { maxUnavailable: '10%' }, set: replicaSet(10), denied: false },
    'of more than may be away': { spec: { maxUnavailable: 1 }, set: replicaSet(10, hostPort), denied: true },
  };
  for (const [name, { spec, pods = 0, set, denied }] of Object.entries(cases))
    test(`${name} is ${denied ? 'refused' : 'allowed'}`, async (t) => {
      const world = await startApps(t);
      await createPods(world, pods);
      if (set !== undefined) await world.create('ReplicaSet', set);
      if (spec !== undefined) await world.create('PodDisruptionBudget', budget(spec));
      await world.seconds(10);
      const said = await refusal(world.evict(await nameOfRunning(world)));
      assert.equal(said, denied ? `429 TooManyRequests: ${violation}` : undefined);
    });

  test('waits for the budget to allow it', async (t) => {
    const world = await startApps(t);
    await world.create('PodDisruptionBudget', budget({ minAvailable: 3 }));
    await world.create('ReplicaSet', replicaSet(3));
    await world.seconds(5);
    const name = await nameOfRunning(world);
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'default' } };
    const answer = await world.simulation.client.send({
      method: 'POST',
      url: `/api/v1/namespaces/default/pods/${name}/eviction`,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(body)),
    });
    assert.deepEqual(JSON.parse(Buffer.from(answer.body as Uint8Array).toString()).details.causes, [
      {
        reason: 'DisruptionBudget',
        message: 'The disruption budget foo needs 3 healthy pods and has 3 currently',
      },
    ]);
    await world.patch('PodDisruptionBudget', 'foo', { spec: { minAvailable: 2 } });
    await world.seconds(1);
    const { status } = await world.get('PodDisruptionBudget', 'foo');
    assert.deepEqual([status?.currentHealthy, status?.desiredHealthy], [3, 2]);
    assert.equal(await refusal(world.evict(name)), undefined);
    await world.patch('PodDisruptionBudget', 'foo', { spec: { minAvailable: null, maxUnavailable: 0 } });
    await world.seconds(40);
    const other = await nameOfRunning(world);
    assert.equal(await refusal(world.evict(other)), `429 TooManyRequests: ${violation}`);
    await world.delete('PodDisruptionBudget', 'foo');
    assert.equal(await refusal(world.evict(other)), undefined);
  });

  const policies: [policy: string | undefined, ready: boolean, evicted: number][] = [
    [undefined, true, 1],
    ['IfHealthyBudget', true, 1],
    ['AlwaysAllow', true, 1],
    [undefined, false, 0],
    ['IfHealthyBudget', false, 0],
    ['AlwaysAllow', false, 3],
  ];
  for (const [policy, ready, evicted] of policies)
    test(`of ${ready ? 'ready' : 'unready'} pods with policy ${policy}: ${evicted}`, async (t) => {
      const world = await startApps(t);
      const unhealthyPodEvictionPolicy = policy;
      await world.create('PodDisruptionBudget', budget({ maxUnavailable: 1, unhealthyPodEvictionPolicy }));
      const annotations = { 'sim.wherry.dev/ready-seconds': ready ? '20' : '3600' };
      await world.create('ReplicaSet', replicaSet(3, template('nginx', { annotations })));
      await world.seconds(30);
      const { status } = await world.get('PodDisruptionBudget', 'foo');
      assert.deepEqual([status?.currentHealthy, status?.desiredHealthy], [ready ? 3 : 0, 2]);
      let count = 0;
      for (const { metadata } of await world.list('Pod'))
        if ((await refusal(world.evict(metadata.name ?? ''))) === undefined) count++;
      assert.equal(count, evicted);
    });

  test('of a pod that has ended, or is not bound, is not the budget’s concern', async (t) => {
    const world = await startApps(t);
    await world.create('PodDisruptionBudget', budget({ minAvailable: 2 }));
    await world.create('Pod', {
      metadata: { name: 'ended', labels, annotations: { 'sim.wherry.dev/exit-after-seconds': '1' } },
      spec: { restartPolicy: 'Never', ...template().spec },
    });
    await world.create('Pod', {
      metadata: { name: 'waits', labels },
      spec: { nodeSelector: { no: 'where' }, ...template().spec },
    });
    await createPods(world, 1);
    await world.seconds(10);
    assert.equal(await refusal(world.evict('pod-0')), `429 TooManyRequests: ${violation}`);
    assert.equal(await refusal(world.evict('ended')), undefined);
    assert.equal(await refusal(world.evict('waits')), undefined);
  });

  test('of a pod with two budgets is refused', async (t) => {
    const world = await startApps(t);
    await createPods(world, 2);
    for (const name of ['foo', 'bar'])
      await world.create('PodDisruptionBudget', budget({ minAvailable: 1 }, name));
    await world.seconds(5);
    assert.equal(
      await refusal(world.evict('pod-0')),
      '500 InternalError: This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  });

  test('may be asked for in the older version', async (t) => {
    const world = await startApps(t);
    await createPods(world, 1);
    await world.seconds(5);
    const body = { apiVersion: 'policy/v1beta1', kind: 'Eviction', metadata: { name: 'pod-0' } };
    const at = { namespace: 'default', name: 'pod-0' };
    await world.simulation.client.of('Pod').createSubresource(at, { subresource: 'eviction', body });
    assert.notEqual((await world.get('Pod', 'pod-0')).metadata.deletionTimestamp, undefined);
  });

  test('says on the pod that it was meant to go', async (t) => {
    const world = await startApps(t);
    await createPods(world, 1);
    await world.seconds(5);
    await world.evict('pod-0');
    const { status, metadata } = await world.get('Pod', 'pod-0');
    const condition = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
    assert.deepEqual(
      [condition?.status, condition?.reason, condition?.message, metadata.deletionTimestamp !== undefined],
      ['True', 'EvictionByEvictionAPI', 'Eviction API: evicting', true],
    );
  });
});

describe('the object', () => {
  test('is updated and patched, and its status is told', async (t) => {
    const world = await startApps(t);
    const created = structuredClone(
      await world.create('PodDisruptionBudget', budget({ minAvailable: '1%' })),
    );
    await world.seconds(1);
    const read = structuredClone(await world.get('PodDisruptionBudget', 'foo'));
    (read.spec ?? {}).minAvailable = '2%';
    const updated = await world.simulation.client.of('PodDisruptionBudget').update(read);
    assert.deepEqual([created.spec?.minAvailable, updated.spec?.minAvailable], ['1%', '2%']);
    const patched = await world.patch('PodDisruptionBudget', 'foo', { spec: { minAvailable: 1 } });
    assert.equal(patched.spec?.minAvailable, 1);
    await createPods(world, 3);
    await world.seconds(5);
    const { status, metadata } = await world.get('PodDisruptionBudget', 'foo');
    assert.deepEqual(
      [status?.disruptionsAllowed, status?.observedGeneration, metadata.generation],
      [2, 3, 3],
    );
    assert.deepEqual(
      status?.conditions?.map(({ type, status: is, reason }) => [type, is, reason]),
      [['DisruptionAllowed', 'True', 'SufficientPods']],
    );
  });

  test('pods in its status are kept, and taken away with a patch', async (t) => {
    const world = await startApps(t);
    await createPods(world, 1);
    await world.create('PodDisruptionBudget', budget({ minAvailable: 1 }));
    await world.seconds(5);
    const read = (await world.subresource('GET', `${path}/status`)) as PodDisruptionBudget;
    const at = new Date(world.simulation.clock.now()).toISOString();
    const disruptedPods = { 'pod-0': `${at.slice(0, 19)}Z` };
    await world.subresource('PUT', `${path}/status`, { ...read, status: { ...read.status, disruptedPods } });
    await world.seconds(2);
    const { status } = (await world.subresource('GET', `${path}/status`)) as PodDisruptionBudget;
    assert.deepEqual(status?.disruptedPods, disruptedPods);
    const patch = { status: { disruptedPods: null } };
    const patched = await world.patch('PodDisruptionBudget', 'foo', patch, { subresource: 'status' });
    assert.equal(patched.status?.disruptedPods, undefined);
  });

  test('without a selector it has no pods, with an empty one all', async (t) => {
    const world = await startApps(t);
    await createPods(world, 2);
    await world.create('PodDisruptionBudget', { metadata: { name: 'none' }, spec: { minAvailable: 1 } });
    await world.create('PodDisruptionBudget', {
      metadata: { name: 'all' },
      spec: { minAvailable: 1, selector: {} },
    });
    await world.seconds(5);
    const healthy = async (name: string) =>
      (await world.get('PodDisruptionBudget', name)).status?.currentHealthy;
    assert.deepEqual([await healthy('none'), await healthy('all')], [0, 2]);
  });

  test('is listed in all namespaces and in one, and deleted with a collection', async (t) => {
    const world = await startApps(t);
    await world.simulation.client.of('Namespace').create({ metadata: { name: 'other' } });
    await world.create('PodDisruptionBudget', budget({ minAvailable: 2 }));
    await world.create('PodDisruptionBudget', budget({ minAvailable: '1%' }, 'foo2'));
    const { metadata, spec } = budget({ minAvailable: 2 }, 'foo3');
    await world.create('PodDisruptionBudget', { metadata: { ...metadata, namespace: 'other' }, spec });
    const budgets = world.simulation.client.of('PodDisruptionBudget');
    const names = async (namespace?: string) =>
      (await budgets.list({ labelSelector: 'app=web', ...(namespace ? { namespace } : {}) })).items
        .map((each) => each.metadata.name)
        .sort();
    assert.deepEqual(await names(), ['foo', 'foo2', 'foo3']);
    assert.deepEqual(await names('default'), ['foo', 'foo2']);
    await budgets.deleteCollection({ namespace: 'default' });
    await world.seconds(1);
    assert.deepEqual(await names(), ['foo3']);
  });
});
