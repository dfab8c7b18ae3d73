/** Source of the cases: test/e2e/scheduling/preemption.go and test/integration/scheduler/preemption/preemption_test.go of kubernetes/kubernetes. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Pod, PodSpec } from '../../../src/kinds/generated/types.ts';
import { type AppsWorld, isRunning, refusal, startApps } from './world.ts';

const fake = 'example.com/fakecpu';

async function start(t: TestContext, { amount = '5', nodes = 2 } = {}): Promise<AppsWorld> {
  const world = await startApps(t, { nodes });
  for (const [name, value] of Object.entries({ low: 1, medium: 100, high: 1000 }))
    await world.simulation.client.of('PriorityClass').create({ metadata: { name }, value });
  for (const name of world.simulation.nodes.names) {
    const patch = { status: { capacity: { [fake]: amount }, allocatable: { [fake]: amount } } };
    await world.simulation.client.of('Node').patch({ name }, { type: 'merge', patch, subresource: 'status' });
  }
  return world;
}

const pod = (name: string, amount: string, spec: Partial<PodSpec> & { priorityClassName: string }): Pod => ({
  metadata: { name, labels: { name } },
  spec: {
    containers: [
      { name: 'c', image: 'pause', resources: { requests: { [fake]: amount }, limits: { [fake]: amount } } },
    ],
    ...spec,
  },
});
const onNode = (name: string) => ({ nodeSelector: { 'kubernetes.io/hostname': name } });

const target = ({ status }: Pod) => {
  const condition = status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  return condition && [condition.status, condition.reason, condition.message];
};
const preempted = [
  'True',
  'PreemptionByScheduler',
  'default-scheduler: preempting to accommodate a higher priority pod',
];

async function alive(world: AppsWorld): Promise<(string | undefined)[]> {
  return (await world.list('Pod')).filter(isRunning).map(({ metadata }) => metadata.name);
}

describe('a more important pod', () => {
  /** Two thirds of each node are taken: by one of low priority, the rest of medium. */
  async function occupied(t: TestContext): Promise<AppsWorld> {
    const world = await start(t);
    await world.create('Pod', pod('low', '4', { priorityClassName: 'low', ...onNode('node-1') }));
    await world.create('Pod', pod('medium', '4', { priorityClassName: 'medium', ...onNode('node-2') }));
    await world.seconds(3);
    return world;
  }

  test('takes the place of the least important, and of nobody else', async (t) => {
    const world = await occupied(t);
    await world.create('Pod', pod('high', '4', { priorityClassName: 'high' }));
    await world.seconds(40);
    assert.deepEqual(await alive(world), ['high', 'medium']);
    assert.equal((await world.get('Pod', 'high')).spec?.nodeName, 'node-1');
  });

  test('of the system too', async (t) => {
    const world = await occupied(t);
    const { spec } = pod('critical', '4', { priorityClassName: 'system-cluster-critical' });
    await world.create('Pod', { metadata: { name: 'critical', namespace: 'kube-system' }, spec });
    await world.seconds(40);
    assert.deepEqual(await alive(world), ['medium']);
    const critical = await world.simulation.client
      .of('Pod')
      .get({ namespace: 'kube-system', name: 'critical' });
    assert.deepEqual([critical.spec?.nodeName, critical.spec?.priority], ['node-1', 2_000_000_000]);
  });

  test('waits for its victim, is told where it will be, and nobody takes the place', async (t) => {
    const world = await occupied(t);
    await world.patch('Pod', 'low', { metadata: { finalizers: ['example.com/test'] } });
    await world.create('Pod', pod('high', '4', { priorityClassName: 'high' }));
    await world.seconds(40);
    const victim = await world.get('Pod', 'low');
    assert.deepEqual([victim.metadata.deletionTimestamp !== undefined, target(victim)], [true, preempted]);
    const waiting = await world.get('Pod', 'high');
    assert.deepEqual(
      [waiting.spec?.nodeName, waiting.status?.nominatedNodeName],
      ['node-1', undefined],
      'a finalizer holds no place',
    );
    await world.patch('Pod', 'low', { metadata: { finalizers: null } });
  });

  test('with preemptionPolicy Never waits', async (t) => {
    const world = await occupied(t);
    await world.simulation.client
      .of('PriorityClass')
      .create({ metadata: { name: 'polite' }, value: 1000, preemptionPolicy: 'Never' });
    await world.create('Pod', pod('high', '4', { priorityClassName: 'polite' }));
    await world.seconds(40);
    assert.deepEqual(await alive(world), ['low', 'medium']);
    const [said] = await world.events('high');
    assert.equal(
      said,
      'Warning FailedScheduling 0/2 nodes are available: 2 Insufficient example.com/fakecpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.',
    );
  });

  test('takes those whose budget allows it', async (t) => {
    const world = await start(t);
    for (const node of ['node-1', 'node-2'])
      await world.create('Pod', pod(`low-${node}`, '4', { priorityClassName: 'low', ...onNode(node) }));
    await world.create('PodDisruptionBudget', {
      metadata: { name: 'keep' },
      spec: { minAvailable: 1, selector: { matchLabels: { name: 'low-node-1' } } },
    });
    await world.seconds(3);
    await world.create('Pod', pod('high', '4', { priorityClassName: 'high' }));
    await world.seconds(40);
    assert.deepEqual(await alive(world), ['high', 'low-node-1']);
  });
});

