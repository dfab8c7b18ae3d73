/**
 * A cluster full of mistakes: each ends in upstream's message, and nobody tries again and again. What is tried is
 * counted by the loops themselves, in /metrics, over simulated time.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { keyBackoff } from '../../src/client/limits.ts';
import type { CoreEvent, Deployment, EndpointSlice, Job, Pod } from '../../src/kinds/generated/types.ts';
import { StatusError } from '../../src/kinds/status.ts';
import { controllerManager, scheduler } from '../../src/testing/components.ts';
import { type Simulation, startSimulation } from '../../src/testing/simulation.ts';

const minute = 60_000;
const labels = { app: 'web' };
const selector = { matchLabels: labels };

const template = (app: string, spec: object = {}, annotations?: Record<string, string>) => ({
  metadata: { labels: { app }, annotations },
  spec: { containers: [{ name: 'web', image: 'nginx' }], ...spec },
});

const workload = (kind: string, name: string, spec: object) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { namespace: 'default', name },
  spec: { replicas: 2, selector, template: template('web'), ...spec },
});

const podAsking = (name: string, cpu: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'default', name },
  spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }], ...spec },
});

const longName = 'a'.repeat(60);
const tooLongName = 'a'.repeat(64);
const cronJob = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { namespace: 'default', name: 'sometimes' },
  spec: {
    schedule: 'every now and then',
    jobTemplate: { spec: { template: template('cron', { restartPolicy: 'Never' }) } },
  },
};

const mismatch =
  'spec.template.metadata.labels: Invalid value: {"app":"other"}: `selector` does not match template `labels`';
const wrong = { template: template('other') };

/** What the API server refuses outright. */
const refused: Readonly<Record<string, { object: object; message: string }>> = {
  'a Deployment whose selector does not match its template': {
    object: workload('Deployment', 'web', wrong),
    message: `Deployment.apps "web" is invalid: ${mismatch}`,
  },
  'a ReplicaSet of that kind': {
    object: workload('ReplicaSet', 'web', wrong),
    message: `ReplicaSet.apps "web" is invalid: ${mismatch}`,
  },
  'a StatefulSet of that kind': {
    object: workload('StatefulSet', 'web', { serviceName: 'web', ...wrong }),
    message: `StatefulSet.apps "web" is invalid: ${mismatch}`,
  },
  'a CronJob whose schedule is none': {
    object: cronJob,
    message:
      'CronJob.batch "sometimes" is invalid: spec.schedule: Invalid value: "every now and then": expected exactly 5 fields, found 4: [every now and then]',
  },
  'a StatefulSet whose name is too long for a host name': {
    object: workload('StatefulSet', tooLongName, { serviceName: 'web' }),
    message: `StatefulSet.apps "${tooLongName}" is invalid: metadata.name: Invalid value: "${tooLongName}": must be no more than 63 bytes`,
  },
};

/** What it takes, and nobody can make true. */
const accepted: readonly object[] = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'default', name: 'nothing' },
    spec: { selector: { app: 'nobody' }, ports: [{ port: 80 }] },
  },
  podAsking('big', '64'),
  podAsking('crowded', '3'),
  podAsking('lost', '1', { nodeSelector: { disk: 'none' } }),
  podAsking('unclaimed', '1', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'none' } }] }),
  ...['node-1', 'node-2', 'node-3'].map((nodeName) => podAsking(`on-${nodeName}`, '2', { nodeName })),
  ...['one', 'two'].map((name) => workload('ReplicaSet', name, {})),
  ...['three', 'four'].map((name) => workload('Deployment', name, {})),
  {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { namespace: 'default', name: 'fails' },
    spec: {
      backoffLimit: 2,
      template: template('job', { restartPolicy: 'Never' }, { 'sim.wherry.dev/crash': 'true' }),
    },
  },
  workload('StatefulSet', longName, { serviceName: 'web' }),
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'small', name: 'web' },
    spec: { replicas: 3, selector, template: template('web') },
  },
];

/** Waits of a failing key double from 5 ms to their longest: so many retries come in the first ten minutes. */
const firstRetriesMax = 20;

/** In the next twenty at most one for each longest wait, and one whose wait began earlier. */
const laterRetriesMax = 1 + (20 * 60_000) / keyBackoff.maxMilliseconds;

/** Beyond what the same cluster does without any mistake: keys that come once more for a status that was written. */
const laterAddsMax = 12;

