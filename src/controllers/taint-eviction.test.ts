import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import { TransportError } from '../client/transport.ts';
import type { Taint, Toleration } from '../kinds/generated/types.ts';
import { patienceOf, taintEviction } from './taint-eviction.ts';

const evicting: Taint = { key: 'maintenance', effect: 'NoExecute' };
const forSeconds = (tolerationSeconds: number): Toleration => ({
  key: 'maintenance',
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds,
});
const forEver: Toleration = { key: 'maintenance', operator: 'Exists' };

describe('taint eviction', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await startTestWorld({ controllers: [taintEviction()] });
    for (const name of ['n1', 'n2']) await world.client.of('Node').create({ metadata: { name } });
    await setTaints('n1', []);
  });
  afterEach(() => world.close());

  const setTaints = async (name: string, taints: Taint[]) => {
    await world.client.of('Node').patch({ name }, { type: 'merge', patch: { spec: { taints } } });
    await world.settle();
  };
  const run = async (name: string, tolerations: Toleration[] = [], nodeName = 'n1') => {
    const spec = { nodeName, tolerations, containers: [{ name: 'c', image: 'x' }] };
    await world.client.of('Pod').create({ metadata: { namespace: 'default', name }, spec });
    await world.settle();
  };
  /** Names of those that nobody has deleted. */
  const left = async () =>
    (await world.client.of('Pod').list({ namespace: 'default' })).items
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => metadata.name);
  const events = async () => {
    const { items } = await world.client.of('Event').list({ namespace: 'default' });
    return items.map(({ reason, message, source }) => `${source?.component} ${reason}: ${message}`).sort();
  };
  const told = (...messages: string[]) =>
    messages.map((message) => `taint-eviction-controller TaintManagerEviction: ${message}`).sort();

  test('who does not tolerate the taint goes at once, and is told why', async () => {
    await run('web');
    await run('stays', [forEver]);
    await run('elsewhere', [], 'n2');
    await world.advance(1_000);
    await setTaints('n1', [evicting]);
    assert.deepEqual(await left(), ['elsewhere', 'stays']);
    const web = await world.client.of('Pod').get({ namespace: 'default', name: 'web' });
    const [condition] = web.status?.conditions ?? [];
    assert.deepEqual(
      [web.metadata.deletionGracePeriodSeconds, condition?.type, condition?.status, condition?.reason],
      [30, 'DisruptionTarget', 'True', 'DeletionByTaintManager'],
    );
    assert.equal(condition?.message, 'Taint manager: deleting due to NoExecute taint');
    assert.deepEqual(await events(), told('Marking for deletion Pod default/web'));
  });

  test('who has just been placed there gets a second, in which the node may turn out to be better', async () => {
    await setTaints('n1', [evicting]);
    await run('web');
    await world.advance(500);
    assert.deepEqual(await left(), ['web']);
    await world.advance(500);
    assert.deepEqual(await left(), []);
    await run('again');
    await setTaints('n1', []);
    await world.advance(2_000);
    assert.deepEqual(await left(), ['again']);
  });

  test('who tolerates it for a while goes when that is over', async () => {
    await run('web', [forSeconds(30)]);
    await run('longer', [forSeconds(60)]);
    await setTaints('n1', [evicting]);
    await world.advance(29_000);
    assert.deepEqual(await left(), ['longer', 'web']);
    await world.advance(1_000);
    assert.deepEqual(await left(), ['longer']);
    await world.advance(30_000);
    assert.deepEqual(await left(), []);
  });

  test('the time of a pod that comes later runs from its coming', async () => {
    await setTaints('n1', [evicting]);
    await world.advance(20_000);
    await run('web', [forSeconds(30)]);
    await world.advance(29_000);
    assert.deepEqual(await left(), ['web']);
    await world.advance(1_000);
    assert.deepEqual(await left(), []);
  });

  test('a taint that goes away in time cancels it', async () => {
    await run('web', [forSeconds(30)]);
    await setTaints('n1', [evicting]);
    await world.advance(10_000);
    await setTaints('n1', []);
    await world.advance(60_000);
    assert.deepEqual(await left(), ['web']);
    assert.deepEqual(await events(), told('Cancelling deletion of Pod default/web'));
  });

  test('a node that is not ready keeps its pods for five minutes; unreachable then, no longer', async () => {
    await run('web');
    await setTaints('n1', [{ key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }]);
    await world.advance(200_000);
    await setTaints('n1', [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }]);
    await world.advance(99_000);
    assert.deepEqual(await left(), ['web']);
    await world.advance(1_000);
    assert.deepEqual(await left(), []);
    assert.deepEqual(await events(), told('Marking for deletion Pod default/web'));
  });

  test('a pod of the same name that comes later has its own time', async () => {
    await run('web', [forSeconds(30)]);
    await setTaints('n1', [evicting]);
    await world.advance(20_000);
    await world.client.of('Pod').delete({ namespace: 'default', name: 'web' }, { gracePeriodSeconds: 0 });
    await world.settle();
    await run('web', [forSeconds(30)]);
    await world.advance(29_000);
    assert.deepEqual(await left(), ['web']);
    await world.advance(1_000);
    assert.deepEqual(await left(), []);
    assert.deepEqual(
      await events(),
      told('Cancelling deletion of Pod default/web', 'Marking for deletion Pod default/web'),
    );
  });

  test('one that somebody has deleted already is left to its end', async () => {
    await run('web');
    await world.client.of('Pod').delete({ namespace: 'default', name: 'web' });
    await setTaints('n1', [evicting]);
    const web = await world.client.of('Pod').get({ namespace: 'default', name: 'web' });
    assert.deepEqual([web.status?.conditions ?? [], await events()], [[], []]);
  });
});