describe('who is to go to a node, and does not', () => {
  const slow = { 'sim.wherry.dev/stop-seconds': '25' };
  const nominated = async (world: AppsWorld, name: string) =>
    (await world.get('Pod', name)).status?.nominatedNodeName;

  /** One node, full of a pod that ends slowly; one of medium priority waits for its place. */
  async function waiting(t: TestContext): Promise<AppsWorld> {
    const world = await start(t, { amount: '3', nodes: 1 });
    for (const [name, amount] of Object.entries({ 'low-1': '1', 'low-2': '2' })) {
      const low = pod(name, amount, { priorityClassName: 'low' });
      await world.create('Pod', { ...low, metadata: { ...low.metadata, annotations: slow } });
    }
    await world.seconds(3);
    await world.create('Pod', pod('medium', '1', { priorityClassName: 'medium' }));
    await world.seconds(3);
    assert.deepEqual([await nominated(world, 'medium'), await alive(world)], ['node-1', ['low-1']]);
    return world;
  }

  test('for a more important one that needs more victims', async (t) => {
    const world = await waiting(t);
    await world.create('Pod', pod('high', '3', { priorityClassName: 'high' }));
    await world.seconds(5);
    assert.deepEqual(
      [await nominated(world, 'high'), await nominated(world, 'medium')],
      ['node-1', undefined],
    );
    await world.seconds(40);
    assert.deepEqual(await alive(world), ['high']);
  });

  test('for a more important one that needs no more', async (t) => {
    const world = await waiting(t);
    await world.create('Pod', pod('high', '2', { priorityClassName: 'high' }));
    await world.seconds(40);
    assert.deepEqual(await alive(world), ['high', 'medium'], 'medium has made room for itself once more');
    assert.equal((await world.get('Pod', 'high')).spec?.nodeName, 'node-1');
  });

  test('for want of the node', async (t) => {
    const world = await waiting(t);
    world.simulation.nodes.down('node-1');
    await world.simulation.client.of('Node').delete({ name: 'node-1' });
    await world.seconds(400);
    assert.deepEqual(
      [await nominated(world, 'medium'), (await world.get('Pod', 'medium')).spec?.nodeName],
      [undefined, undefined],
    );
  });
});