type Counts = ReadonlyMap<string, number>;

async function countsOf({ transport }: Simulation): Promise<Counts> {
  const { body } = await transport.send({ method: 'GET', url: '/metrics' });
  const counts = new Map<string, number>();
  for (const line of Buffer.from(body as Uint8Array)
    .toString()
    .split('\n')) {
    const space = line.lastIndexOf(' ');
    if (!line.startsWith('#')) counts.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return counts;
}

/** How much counters of a family have grown: by their labels, those that have not are left out. */
function growth(counts: Counts, earlier: Counts, family: string): Map<string, number> {
  const grown = new Map<string, number>();
  for (const [series, value] of counts) {
    const more = value - (earlier.get(series) ?? 0);
    if (series.startsWith(`${family}{`) && more > 0) grown.set(series.slice(family.length), more);
  }
  return grown;
}

interface Run {
  readonly simulation: Simulation;
  /** At the start, after ten minutes, and after half an hour. */
  readonly counts: readonly [Counts, Counts, Counts];
}

async function run(objects: readonly object[]): Promise<Run> {
  const simulation = await startSimulation({
    seed: 1,
    nodes: 3,
    components: [controllerManager(), scheduler()],
    nodeOptions: { removeNotReadyTaint: false },
  });
  const { client } = simulation;
  await client.of('Namespace').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'small' } });
  await client.of('ResourceQuota').create({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { namespace: 'small', name: 'few' },
    spec: { hard: { pods: '1' } },
  });
  await simulation.advance(1000);
  const start = await countsOf(simulation);
  for (const object of objects) await post(simulation, object);
  await simulation.advance(10 * minute);
  const early = await countsOf(simulation);
  await simulation.advance(20 * minute);
  return { simulation, counts: [start, early, await countsOf(simulation)] };
}

async function post({ client }: Simulation, object: object): Promise<void> {
  const { kind } = object as { kind: 'Pod' };
  await client.of(kind).create(object as Pod);
}

