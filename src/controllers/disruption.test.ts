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

  test('a share of pods that nobody controls cannot be told', async () => {
    await makePod('alone', true, false);
    await makeBudget({ maxUnavailable: 1 });
    const found = await status();
    assert.deepEqual(
      found?.conditions?.map(({ status: value, reason, message }) => [value, reason, message]),
      [['False', 'SyncFailed', 'found no controllers for pod "alone"']],
    );
    assert.equal(found?.disruptionsAllowed, 0);
  });

  test('a settled budget is not written again', async () => {
    await makePod('a', true);
    await makeBudget({ minAvailable: 1 });
    const { revision } = await world.server.store.range({ from: 'x', limit: 0 });
    await world.advance(600_000);
    assert.equal((await world.server.store.range({ from: 'x', limit: 0 })).revision, revision);
  });
});
