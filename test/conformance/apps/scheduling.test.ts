/** Source of the cases: test/e2e/scheduling/predicates.go, priorities.go and test/integration/scheduler/filters/filters_test.go of kubernetes/kubernetes. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { ContainerPort, Pod, PodSpec, Toleration } from '../../../src/kinds/generated/types.ts';
import { type AppsWorld, refusal, startApps } from './world.ts';

const fake = 'example.com/beardsecond';
const gpu: Toleration = { key: 'gpu', operator: 'Equal', value: 'a', effect: 'NoSchedule' };

const pod = (name: string, spec: Partial<PodSpec> = {}, requests: object = {}): Pod => ({
  metadata: { name, labels: { name } },
  spec: {
    containers: [
      { name: 'c', image: 'pause', resources: { requests: { ...requests }, limits: { ...requests } } },
    ],
    ...spec,
  },
});

async function start(t: TestContext, nodes = 2): Promise<AppsWorld> {
  return startApps(t, { nodes, shape: { cpu: '4', memory: '16Gi', pods: '110' } });
}

const patchNode = (world: AppsWorld, name: string, patch: object, subresource?: string) =>
  world.simulation.client
    .of('Node')
    .patch({ name }, { type: 'merge', patch, ...(subresource === undefined ? {} : { subresource }) });

const addResource = (world: AppsWorld, node: string, amount: string) =>
  patchNode(
    world,
    node,
    { status: { capacity: { [fake]: amount }, allocatable: { [fake]: amount } } },
    'status',
  );

const nodeOf = async (world: AppsWorld, name: string) => (await world.get('Pod', name)).spec?.nodeName;
/** Why it has no node; undefined when it has one. */
const reasonOf = async (world: AppsWorld, name: string) => {
  const { status } = await world.get('Pod', name);
  const condition = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  return condition?.status === 'True' ? undefined : condition?.message;
};
const required = (key: string, values: string[]) => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values }] }],
    },
  },
});

describe('what a pod asks for', () => {
  test('nodes give no more than they have', async (t) => {
    const world = await start(t);
    for (const [index, cpu] of ['2800m', '2800m', '1200m', '1200m'].entries())
      await world.create('Pod', pod(`filler-${index}`, {}, { cpu }));
    await world.seconds(5);
    const placed = (await world.list('Pod')).map(({ spec }) => spec?.nodeName).sort();
    assert.deepEqual(placed, ['node-1', 'node-1', 'node-2', 'node-2']);
    await world.create('Pod', pod('additional', {}, { cpu: '400m' }));
    await world.seconds(5);
    const why =
      '0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.';
    assert.equal(await reasonOf(world, 'additional'), why);
    assert.deepEqual(await world.events('additional'), [`Warning FailedScheduling ${why}`]);
  });

  test('with the overhead of its runtime class', async (t) => {
    const world = await start(t);
    await addResource(world, 'node-1', '1000');
    await world.simulation.client.of('RuntimeClass').create({
      metadata: { name: 'overhead' },
      handler: 'runc',
      overhead: { podFixed: { [fake]: '250' } },
    });
    await world.create('Pod', pod('filler', {}, { [fake]: '700' }));
    await world.seconds(2);
    await world.create('Pod', pod('with', { runtimeClassName: 'overhead' }, { [fake]: '200' }));
    await world.create('Pod', pod('without', {}, { [fake]: '200' }));
    await world.seconds(5);
    assert.deepEqual((await world.get('Pod', 'with')).spec?.overhead, { [fake]: '250' });
    assert.match(
      (await reasonOf(world, 'with')) ?? '',
      /^0\/2 nodes are available: 2 Insufficient example\.com\/beardsecond\./,
    );
    assert.equal(await nodeOf(world, 'without'), 'node-1');
  });

  test('a part of what is not divisible is refused', async (t) => {
    const world = await start(t);
    assert.match(
      (await refusal(world.create('Pod', pod('half', {}, { [fake]: '500m' })))) ?? '',
      /must be an integer/,
    );
  });
});