describe('a cluster full of mistakes', () => {
  let quiet: Run;
  let mistaken: Run;

  before(async () => {
    quiet = await run([]);
    mistaken = await run(accepted);
  });

  after(async () => {
    await quiet?.simulation.close();
    await mistaken?.simulation.close();
  });

  const list = async (kind: 'Pod' | 'Event' | 'EndpointSlice' | 'Deployment' | 'Job', namespace: string) =>
    (await mistaken.simulation.client.of(kind).list({ namespace })).items;

  /** `Pod/big: ...`, told once each. */
  const eventsOf = async (reason: string, namespace = 'default') => {
    const events = (await list('Event', namespace)) as CoreEvent[];
    const told = events
      .filter((event) => event.reason === reason)
      .map(({ involvedObject: { kind, name }, message }) => `${kind}/${name}: ${message}`);
    return [...new Set(told)].sort();
  };

  test('what cannot be is refused', async () => {
    for (const [name, { object, message }] of Object.entries(refused))
      await assert.rejects(
        post(mistaken.simulation, object),
        (error) => {
          assert.ok(error instanceof StatusError);
          assert.deepEqual([error.httpCode, error.message], [422, message]);
          return true;
        },
        name,
      );
  });

  test('pods that fit nowhere say why, and whether preemption would help', async () => {
    const messages = {
      big: '0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
      crowded:
        '0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.',
      lost: "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
      unclaimed: '0/3 nodes are available: persistentvolumeclaim "none" not found. not found',
    };
    const expected = Object.entries(messages);
    assert.deepEqual(
      await eventsOf('FailedScheduling'),
      expected.map(([name, message]) => `Pod/${name}: ${message}`),
    );
    const pods = (await list('Pod', 'default')) as Pod[];
    const conditions = pods.flatMap(({ metadata, status }) =>
      (status?.conditions ?? [])
        .filter(({ reason }) => reason === 'Unschedulable')
        .map(({ type, status: holds, message }) => [metadata.name, type, holds, message]),
    );
    assert.deepEqual(
      conditions,
      expected.map(([name, message]) => [name, 'PodScheduled', 'False', message]),
    );
  });

  test('a Service whose selector matches nothing has one slice without endpoints', async () => {
    const slices = (await list('EndpointSlice', 'default')) as EndpointSlice[];
    const found = slices.filter(({ metadata }) => metadata.generateName === 'nothing-');
    assert.deepEqual(
      found.map(({ endpoints, ports }) => ({ endpoints, ports })),
      [{ endpoints: null, ports: null }],
    );
  });

  test('owners with the same selector keep to their own pods', async () => {
    const pods = (await list('Pod', 'default')) as Pod[];
    const owners = new Map<string, number>();
    for (const { metadata } of pods.filter((pod) => pod.metadata.labels?.app === 'web')) {
      const owner = metadata.ownerReferences?.[0]?.name.replace(/-.*/, '') ?? 'nobody';
      owners.set(owner, (owners.get(owner) ?? 0) + 1);
    }
    assert.deepEqual(Object.fromEntries([...owners].sort()), { four: 2, one: 2, three: 2, two: 2 });
    const deployments = (await list('Deployment', 'default')) as Deployment[];
    assert.deepEqual(
      deployments.map(({ status }) => status?.readyReplicas),
      [2, 2],
    );
  });

  test('a quota that is used up is told in the status and in Events', async () => {
    const name =
      /^Error creating: pods "web-[a-z0-9]+-[a-z0-9]{5}" is forbidden: exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1$/;
    const told = await eventsOf('FailedCreate', 'small');
    assert.ok(told.length > 1);
    for (const line of told)
      assert.match(line.replace(/^.*?: (\(combined from similar events\): )?/, ''), name);
    const [web] = (await list('Deployment', 'small')) as Deployment[];
    assert.deepEqual(
      web?.status?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`).sort(),
      [
        'Available False MinimumReplicasUnavailable',
        'Progressing False ProgressDeadlineExceeded',
        'ReplicaFailure True FailedCreate',
      ],
    );
  });

  test('a Job whose pods fail gives up', async () => {
    const [job] = (await list('Job', 'default')) as Job[];
    const message = 'Job has reached the specified backoff limit';
    assert.deepEqual(
      job?.status?.conditions?.map((each) => [each.type, each.status, each.reason, each.message]),
      [
        ['FailureTarget', 'True', 'BackoffLimitExceeded', message],
        ['Failed', 'True', 'BackoffLimitExceeded', message],
      ],
    );
    assert.equal(job?.status?.failed, 3);
    assert.deepEqual(await eventsOf('BackoffLimitExceeded'), [`Job/fails: ${message}`]);
  });

  test('a StatefulSet whose name leaves no room for a revision says so', async () => {
    const [line, ...others] = await eventsOf('FailedCreate');
    assert.deepEqual(others, []);
    assert.match(
      line ?? '',
      /^StatefulSet\/(a{60}): create Pod \1-0 in StatefulSet \1 failed error: Pod "\1-0" is invalid: metadata\.labels: Invalid value: "\1-[a-z0-9]{8,10}": must be no more than 63 bytes$/,
    );
  });

  test('nobody spins', () => {
    const [start, early, late] = mistaken.counts;
    const retries = 'workqueue_retries_total';
    const firstRetries = growth(early, start, retries);
    const laterRetries = growth(late, early, retries);
    // Only those whose writes are refused try again, ever more slowly.
    assert.deepEqual([...laterRetries.keys()].sort(), ['{name="replicaset"}', '{name="statefulset"}']);
    for (const [queue, count] of firstRetries)
      assert.ok(count <= firstRetriesMax, `${queue}: ${count} retries`);
    for (const [queue, count] of laterRetries)
      assert.ok(count <= laterRetriesMax, `${queue}: ${count} retries`);
    const adds = 'workqueue_adds_total';
    const usual = growth(quiet.counts[2], quiet.counts[1], adds);
    for (const [queue, count] of growth(late, early, adds)) {
      const more = count - (usual.get(queue) ?? 0);
      assert.ok(more <= laterAddsMax, `${queue}: ${more} keys more than without mistakes`);
    }
  });

  test('a pod that fits nowhere is tried again after five minutes at the earliest', () => {
    const [, early, late] = mistaken.counts;
    const attempts = growth(late, early, 'scheduler_schedule_attempts_total');
    assert.deepEqual([...attempts.keys()], ['{profile="default-scheduler",result="unschedulable"}']);
    // Four pods, twenty minutes.
    for (const count of attempts.values()) assert.ok(count <= 4 * 4, `${count} attempts`);
    const waiting = 'scheduler_pending_pods{queue="unschedulable"}';
    assert.equal(late.get(waiting), 4);
  });
});