test('a delete that is refused is tried again, without waiting as long again', async () => {
  let refuse = true;
  const world = await startTestWorld({
    controllers: [taintEviction()],
    wrap: (inner) => ({
      ...inner,
      close: () => inner.close(),
      send: async (request) => {
        if (refuse && request.method === 'DELETE') throw new TransportError('refused');
        return inner.send(request);
      },
    }),
  });
  try {
    await world.client.of('Node').create({ metadata: { name: 'n1' }, spec: { taints: [evicting] } });
    const at = { namespace: 'default', name: 'web' };
    const spec = { nodeName: 'n1', tolerations: [forSeconds(300)], containers: [{ name: 'c', image: 'x' }] };
    await world.client.of('Pod').create({ metadata: at, spec });
    await world.advance(301_000);
    const isGoing = async () =>
      (await world.client.of('Pod').get(at)).metadata.deletionTimestamp !== undefined;
    assert.equal(await isGoing(), false);
    refuse = false;
    await world.advance(10_000);
    assert.equal(await isGoing(), true);
  } finally {
    await world.close();
  }
});

describe('how long a pod stays', () => {
  const other: Taint = { key: 'other', effect: 'NoExecute' };
  const cases: Record<string, { tolerations: Toleration[]; taints?: Taint[]; patience: number }> = {
    'no taint': { tolerations: [], taints: [], patience: Infinity },
    'no toleration': { tolerations: [], patience: 0 },
    'a toleration for ever': { tolerations: [forEver], patience: Infinity },
    'a toleration for some time': { tolerations: [forSeconds(3)], patience: 3000 },
    'a toleration for less than no time': { tolerations: [forSeconds(-3)], patience: 0 },
    'the first toleration that fits': { tolerations: [forSeconds(3), forSeconds(1)], patience: 3000 },
    'two taints, one tolerated': { tolerations: [forEver], taints: [evicting, other], patience: 0 },
    'two taints, the shorter time': {
      tolerations: [forSeconds(9), { key: 'other', operator: 'Exists', tolerationSeconds: 5 }],
      taints: [evicting, other],
      patience: 5000,
    },
  };
  for (const [name, { tolerations, taints = [evicting], patience }] of Object.entries(cases))
    test(name, () => {
      const pod = { metadata: {}, spec: { containers: [], tolerations } };
      assert.equal(patienceOf(pod, taints), patience);
    });
});
