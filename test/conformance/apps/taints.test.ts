/** Pods that a taint drives out. Source of the cases: test/e2e/node/taints.go of kubernetes/kubernetes. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Toleration } from '../../../src/kinds/generated/types.ts';
import { type AppsWorld, startApps } from './world.ts';

const taint = { key: 'kubernetes.io/e2e-evict-taint-key', value: 'evictTaintVal', effect: 'NoExecute' };
const tolerates = (tolerationSeconds?: number): Toleration => ({
  key: taint.key,
  value: taint.value,
  effect: 'NoExecute',
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
});

async function start(
  t: TestContext,
  pods: Record<string, readonly Toleration[]>,
  finalizers: readonly string[] = [],
): Promise<AppsWorld> {
  const world = await startApps(t);
  for (const [name, tolerations] of Object.entries(pods))
    await world.create('Pod', {
      metadata: { name, labels: { group: 'taint-eviction' }, finalizers },
      spec: {
        nodeSelector: { 'kubernetes.io/hostname': 'node-1' },
        tolerations,
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'c', image: 'pause' }],
      },
    });
  await world.seconds(5);
  return world;
}

const setTaints = (world: AppsWorld, taints: readonly object[] | null) =>
  world.simulation.client
    .of('Node')
    .patch({ name: 'node-1' }, { type: 'merge', patch: { spec: { taints } } });
const left = async (world: AppsWorld) =>
  (await world.list('Pod'))
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.name);

describe('a taint with NoExecute', () => {
  test('drives out who does not tolerate it, and leaves who does', async (t) => {
    const world = await start(t, { intolerant: [], tolerant: [tolerates()] });
    await setTaints(world, [taint]);
    await world.seconds(5);
    assert.deepEqual(await left(world), ['tolerant']);
    assert.equal(
      (await world.events('intolerant')).includes(
        'Normal TaintManagerEviction Marking for deletion Pod default/intolerant',
      ),
      true,
    );
    await world.seconds(300);
    assert.deepEqual(await left(world), ['tolerant']);
  });

  test('drives out two at once, and who tolerates it for a while when that is over', async (t) => {
    const world = await start(t, { one: [], two: [], patient: [tolerates(15)] });
    await setTaints(world, [taint]);
    await world.seconds(5);
    assert.deepEqual(await left(world), ['patient']);
    await world.seconds(8);
    assert.deepEqual(await left(world), ['patient']);
    await world.seconds(10);
    assert.deepEqual(await left(world), []);
  });

  test('that goes in time drives nobody out', async (t) => {
    const world = await start(t, { patient: [tolerates(30)] });
    await setTaints(world, [taint]);
    await world.seconds(10);
    await setTaints(world, null);
    await world.seconds(60);
    assert.deepEqual(await left(world), ['patient']);
    assert.equal(
      (await world.events('patient')).includes(
        'Normal TaintManagerEviction Cancelling deletion of Pod default/patient',
      ),
      true,
    );
  });

  test('of several tolerations the first that fits counts', async (t) => {
    const brief: Toleration = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 10 };
    const world = await start(t, { patient: [tolerates(30), brief], hasty: [brief, tolerates(30)] });
    await setTaints(world, [taint]);
    await world.seconds(20);
    assert.deepEqual(await left(world), ['patient']);
    await world.seconds(15);
    assert.deepEqual(await left(world), []);
  });

  test('says on the pod why it goes', async (t) => {
    const world = await start(t, { kept: [] }, ['example.com/test-finalizer']);
    await setTaints(world, [taint]);
    await world.seconds(5);
    const { metadata, status } = await world.get('Pod', 'kept');
    const condition = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
    assert.deepEqual(
      [metadata.deletionTimestamp !== undefined, condition?.status, condition?.reason, condition?.message],
      [true, 'True', 'DeletionByTaintManager', 'Taint manager: deleting due to NoExecute taint'],
    );
    await world.patch('Pod', 'kept', { metadata: { finalizers: null } });
    await world.seconds(3);
    assert.deepEqual(await world.list('Pod'), []);
  });
});