describe('where a pod wants to be', () => {
  test('a node selector that fits no node, and one that does', async (t) => {
    const world = await start(t);
    await world.create('Pod', pod('lost', { nodeSelector: { label: 'nonempty' } }));
    await patchNode(world, 'node-2', { metadata: { labels: { 'kubernetes.io/e2e': '42' } } });
    await world.create('Pod', pod('found', { nodeSelector: { 'kubernetes.io/e2e': '42' } }));
    await world.seconds(3);
    assert.equal(
      await reasonOf(world, 'lost'),
      "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
    );
    assert.equal(await nodeOf(world, 'found'), 'node-2');
  });

  test('a required affinity that fits no node, and one that does', async (t) => {
    const world = await start(t);
    await patchNode(world, 'node-2', { metadata: { labels: { zone: 'b' } } });
    await world.create('Pod', pod('lost', { affinity: required('zone', ['nowhere']) }));
    await world.create('Pod', pod('found', { affinity: required('zone', ['b', 'c']) }));
    await world.seconds(3);
    assert.deepEqual([await nodeOf(world, 'lost'), await nodeOf(world, 'found')], [undefined, 'node-2']);
  });

  test('a taint keeps away who does not tolerate it, until it goes', async (t) => {
    const world = await start(t);
    const taint = { key: 'gpu', value: 'a', effect: 'NoSchedule' };
    await patchNode(world, 'node-1', { spec: { taints: [taint] } });
    const nodeSelector = { 'kubernetes.io/hostname': 'node-1' };
    await world.create('Pod', pod('kept-away', { nodeSelector }));
    await world.create('Pod', pod('tolerant', { nodeSelector, tolerations: [gpu] }));
    await world.seconds(3);
    assert.equal(
      await reasonOf(world, 'kept-away'),
      "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
    );
    assert.equal(await nodeOf(world, 'tolerant'), 'node-1');
    await patchNode(world, 'node-1', { spec: { taints: null } });
    await world.seconds(10);
    assert.equal(await nodeOf(world, 'kept-away'), 'node-1');
  });

  test('a gate keeps it back, and may narrow where it goes', async (t) => {
    const world = await start(t);
    await world.create('Pod', pod('gated', { schedulingGates: [{ name: 'foo' }, { name: 'bar' }] }));
    await world.seconds(5);
    const gated = await world.get('Pod', 'gated');
    assert.deepEqual(
      gated.status?.conditions?.map(({ type, reason }) => [type, reason]),
      [['PodScheduled', 'SchedulingGated']],
    );
    await world.patch('Pod', 'gated', {
      spec: { schedulingGates: [{ name: 'foo' }], nodeSelector: { 'kubernetes.io/hostname': 'node-2' } },
    });
    await world.seconds(3);
    assert.equal(await nodeOf(world, 'gated'), undefined);
    await world.patch('Pod', 'gated', { spec: { schedulingGates: null } });
    await world.seconds(3);
    assert.equal(await nodeOf(world, 'gated'), 'node-2');
    assert.match(
      (await refusal(world.patch('Pod', 'gated', { spec: { nodeSelector: null } }))) ?? '',
      /^422 Invalid: /,
    );
  });
});

describe('ports of the node', () => {
  const onFirst = (name: string, port: Partial<ContainerPort>) =>
    pod(name, {
      nodeSelector: { 'kubernetes.io/hostname': 'node-1' },
      containers: [
        { name: 'c', image: 'agnhost', ports: [{ containerPort: 8080, hostPort: 54321, ...port }] },
      ],
    });
  const conflict =
    "0/2 nodes are available: 1 node(s) didn't have free ports for the requested pod ports, 1 node(s) didn't match Pod's node affinity/selector.";

  test('are apart by address and protocol', async (t) => {
    const world = await start(t);
    await world.create('Pod', onFirst('one', { hostIP: '127.0.0.1', protocol: 'TCP' }));
    await world.create('Pod', onFirst('two', { hostIP: '172.31.0.1', protocol: 'TCP' }));
    await world.create('Pod', onFirst('three', { hostIP: '172.31.0.1', protocol: 'UDP' }));
    await world.seconds(5);
    for (const name of ['one', 'two', 'three']) assert.equal(await nodeOf(world, name), 'node-1', name);
  });

  test('are one for all addresses', async (t) => {
    const world = await start(t);
    await world.create('Pod', onFirst('all', { protocol: 'TCP' }));
    await world.seconds(2);
    await world.create('Pod', onFirst('one', { hostIP: '127.0.0.1', protocol: 'TCP' }));
    await world.seconds(5);
    assert.equal((await reasonOf(world, 'one'))?.slice(0, conflict.length), conflict);
    await world.delete('Pod', 'all', 0);
    await world.seconds(10);
    assert.equal(await nodeOf(world, 'one'), 'node-1');
  });
});

describe('which node is best', () => {
  const spread = (whenUnsatisfiable: string) => ({
    labels: { app: 'spread' },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'zone',
        whenUnsatisfiable,
        labelSelector: { matchLabels: { app: 'spread' } },
      },
    ],
  });

  test('four pods are spread over two nodes', async (t) => {
    const world = await start(t, 3);
    await patchNode(world, 'node-1', { metadata: { labels: { zone: 'a' } } });
    await patchNode(world, 'node-2', { metadata: { labels: { zone: 'b' } } });
    const { labels, topologySpreadConstraints } = spread('DoNotSchedule');
    await world.create('ReplicaSet', {
      metadata: { name: 'spread' },
      spec: {
        replicas: 4,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [{ name: 'c', image: 'pause' }],
            topologySpreadConstraints,
            affinity: required('zone', ['a', 'b']),
          },
        },
      },
    });
    await world.seconds(5);
    const nodes = (await world.list('Pod')).map(({ spec }) => spec?.nodeName ?? '').sort();
    assert.deepEqual(nodes, ['node-1', 'node-1', 'node-2', 'node-2']);
  });

  test('one without those that it dislikes', async (t) => {
    const world = await start(t);
    await world.create('Pod', pod('first', { nodeSelector: { 'kubernetes.io/hostname': 'node-1' } }));
    await world.seconds(2);
    const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { name: 'first' } } };
    const affinity = {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }],
      },
    };
    await world.create('Pod', pod('second', { affinity }));
    await world.seconds(2);
    assert.equal(await nodeOf(world, 'second'), 'node-2');
  });

  test('one whose mild taints it tolerates', async (t) => {
    const world = await start(t);
    const taint = (key: string) => ({ key, effect: 'PreferNoSchedule' });
    await patchNode(world, 'node-1', { spec: { taints: [taint('a'), taint('b')] } });
    await patchNode(world, 'node-2', { spec: { taints: [taint('c'), taint('d')] } });
    await world.create(
      'Pod',
      pod('picky', {
        tolerations: ['c', 'd'].map((key) => ({ key, operator: 'Exists', effect: 'PreferNoSchedule' })),
      }),
    );
    await world.seconds(2);
    assert.equal(await nodeOf(world, 'picky'), 'node-2');
  });
});
