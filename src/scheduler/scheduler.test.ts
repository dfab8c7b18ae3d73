/** What needs a server that refuses, and the parts around the core. Against the API server: test/scheduler. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EventRecorder } from '../client/event-recorder.ts';
import { Informers } from '../client/informers.ts';
import { type Transport, TransportError, type TransportRequest } from '../client/transport.ts';
import { Client } from '../client/typed-client.ts';
import type { Node, Pod } from '../kinds/generated/types.ts';
import { silentLogger } from '../lib/log.ts';
import { createManualClock } from '../lib/manual-clock.ts';
import { MetricsRegistry } from '../lib/metrics.ts';
import { seededRandom } from '../lib/random.ts';
import { eventLabel } from './cluster-event.ts';
import { nodeChanges } from './cluster-watcher.ts';
import { writesInFlightMax } from './limits.ts';
import { lookedUpKinds, lookupsOf } from './lookups.ts';
import { schedulerMetrics } from './metrics.ts';
import type { QueuedPod } from './queue.ts';
import { startScheduler } from './scheduler.ts';
import { makeNode, makePod, viewOf } from './test-kit.ts';
import { isGone, statusPatch, timestamp } from './writes.ts';

const bytes = (body: object): Uint8Array => Buffer.from(JSON.stringify(body));
const fine = { status: 201, headers: {}, body: bytes({ kind: 'Status', status: 'Success' }) };
const answerWith = (body: object) => ({ status: 200, headers: {}, body: bytes(body) });
const refusal = (code: number, reason: string, message: string) => ({
  status: code,
  headers: {},
  body: bytes({ kind: 'Status', status: 'Failure', code, reason, message }),
});

type Answer = (request: TransportRequest) => ReturnType<typeof refusal> | Promise<typeof fine>;

/** A scheduler whose informers are fed by hand, and whose server answers as told. */
async function start(answer: Answer, pods: readonly Pod[]) {
  const clock = createManualClock();
  const random = seededRandom(1);
  const log = silentLogger;
  const { signal } = new AbortController();
  const requests: TransportRequest[] = [];
  const transport: Transport = {
    async send(request) {
      requests.push(request);
      return answer(request);
    },
    close: async () => {},
  };
  const client = new Client({ transport, clock, userAgent: 'test' });
  const informers = new Informers({ client, clock, random, log, freeze: true });
  const recorder = new EventRecorder({ client, clock, random, log, signal });
  const metrics = new MetricsRegistry();
  const scheduler = startScheduler({ client, informers, recorder, clock, random, log, signal, metrics });
  for (const kind of lookedUpKinds) informers.of(kind).replace([], 1);
  informers.of('Namespace').replace([], 1);
  informers.of('Node').replace([makeNode('a', { pods: '1000', cpu: '1' })], 1);
  informers.of('Pod').replace([...pods], 1);
  const settle = async () => {
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await settle();
  const sent = (what: string) => requests.filter(({ url }) => url.includes(what)).length;
  return { clock, scheduler, informers, requests, settle, sent };
}

describe('a binding that fails', () => {
  test('is taken back and tried again after its backoff', async () => {
    let isRefusing = true;
    const pod = makePod('p', { requests: { cpu: '1' } });
    const world = await start(
      ({ method, url }) => {
        if (isRefusing && url.includes('/binding')) return refusal(409, 'Conflict', 'not now');
        return Promise.resolve(method === 'GET' && url.endsWith('/pods/p') ? answerWith(pod) : fine);
      },
      [pod],
    );
    assert.deepEqual(world.scheduler.counts, { active: 0, backoff: 1, unschedulable: 0, gated: 0 });
    const patch = world.requests.find(({ method }) => method === 'PATCH');
    const said = JSON.parse(Buffer.from(patch?.body ?? []).toString());
    assert.deepEqual(said.status.conditions[0], {
      type: 'PodScheduled',
      status: 'False',
      reason: 'SchedulerError',
      message: 'running Bind plugin "DefaultBinder": not now',
      observedGeneration: 1,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    });
    isRefusing = false;
    world.clock.advance(1000);
    await world.settle();
    // The node has room for one: what was decided first no longer counts there.
    assert.equal(world.sent('/binding'), 2);
    assert.equal(world.scheduler.counts.backoff, 0);
  });

  test('for want of an answer keeps its room until the server says that it was not done', async () => {
    const pods = ['p', 'q'].map((name) => makePod(name, { requests: { cpu: '1' } }));
    const [pod] = pods as [Pod];
    let isSilent = true;
    const world = await start(({ method, url }) => {
      if (!url.includes('/pods/p')) return Promise.resolve(fine);
      if (url.endsWith('/binding') || isSilent) throw new TransportError('the cable is cut');
      const bound = { ...pod, spec: { ...pod.spec, nodeName: 'a' } };
      return Promise.resolve(method === 'GET' ? answerWith(bound) : fine);
    }, pods);
    // The node has room for one, and nobody can say yet that it is not taken.
    world.clock.advance(60_000);
    await world.settle();
    assert.deepEqual([world.sent('/pods/p/binding'), world.sent('/pods/q/binding')], [1, 0]);
    isSilent = false;
    world.clock.advance(60_000);
    await world.settle();
    assert.deepEqual([world.sent('/pods/p/binding'), world.sent('/pods/q/binding')], [1, 0]);
    assert.deepEqual(world.scheduler.counts, { active: 0, backoff: 0, unschedulable: 1, gated: 0 });
  });

  test('because the pod is gone is not tried again', async () => {
    const world = await start(
      ({ url }) =>
        url.includes('/binding') ? refusal(404, 'NotFound', 'pods "p" not found') : Promise.resolve(fine),
      [makePod('p')],
    );
    world.clock.advance(60_000);
    await world.settle();
    assert.equal(world.sent('/binding'), 1);
    assert.deepEqual(world.scheduler.counts, { active: 0, backoff: 0, unschedulable: 0, gated: 0 });
  });
});

test('so many bindings are under way and no more', async () => {
  const answers: (() => void)[] = [];
  const world = await start(
    ({ url }) =>
      url.includes('/binding')
        ? new Promise((resolve) => answers.push(() => resolve(fine)))
        : Promise.resolve(fine),
    Array.from({ length: writesInFlightMax + 10 }, (_, index) => makePod(`p${index}`)),
  );
  assert.deepEqual([world.sent('/binding'), world.scheduler.isBusy], [writesInFlightMax, true]);
  for (const each of answers.splice(0)) each();
  await world.settle();
  assert.equal(world.sent('/binding'), writesInFlightMax + 10);
});

test('what of a node matters', () => {
  const node = makeNode('a');
  const cases: Record<string, [Node, string[]]> = {
    'a heartbeat': [{ ...node, status: { ...node.status, conditions: [] } }, []],
    room: [makeNode('a', { cpu: '8' }), ['allocatable']],
    'a label': [makeNode('a', { labels: { zone: 'z' } }), ['labels']],
    'a taint': [makeNode('a', { taints: [{ key: 'x', effect: 'NoSchedule' }] }), ['taints']],
    'a cordon': [makeNode('a', { unschedulable: true }), ['unschedulable']],
  };
  for (const [name, [changed, expected]] of Object.entries(cases))
    assert.deepEqual([...nodeChanges(changed, node)], expected, name);
});

describe('the patch of a status', () => {
  const now = '2026-01-02T00:00:00Z';
  const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'full' };
  const before = { ...condition, observedGeneration: 1, lastTransitionTime: '2026-01-01T00:00:00Z' };
  const pod = (status: object): Pod => ({ metadata: { name: 'p', uid: 'u', generation: 1 }, status });
  const cases: Record<string, [object, Parameters<typeof statusPatch>[1], object | undefined]> = {
    'nothing new': [{ conditions: [before] }, { condition, nominatedNodeName: '' }, undefined],
    'another message keeps the time': [
      { conditions: [before] },
      { condition: { ...condition, message: 'fuller' } },
      { conditions: [{ ...before, message: 'fuller' }] },
    ],
    'a first condition': [{}, { condition }, { conditions: [{ ...before, lastTransitionTime: now }] }],
    'a nomination': [{}, { nominatedNodeName: 'a' }, { nominatedNodeName: 'a' }],
    'no more nomination': [
      { nominatedNodeName: 'a' },
      { nominatedNodeName: '' },
      { nominatedNodeName: null },
    ],
    'a nomination that stays': [{ nominatedNodeName: 'a' }, { nominatedNodeName: undefined }, undefined],
  };
  for (const [name, [status, change, expected]] of Object.entries(cases))
    test(name, () =>
      assert.deepEqual(
        statusPatch(pod(status), change, now),
        expected === undefined ? undefined : { metadata: { uid: 'u' }, status: expected },
      ),
    );
  test('times are whole seconds', () => assert.equal(timestamp(createManualClock()), '2026-01-01T00:00:00Z'));
  test('only the server says that something is gone', () => assert.equal(isGone(new Error('x')), false));
});

