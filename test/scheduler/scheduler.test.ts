/** The scheduler against the API server, on a clock that the test moves. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { Pod } from '../../src/kinds/generated/types.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { MetricsRegistry } from '../../src/lib/metrics.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { makeProfile } from '../../src/scheduler/profile.ts';
import { type RunningScheduler, startScheduler } from '../../src/scheduler/scheduler.ts';
import { makeNode, makePod, type NodeWords, type PodWords } from '../../src/scheduler/test-kit.ts';
import { startTestWorld, type TestWorld } from '../client/world.ts';

let world: TestWorld;
let scheduler: RunningScheduler;
let metrics: MetricsRegistry;
let stopping: AbortController;

async function start(): Promise<void> {
  world = await startTestWorld();
  metrics = new MetricsRegistry();
  stopping = new AbortController();
  const { client, informers, recorder, clock } = world;
  await client
    .of('Namespace')
    .create({ metadata: { name: 'other' } })
    .catch(() => {});
  const { signal } = stopping;
  const profiles = [makeProfile(), makeProfile({ schedulerName: 'careless', filters: [], preempts: false })];
  const random = seededRandom(7);
  const log = silentLogger;
  scheduler = startScheduler({ client, informers, recorder, clock, random, log, signal, profiles, metrics });
  await world.settle();
}

afterEach(async () => {
  stopping.abort();
  await world.close();
});

/** A new node is tainted until it is ready; here it is ready at once. */
async function addNode(name: string, words?: NodeWords): Promise<void> {
  const node = makeNode(name, words);
  await world.client.of('Node').create(node);
  const spec = { taints: node.spec?.taints ?? null };
  await world.client.of('Node').patch({ name }, { type: 'merge', patch: { spec } });
}

async function addPod(name: string, words: PodWords = {}): Promise<Pod> {
  const pod = makePod(name, words);
  return world.client
    .of('Pod')
    .create({ ...pod, metadata: { ...pod.metadata, uid: undefined, generation: undefined } });
}

const pod = (name: string) => world.client.of('Pod').get({ namespace: 'default', name });
const nodeOf = async (name: string) => (await pod(name)).spec?.nodeName;

async function scheduled(name: string) {
  const { status } = await pod(name);
  const found = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  return {
    status: found?.status,
    reason: found?.reason,
    message: found?.message,
    generation: found?.observedGeneration,
  };
}

async function events(name: string): Promise<string[]> {
  const { items } = await world.client.of('Event').list({ namespace: 'default' });
  return items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ type, reason, message, source }) => `${source?.component}: ${type} ${reason}: ${message}`);
}

