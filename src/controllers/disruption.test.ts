import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import type { PodDisruptionBudgetSpec } from '../kinds/generated/types.ts';
import { disruption } from './disruption.ts';

describe('disruption budgets', () => {
  let world: TestWorld;
  let owner: string;
  beforeEach(async () => {
    world = await startTestWorld({ controllers: [disruption] });
    const labels = { app: 'web' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } };
    const set = await world.client.of('ReplicaSet').create({
      metadata: { namespace: 'default', name: 'web' },
      spec: { replicas: 4, selector: { matchLabels: labels }, template },
    });
    owner = set.metadata.uid ?? '';
  });
  afterEach(() => world.close());

  async function makePod(name: string, ready: boolean, controlled = true): Promise<void> {
    const ownerReferences = [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: owner, controller: true },
    ];
    const at = { namespace: 'default', name };
    await world.client.of('Pod').create({
      metadata: { ...at, labels: { app: 'web' }, ...(controlled ? { ownerReferences } : {}) },
      spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'x' }] },
    });
    const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
    await world.client.of('Pod').patch(at, {
      type: 'merge',
      subresource: 'status',
      patch: { status: { phase: 'Running', conditions } },
    });
  }

  async function makeBudget(spec: Omit<PodDisruptionBudgetSpec, 'selector'>): Promise<void> {
    await world.client.of('PodDisruptionBudget').create({
      metadata: { namespace: 'default', name: 'web' },
      spec: { ...spec, selector: { matchLabels: { app: 'web' } } },
    });
    await world.settle();
  }

  const status = async () =>
    (await world.client.of('PodDisruptionBudget').get({ namespace: 'default', name: 'web' })).status;

  const cases: Record<string, { spec: object; ready: number; unready: number; expected: number[] }> = {
    // expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed
    'a number that must be available': {
      spec: { minAvailable: 2 },
      ready: 3,
      unready: 1,
      expected: [4, 2, 3, 1],
    },
    'a share that must be available, rounded up': {
      spec: { minAvailable: '30%' },
      ready: 4,
      unready: 0,
      expected: [4, 2, 4, 2],
    },
    'a number that may be missing': {
      spec: { maxUnavailable: 1 },
      ready: 4,
      unready: 0,
      expected: [4, 3, 4, 1],
    },
    'a share that may be missing, of what is wanted': {
      spec: { maxUnavailable: '50%' },
      ready: 3,
      unready: 0,
      expected: [4, 2, 3, 1],
    },
    'too few already': { spec: { minAvailable: 3 }, ready: 2, unready: 2, expected: [4, 3, 2, 0] },
    'no pods at all': { spec: { minAvailable: 1 }, ready: 0, unready: 0, expected: [0, 1, 0, 0] },
  };
  for (const [name, { spec, ready, unready, expected }] of Object.entries(cases))
    test(name, async () => {
      for (let index = 0; index < ready; index++) await makePod(`ready-${index}`, true);
      for (let index = 0; index < unready; index++) await makePod(`unready-${index}`, false);
      await makeBudget(spec);
      const found = await status();
      assert.deepEqual(
        [found?.expectedPods, found?.desiredHealthy, found?.currentHealthy, found?.disruptionsAllowed],
        expected,
      );
      const allowed = (expected[3] ?? 0) > 0;
      assert.deepEqual(
        found?.conditions?.map((condition) => [condition.type, condition.status, condition.reason]),
        [['DisruptionAllowed', allowed ? 'True' : 'False', allowed ? 'SufficientPods' : 'InsufficientPods']],
      );
    });

  test('an eviction spends one, and the pod that goes gives nothing back', async () => {
    for (const name of ['a', 'b']) await makePod(name, true);
    await makeBudget({ minAvailable: 1 });
    const evict = (name: string) =>
      world.client.of('Pod').createSubresource(
        { namespace: 'default', name },
        {
          subresource: 'eviction',
          body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace: 'default', name } },
        },
      );
    await evict('a');
    await assert.rejects(evict('b'), /Cannot evict pod as it would violate the pod's disruption budget/);
    await world.settle();
    await assert.rejects(evict('b'), /Cannot evict pod/);
    assert.equal((await status())?.disruptionsAllowed, 0);
    assert.equal((await status())?.disruptedPods, undefined);
  });

  const conditionsOf = async () =>
    (await status())?.conditions?.map(({ status: value, reason, message }) => [value, reason, message]);

  const eventsAbout = async (name: string) =>
    (await world.client.of('Event').list({ namespace: 'default' })).items
      .filter(({ involvedObject }) => involvedObject.name === name)
      .map(({ type, reason, message }) => `${type} ${reason}: ${message}`);

  test('pods that nobody controls are left out of a share, and it is said', async () => {
    await makePod('alone', true, false);
    for (const name of ['a', 'b', 'c', 'd']) await makePod(name, true);
    await makeBudget({ maxUnavailable: 1 });
    const found = await status();
    assert.deepEqual([found?.expectedPods, found?.desiredHealthy, found?.disruptionsAllowed], [4, 3, 2]);
    assert.deepEqual(await eventsAbout('web'), [
      'Warning UnmanagedPods: Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.',
    ]);
  });

  const owners: Record<string, { owner: object; message: string }> = {
    'a controller that is gone': {
      owner: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'gone', uid: 'u' },
      message: 'found no controllers for pod "alone"',
    },
    'a DaemonSet': {
      owner: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: 'u' },
      message: 'daemonsets.apps does not implement the scale subresource',
    },
    'a Node': {
      owner: { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'u' },
      message: 'nodes does not implement the scale subresource',
    },
  };
  for (const [name, { owner: controller, message }] of Object.entries(owners))
    test(`a share of the pods of ${name} cannot be told`, async () => {
      await world.client.of('Pod').create({
        metadata: {
          ...{ namespace: 'default', name: 'alone', labels: { app: 'web' } },
          ownerReferences: [{ ...controller, controller: true } as never],
        },
        spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'x' }] },
      });
      await makeBudget({ maxUnavailable: 1 });
      assert.deepEqual(await conditionsOf(), [['False', 'SyncFailed', message]]);
      assert.equal((await status())?.disruptionsAllowed, 0);
      assert.deepEqual(await eventsAbout('web'), [
        `Warning CalculateExpectedPodCountFailed: Failed to calculate the number of expected pods: ${message}`,
      ]);
    });

  test('pods that have ended still count as expected ones', async () => {
    for (const name of ['a', 'b']) await makePod(name, true);
    await world.client
      .of('Pod')
      .patch(
        { namespace: 'default', name: 'b' },
        { type: 'merge', subresource: 'status', patch: { status: { phase: 'Succeeded', conditions: null } } },
      );
    await makeBudget({ minAvailable: 1 });
    const found = await status();
    assert.deepEqual([found?.expectedPods, found?.currentHealthy, found?.disruptionsAllowed], [2, 1, 0]);
  });

  test('a budget without pods says so', async () => {
    await makeBudget({ minAvailable: 1 });
    assert.deepEqual(await eventsAbout('web'), ['Normal NoPods: No matching pods found']);
  });

  test('a pod that was evicted and did not go counts again after two minutes, and it is said', async () => {
    for (const name of ['a', 'b']) await makePod(name, true);
    await makeBudget({ minAvailable: 1 });
    const at = { namespace: 'default', name: 'web' };
    const evictedAt = `${new Date(world.clock.now()).toISOString().slice(0, 19)}Z`;
    await world.client.of('PodDisruptionBudget').patch(at, {
      type: 'merge',
      subresource: 'status',
      patch: { status: { disruptedPods: { a: evictedAt } } },
    });
    await world.settle();
    assert.deepEqual([(await status())?.currentHealthy, (await status())?.disruptionsAllowed], [1, 0]);
    await world.advance(60_000);
    // Something else wakes the budget half-way: the time runs on.
    await makePod('c', false);
    await world.advance(62_000);
    assert.deepEqual([(await status())?.disruptedPods, (await status())?.disruptionsAllowed], [undefined, 1]);
    assert.deepEqual(await eventsAbout('a'), [
      "Warning NotDeleted: Pod was expected by PDB default/default to be deleted but it wasn't",
    ]);
  });

  describe('a pod that was to be disrupted', () => {
    const target = async (name: string) =>
      (await world.client.of('Pod').get({ namespace: 'default', name })).status?.conditions?.find(
        ({ type }) => type === 'DisruptionTarget',
      );
    const mark = async (name: string, reason: string) => {
      await makePod(name, true);
      const { lastTransitionTime } = { lastTransitionTime: '2026-01-01T00:00:00Z' };
      const condition = {
        type: 'DisruptionTarget',
        status: 'True',
        reason,
        message: 'm',
        lastTransitionTime,
      };
      await world.client
        .of('Pod')
        .patch(
          { namespace: 'default', name },
          { type: 'strategic', subresource: 'status', patch: { status: { conditions: [condition] } } },
        );
      await world.settle();
    };

    test('and was not is one no longer after two minutes', async () => {
      await mark('a', 'EvictionByEvictionAPI');
      await world.advance(119_000);
      assert.equal((await target('a'))?.status, 'True');
      await world.advance(2_000);
      const found = await target('a');
      assert.deepEqual([found?.status, found?.reason, found?.message], ['False', undefined, undefined]);
    });

    test('stays one when its kubelet says so', async () => {
      await mark('a', 'TerminationByKubelet');
      await world.advance(600_000);
      assert.equal((await target('a'))?.status, 'True');
    });
  });

  test('a settled budget is not written again', async () => {
    await makePod('a', true);
    await makeBudget({ minAvailable: 1 });
    const { revision } = await world.server.store.range({ from: 'x', limit: 0 });
    await world.advance(600_000);
    assert.equal((await world.server.store.range({ from: 'x', limit: 0 })).revision, revision);
  });
});