test('whose pod it is', async () => {
  const { informers } = await start(() => Promise.resolve(fine), []);
  const labels = { app: 'web' };
  informers.of('Service').replace(
    [
      { metadata: { name: 'web', namespace: 'default' }, spec: { selector: labels } },
      { metadata: { name: 'none', namespace: 'default' }, spec: {} },
      { metadata: { name: 'far', namespace: 'other' }, spec: { selector: labels } },
    ],
    2,
  );
  const selector = { matchLabels: { app: 'web', hash: '1' } };
  const template = { spec: { containers: [] } };
  informers
    .of('ReplicaSet')
    .replace([{ metadata: { name: 'rs', namespace: 'default' }, spec: { selector, template } }], 2);
  const view = viewOf('p', { labels });
  const ownerReferences = [
    { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid: '1', controller: true },
  ];
  const owned = { ...view, pod: { ...view.pod, metadata: { ...view.pod.metadata, ownerReferences } } };
  const lookups = lookupsOf(informers);
  assert.deepEqual(lookups.selectorsOf(view), [{ matchLabels: labels }]);
  assert.deepEqual(lookups.selectorsOf(owned), [{ matchLabels: labels }, selector]);
  assert.deepEqual(lookups.selectorsOf(viewOf('q')), []);
});

test('metrics under the names of upstream', () => {
  const registry = new MetricsRegistry();
  const metrics = schedulerMetrics(registry);
  const tried = { attempts: 2, firstTakenAt: 1000, takenAt: 3000 } as QueuedPod;
  const profile = 'default-scheduler';
  metrics.attempted(tried, { profile, result: 'error', at: 3500 });
  metrics.attempted(tried, { profile, result: 'scheduled', at: 4000 });
  metrics.incoming.of('active', eventLabel({ type: 'nodeDeleted' })).add();
  metrics.pending.gated.add(2);
  const samples = registry
    .render()
    .split('\n')
    .filter((line) => !line.startsWith('#') && !line.includes('_victims') && !line.includes('_bucket'));
  assert.deepEqual(samples, [
    'scheduler_pending_pods{queue="active"} 0',
    'scheduler_pending_pods{queue="backoff"} 0',
    'scheduler_pending_pods{queue="unschedulable"} 0',
    'scheduler_pending_pods{queue="gated"} 2',
    'scheduler_queue_incoming_pods_total{queue="active",event="NodeDelete"} 1',
    'scheduler_scheduling_algorithm_duration_seconds_sum 0',
    'scheduler_scheduling_algorithm_duration_seconds_count 0',
    'scheduler_preemption_attempts_total 0',
    'scheduler_schedule_attempts_total{profile="default-scheduler",result="error"} 1',
    'scheduler_schedule_attempts_total{profile="default-scheduler",result="scheduled"} 1',
    'scheduler_scheduling_attempt_duration_seconds_sum{profile="default-scheduler",result="error"} 0.5',
    'scheduler_scheduling_attempt_duration_seconds_count{profile="default-scheduler",result="error"} 1',
    'scheduler_scheduling_attempt_duration_seconds_sum{profile="default-scheduler",result="scheduled"} 1',
    'scheduler_scheduling_attempt_duration_seconds_count{profile="default-scheduler",result="scheduled"} 1',
    'scheduler_pod_scheduling_attempts_sum 2',
    'scheduler_pod_scheduling_attempts_count 1',
    'scheduler_pod_scheduling_sli_duration_seconds_sum{attempts="2"} 3',
    'scheduler_pod_scheduling_sli_duration_seconds_count{attempts="2"} 1',
    '',
  ]);
});