describe('the scheduler', () => {
  test('binds a pod, and says so', async () => {
    await start();
    await addNode('node-1');
    await addPod('web');
    await world.settle();
    assert.equal(await nodeOf('web'), 'node-1');
    assert.deepEqual(await scheduled('web'), {
      status: 'True',
      reason: undefined,
      message: undefined,
      generation: (await scheduled('web')).generation,
    });
    assert.deepEqual(await events('web'), [
      'default-scheduler: Normal Scheduled: Successfully assigned default/web to node-1',
    ]);
    assert.match(
      metrics.render(),
      /scheduler_schedule_attempts_total\{profile="default-scheduler",result="scheduled"\} 1\n/,
    );
  });

  test('a pod waits for a node', async () => {
    await start();
    await addPod('web');
    await world.settle();
    assert.deepEqual(await scheduled('web'), {
      status: 'False',
      reason: 'Unschedulable',
      message: 'no nodes available to schedule pods',
      generation: 1,
    });
    assert.match(metrics.render(), /scheduler_pending_pods\{queue="unschedulable"\} 1\n/);
    await addNode('node-1');
    await world.settle();
    assert.equal(await nodeOf('web'), 'node-1');
    assert.deepEqual(await events('web'), [
      'default-scheduler: Warning FailedScheduling: no nodes available to schedule pods',
      'default-scheduler: Normal Scheduled: Successfully assigned default/web to node-1',
    ]);
  });

  test('says why there is no room, and takes the room that comes', async () => {
    await start();
    await addNode('node-1', { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] });
    await addNode('node-2', { cpu: '1' });
    await addPod('first', { requests: { cpu: '1' } });
    await world.settle();
    await addPod('second', { requests: { cpu: '1' } });
    await world.settle();
    const message =
      '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.';
    assert.equal((await scheduled('second')).message, message);
    assert.deepEqual(await events('second'), [`default-scheduler: Warning FailedScheduling: ${message}`]);
    const revision = world.server.server.backend.cache.revision;
    await world.advance(60_000);
    assert.equal(world.server.server.backend.cache.revision, revision, 'a waiting pod costs no writes');
    await world.client.of('Pod').delete({ namespace: 'default', name: 'first' }, { gracePeriodSeconds: 0 });
    await world.settle();
    assert.equal(await nodeOf('second'), 'node-2');
  });

  test('a pod with gates is left alone until they are gone', async () => {
    await start();
    await addNode('node-1');
    await addPod('gated', { schedulingGates: [{ name: 'example.com/wait' }] });
    await world.settle();
    assert.deepEqual([await nodeOf('gated'), scheduler.counts.gated], [undefined, 1]);
    assert.equal((await scheduled('gated')).reason, 'SchedulingGated');
    await world.client
      .of('Pod')
      .patch(
        { namespace: 'default', name: 'gated' },
        { type: 'merge', patch: { spec: { schedulingGates: null } } },
      );
    await world.settle();
    assert.equal(await nodeOf('gated'), 'node-1');
  });

  test('pods that are decided count before their binding is seen', async () => {
    await start();
    for (const name of ['node-1', 'node-2', 'node-3']) await addNode(name, { cpu: '2' });
    await Promise.all(
      Array.from({ length: 8 }, (_, index) => addPod(`p-${index}`, { requests: { cpu: '1' } })),
    );
    await world.settle();
    const { items } = await world.client.of('Pod').list({ namespace: 'default' });
    const perNode = new Map<string, number>();
    for (const { spec } of items)
      perNode.set(spec?.nodeName ?? '', (perNode.get(spec?.nodeName ?? '') ?? 0) + 1);
    assert.deepEqual(Object.fromEntries([...perNode].sort()), {
      '': 2,
      'node-1': 2,
      'node-2': 2,
      'node-3': 2,
    });
  });

  test('a more important pod takes the place of another', async () => {
    await start();
    await world.client.of('PriorityClass').create({ metadata: { name: 'high' }, value: 1000 });
    await addNode('node-1', { cpu: '1' });
    await addPod('low', { requests: { cpu: '1' } });
    await world.settle();
    await addPod('important', { requests: { cpu: '1' }, priorityClassName: 'high' });
    await world.settle();
    // Its kubelet has not let the victim go yet.
    assert.equal((await pod('important')).status?.nominatedNodeName, 'node-1');
    const victim = await pod('low');
    assert.ok(victim.metadata.deletionTimestamp);
    const condition = victim.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
    assert.deepEqual(
      [condition?.status, condition?.reason, condition?.message],
      ['True', 'PreemptionByScheduler', 'default-scheduler: preempting to accommodate a higher priority pod'],
    );
    await world.client.of('Pod').delete({ namespace: 'default', name: 'low' }, { gracePeriodSeconds: 0 });
    await world.settle();
    const bound = await pod('important');
    assert.deepEqual([bound.spec?.nodeName, bound.status?.nominatedNodeName], ['node-1', undefined]);
    assert.deepEqual(await events('low'), [
      'default-scheduler: Normal Scheduled: Successfully assigned default/low to node-1',
      `default-scheduler: Normal Preempted: Preempted by pod ${bound.metadata.uid} on node node-1`,
    ]);
    assert.equal(
      (await events('important'))[0],
      'default-scheduler: Warning FailedScheduling: 0/1 nodes are available: 1 Insufficient cpu.',
    );
  });

  test('a pod whose victims are still going takes no others', async () => {
    await start();
    await world.client.of('PriorityClass').create({ metadata: { name: 'high' }, value: 1000 });
    for (const name of ['node-1', 'node-2']) await addNode(name, { cpu: '1' });
    await addNode('node-3', { cpu: '100m', unschedulable: true });
    for (const name of ['low-1', 'low-2']) await addPod(name, { requests: { cpu: '1' } });
    await world.settle();
    await addPod('important', { requests: { cpu: '1' }, priorityClassName: 'high' });
    await world.settle();
    await world.client
      .of('Node')
      .patch({ name: 'node-3' }, { type: 'merge', patch: { spec: { unschedulable: null } } });
    await world.settle();
    assert.equal(
      (await scheduled('important')).message,
      '0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to a terminating pod on the nominated node.',
    );
    const going = (await Promise.all(['low-1', 'low-2'].map(pod))).filter(
      ({ metadata }) => metadata.deletionTimestamp !== undefined,
    );
    assert.deepEqual(
      going.map(({ spec }) => spec?.nodeName),
      [(await pod('important')).status?.nominatedNodeName],
    );
  });

  test('each profile has its own rules; a name that nobody has is left alone', async () => {
    await start();
    await addNode('node-1', { unschedulable: true });
    await addPod('careless', { schedulerName: 'careless' });
    await addPod('strange', { schedulerName: 'nobody' });
    await world.settle();
    assert.deepEqual([await nodeOf('careless'), await nodeOf('strange')], ['node-1', undefined]);
    assert.deepEqual(await events('strange'), []);
  });

  test('replicas of a Service are spread', async () => {
    await start();
    for (const name of ['node-1', 'node-2', 'node-3']) await addNode(name);
    await world.client.of('Service').create({
      metadata: { name: 'web', namespace: 'default' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    });
    await world.settle();
    for (let index = 0; index < 6; index++) await addPod(`web-${index}`, { labels: { app: 'web' } });
    await world.settle();
    const nodes = await Promise.all(Array.from({ length: 6 }, (_, index) => nodeOf(`web-${index}`)));
    assert.deepEqual(nodes.sort(), ['node-1', 'node-1', 'node-2', 'node-2', 'node-3', 'node-3']);
  });

  test('a node that is uncordoned is used', async () => {
    await start();
    await addNode('node-1', { unschedulable: true });
    await addPod('web');
    await world.settle();
    assert.equal(
      (await scheduled('web')).message,
      '0/1 nodes are available: 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    );
    await world.client
      .of('Node')
      .patch({ name: 'node-1' }, { type: 'merge', patch: { spec: { unschedulable: null } } });
    await world.settle();
    assert.equal(await nodeOf('web'), 'node-1');
  });

  test('one that starts later takes up what is there: pods, and who was to go where', async () => {
    await start();
    stopping.abort();
    for (const name of ['node-1', 'node-2']) await addNode(name, { cpu: '1' });
    await addPod('web', { requests: { cpu: '1' } });
    await world.client
      .of('Pod')
      .patch(
        { namespace: 'default', name: 'web' },
        { type: 'merge', patch: { status: { nominatedNodeName: 'node-2' } }, subresource: 'status' },
      );
    await world.settle();
    assert.equal(await nodeOf('web'), undefined);
    stopping = new AbortController();
    const { client, informers, recorder, clock } = world;
    const { signal } = stopping;
    startScheduler({
      client,
      informers,
      recorder,
      clock,
      random: seededRandom(1),
      log: silentLogger,
      signal,
    });
    await world.settle();
    assert.equal(await nodeOf('web'), 'node-2');
  });
});