test('of many, the most important are first, though others have waited for longer', async (t) => {
  const world = await start(t, { amount: '10' });
  const slow = { 'sim.wherry.dev/stop-seconds': '79' };
  for (const [index, node] of ['node-1', 'node-2'].entries())
    for (let count = 0; count < 10; count++) {
      const low = pod(`low-${index}-${count}`, '1', {
        priorityClassName: 'low',
        terminationGracePeriodSeconds: 80,
        ...onNode(node),
      });
      await world.create('Pod', { ...low, metadata: { ...low.metadata, annotations: slow } });
    }
  await world.seconds(5);
  for (let count = 0; count < 20; count++)
    await world.create('Pod', pod(`medium-${count}`, '1', { priorityClassName: 'medium' }));
  await world.seconds(5);
  const low = (await world.list('Pod')).filter(({ metadata }) => metadata.name?.startsWith('low'));
  assert.equal(
    low.every(({ metadata }) => metadata.deletionTimestamp !== undefined),
    true,
  );
  for (let count = 0; count < 10; count++)
    await world.create('Pod', pod(`high-${count}`, '1', { priorityClassName: 'high' }));
  await world.seconds(20);
  const of = async (prefix: string) =>
    (await world.list('Pod')).filter(({ metadata }) => metadata.name?.startsWith(prefix));
  assert.equal((await of('high')).filter(({ status }) => status?.nominatedNodeName !== undefined).length, 10);
  await world.seconds(80);
  assert.equal((await of('high')).filter(isRunning).length, 10);
  assert.equal((await of('medium')).filter(({ spec }) => spec?.nodeName !== undefined).length, 10);
});

test('no more pods of sets have to go than it takes', async (t) => {
  const world = await start(t, { amount: '1000', nodes: 1 });
  for (const [index, amount] of ['200', '300', '450'].entries()) {
    const name = `p${index + 1}`;
    await world.simulation.client.of('PriorityClass').create({ metadata: { name }, value: index + 2 });
    const { metadata, spec } = pod(name, amount, { priorityClassName: name });
    await world.create('ReplicaSet', {
      metadata: { name: `rs-${name}` },
      spec: {
        replicas: 1,
        selector: { matchLabels: metadata.labels },
        template: { metadata: { labels: metadata.labels }, spec },
      },
    });
    await world.seconds(3);
  }
  await world.create('Pod', pod('p4', '500', { priorityClassName: 'medium' }));
  await world.seconds(60);
  assert.equal((await world.get('Pod', 'p4')).spec?.nodeName, 'node-1');
  const made = await Promise.all(
    ['rs-p1', 'rs-p2', 'rs-p3'].map(
      async (name) => (await world.events(name)).filter((text) => text.includes('SuccessfulCreate')).length,
    ),
  );
  assert.deepEqual(made, [2, 2, 1]);
});

test('two have to go where one would leave the rest unevenly spread', async (t) => {
  const world = await start(t, { amount: '10' });
  const labels = { spread: 'yes' };
  const with_ = (each: Pod): Pod => ({ ...each, metadata: { ...each.metadata, labels } });
  await world.create('Pod', with_(pod('high', '9', { priorityClassName: 'high', ...onNode('node-1') })));
  for (const index of [1, 2, 3])
    await world.create(
      'Pod',
      with_(pod(`low-${index}`, '3', { priorityClassName: 'low', ...onNode('node-2') })),
    );
  await world.seconds(3);
  const topologySpreadConstraints = [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchExpressions: [{ key: 'spread', operator: 'Exists' }] },
    },
  ];
  await world.create(
    'Pod',
    with_(pod('medium', '3', { priorityClassName: 'medium', topologySpreadConstraints })),
  );
  await world.seconds(40);
  const names = (await alive(world)).map((name) => name?.split('-')[0]);
  assert.deepEqual(names, ['high', 'low', 'medium']);
});

test('the classes themselves: their value stays, their description changes', async (t) => {
  const world = await start(t);
  const classes = world.simulation.client.of('PriorityClass');
  const patch = (body: object) => refusal(classes.patch({ name: 'low' }, { type: 'strategic', patch: body }));
  assert.equal(
    await patch({ value: 10 }),
    '422 Invalid: PriorityClass.scheduling.k8s.io "low" is invalid: value: Forbidden: may not be changed in an update.',
  );
  assert.equal(await patch({ description: 'updated' }), undefined);
  const read = structuredClone(await classes.get({ name: 'medium' }));
  assert.match(
    (await refusal(classes.update({ ...read, value: 7 }))) ?? '',
    /value: Forbidden: may not be changed in an update\.$/,
  );
  await classes.update({ ...read, description: 'updated' });
  const found = (await classes.list()).items.filter(({ description }) => description === 'updated');
  assert.deepEqual(found.map(({ metadata, value }) => [metadata.name, value]).sort(), [
    ['low', 1],
    ['medium', 100],
  ]);
});
