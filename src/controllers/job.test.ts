import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import { fixedView } from '../client/fixed-view.ts';
import type { Job, JobSpec, Pod, PodStatus } from '../kinds/generated/types.ts';
import type { KubeObject } from '../kinds/object.ts';
import { garbageCollector } from './garbage-collector.ts';
import { trackingFinalizer } from './job/pods.ts';
import { job } from './job.ts';
import { ttlAfterFinished } from './ttl-after-finished.ts';

const container = { name: 'once', image: 'busybox:1' };
const template = { spec: { restartPolicy: 'Never', containers: [container] } };
const at = { namespace: 'default', name: 'once' };

describe('jobs', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await startTestWorld({ controllers: [job, ttlAfterFinished, garbageCollector] });
  });
  afterEach(() => world.close());

  const jobs = () => world.client.of('Job');
  const start = async (spec: Partial<JobSpec>) => {
    await jobs().create({ metadata: at, spec: { template, ...spec } });
    await world.settle();
  };
  const merge = (patch: object) => ({ type: 'merge' as const, patch });
  const pods = async (): Promise<Pod[]> => {
    const { items } = await world.client.of('Pod').list({ namespace: 'default' });
    return items.toSorted((left, right) => nameOf(left).localeCompare(nameOf(right)));
  };
  const nameOf = ({ metadata }: Pod): string => metadata.name ?? '';
  const waiting = async () => (await pods()).filter(({ status }) => status?.phase === 'Pending');
  const set = async (pod: Pod | undefined, status: PodStatus) => {
    const key = { namespace: 'default', name: nameOf(pod as Pod) };
    await world.client.of('Pod').patch(key, { ...merge({ status }), subresource: 'status' });
    await world.settle();
  };
  const exited = (exitCode: number): PodStatus => ({
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    containerStatuses: [
      {
        name: 'once',
        image: 'busybox:1',
        imageID: '',
        ready: false,
        restartCount: 0,
        state: { terminated: { exitCode, finishedAt: new Date(world.clock.now()).toISOString() } },
      },
    ],
  });
  const exit = async (code: number) => set((await waiting())[0], exited(code));
  const status = async () => {
    const { status: found = {} } = await jobs().get(at);
    const { conditions, startTime, completionTime, ...rest } = found;
    return {
      ...rest,
      began: startTime !== undefined,
      completed: completionTime !== undefined,
      conditions: (conditions ?? []).map(
        (each) => `${each.type}=${each.status} ${each.reason}: ${each.message}`,
      ),
    };
  };
  const events = async () => {
    const { items } = await world.client.of('Event').list({ namespace: 'default' });
    return items
      .filter(({ involvedObject }) => involvedObject.kind === 'Job')
      .map((each) => `${each.type} ${each.reason} x${each.count ?? 1}`)
      .sort();
  };
  const uncountedTerminatedPods = {};
  const settled = { terminating: 0, ready: 0, began: true, uncountedTerminatedPods };
  const reached = 'CompletionsReached: Reached expected number of succeeded pods';
  const succeededConditions = [`SuccessCriteriaMet=True ${reached}`, `Complete=True ${reached}`];
  const failedConditions = (why: string) => [`FailureTarget=True ${why}`, `Failed=True ${why}`];

  test('runs as many pods as have to succeed, and then is complete', async () => {
    await start({ completions: 3, parallelism: 2 });
    assert.deepEqual(
      (await pods()).map(({ metadata }) => [metadata.finalizers, metadata.generateName]),
      Array(2).fill([[trackingFinalizer], 'once-']),
    );
    assert.deepEqual(await status(), { ...settled, active: 2, completed: false, conditions: [] });
    await set((await waiting())[0], { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] });
    assert.deepEqual((await status()).ready, 1);
    for (let round = 0; round < 2; round++) await exit(0);
    assert.deepEqual(await status(), {
      ...settled,
      active: 1,
      succeeded: 2,
      ready: 1,
      completed: false,
      conditions: [],
    });
    await set(
      (await pods()).find((pod) => pod.status?.phase === 'Running'),
      exited(0),
    );
    assert.deepEqual(await status(), {
      ...settled,
      succeeded: 3,
      completed: true,
      conditions: succeededConditions,
    });
    assert.deepEqual(
      (await pods()).map(({ metadata }) => metadata.finalizers),
      Array(3).fill(undefined),
    );
    assert.deepEqual(await events(), ['Normal Completed x1', ...Array(3).fill('Normal SuccessfulCreate x1')]);
  });

  test('failed pods are replaced after 10 s, 20 s ..., until the limit', async () => {
    await start({ backoffLimit: 2 });
    for (const wait of [10, 20]) {
      await exit(1);
      await world.advance(wait * 1000 - 1000);
      assert.equal((await waiting()).length, 0, `before ${wait} s`);
      await world.advance(1000);
      assert.equal((await waiting()).length, 1, `after ${wait} s`);
    }
    await exit(1);
    const why = 'BackoffLimitExceeded: Job has reached the specified backoff limit';
    const expected = { ...settled, failed: 3, completed: false, conditions: failedConditions(why) };
    assert.deepEqual(await status(), expected);
    assert.ok((await events()).includes('Warning BackoffLimitExceeded x1'));
  });

  test('a deadline takes the pods that run', async () => {
    await start({ activeDeadlineSeconds: 30, parallelism: 2, completions: 2 });
    await world.advance(31_000);
    const why = 'DeadlineExceeded: Job was active longer than specified deadline';
    const expected = { ...settled, failed: 2, completed: false, conditions: failedConditions(why) };
    assert.deepEqual(await status(), expected);
    assert.deepEqual(await pods(), []);
  });

  test('each index of an Indexed Job succeeds once', async () => {
    await start({ completionMode: 'Indexed', completions: 3, parallelism: 3 });
    const label = 'batch.kubernetes.io/job-completion-index';
    const fieldRef = { apiVersion: 'v1', fieldPath: `metadata.labels['${label}']` };
    assert.deepEqual(
      (await pods()).map(({ metadata, spec }) => [
        nameOf({ metadata }).slice(0, 7),
        metadata.labels?.[label],
        metadata.annotations?.[label],
        spec?.hostname,
        spec?.containers[0]?.env,
      ]),
      [0, 1, 2].map((index) => [
        `once-${index}-`,
        `${index}`,
        `${index}`,
        `once-${index}`,
        [{ name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef } }],
      ]),
    );
    await set((await pods())[2], exited(0));
    await exit(0);
    assert.equal((await status()).completedIndexes, '0,2');
    await exit(0);
    const end = { completed: true, conditions: succeededConditions };
    assert.deepEqual(await status(), { ...settled, succeeded: 3, completedIndexes: '0-2', ...end });
  });

  test('with a limit per index the others go on', async () => {
    await start({ completionMode: 'Indexed', completions: 2, parallelism: 2, backoffLimitPerIndex: 1 });
    const failures = 'batch.kubernetes.io/job-index-failure-count';
    await exit(1);
    await world.advance(10_000);
    const again = (await waiting()).find((pod) => nameOf(pod).startsWith('once-0-'));
    assert.equal(again?.metadata.annotations?.[failures], '1');
    await set(again, exited(1));
    assert.equal((await status()).failedIndexes, '0');
    await exit(0);
    assert.deepEqual(await status(), {
      ...settled,
      succeeded: 1,
      failed: 2,
      completedIndexes: '1',
      failedIndexes: '0',
      completed: false,
      conditions: failedConditions('FailedIndexes: Job has failed indexes'),
    });
  });

  test('a policy ends the Job, or looks away', async () => {
    const onExitCodes = (value: number) => ({ operator: 'In', values: [value] });
    const rules = [
      { action: 'Ignore', onExitCodes: onExitCodes(7) },
      { action: 'FailJob', onExitCodes: onExitCodes(42) },
    ];
    await start({ podFailurePolicy: { rules }, backoffLimit: 0 });
    await exit(7);
    await world.advance(10_000);
    const name = nameOf((await waiting())[0] as Pod);
    await exit(42);
    const why = `PodFailurePolicy: Container once for pod default/${name} failed with exit code 42 matching FailJob rule at index 1`;
    const expected = { ...settled, failed: 1, completed: false, conditions: failedConditions(why) };
    assert.deepEqual(await status(), expected);
  });

  test('a success policy ends the pods that are not needed', async () => {
    const successPolicy = { rules: [{ succeededIndexes: '1' }] };
    await start({ completionMode: 'Indexed', completions: 2, parallelism: 2, successPolicy });
    await set((await pods())[1], exited(0));
    const why = 'SuccessPolicy: Matched rules at index 0';
    assert.deepEqual(await status(), {
      ...settled,
      succeeded: 1,
      completedIndexes: '1',
      completed: true,
      conditions: [`SuccessCriteriaMet=True ${why}`, `Complete=True ${why}`],
    });
    assert.equal((await pods()).length, 1);
  });

  test('suspended it has no pods, and its time begins anew when it is resumed', async () => {
    await start({ activeDeadlineSeconds: 30 });
    await world.advance(20_000);
    const suspend = async (value: boolean) => {
      await jobs().patch(at, merge({ spec: { suspend: value } }));
      await world.settle();
    };
    await suspend(true);
    assert.deepEqual(await pods(), []);
    const conditions = ['Suspended=True JobSuspended: Job suspended'];
    assert.deepEqual(await status(), { ...settled, began: false, completed: false, conditions });
    await world.advance(60_000);
    await suspend(false);
    assert.equal((await pods()).length, 1);
    await world.advance(20_000);
    assert.deepEqual((await status()).conditions, ['Suspended=False JobResumed: Job resumed']);
    await world.advance(10_000);
    assert.equal((await status()).conditions.length, 3);
  });

  test('it goes when its time after the end is over, with its pods', async () => {
    await start({ ttlSecondsAfterFinished: 60 });
    await exit(0);
    await world.advance(59_000);
    assert.equal((await jobs().list({ namespace: 'default' })).items.length, 1);
    await world.advance(2000);
    assert.deepEqual((await jobs().list({ namespace: 'default' })).items, []);
    assert.deepEqual(await pods(), []);
  });

  test('a Job that is deleted lets its pods go', async () => {
    await start({});
    await jobs().delete(at, { propagationPolicy: 'Background' });
    await world.settle();
    assert.deepEqual(await pods(), []);
  });

  test('settled, it writes nothing', async () => {
    await start({ completions: 2, parallelism: 2 });
    await exit(0);
    const before = (await jobs().get(at)).metadata.resourceVersion;
    await world.advance(120_000);
    assert.equal((await jobs().get(at)).metadata.resourceVersion, before);
  });
});

const now = Date.UTC(2026, 0, 1);
const fixed = (spec: Partial<JobSpec>, more: Partial<Job> = {}): KubeObject =>
  ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...at, uid: 'j' },
    spec: { template, selector: { matchLabels: { app: 'once' } }, ...spec },
    ...more,
  }) as KubeObject;
const done = { type: 'Complete', status: 'True' };

const reconciled: Record<string, [KubeObject[], string[]]> = {
  'a new one': [[fixed({ parallelism: 2, completions: 5 })], ['update', 'create', 'create']],
  'another`s': [[fixed({ managedBy: 'example.com/own' })], []],
  'one that has ended': [[fixed({}, { status: { conditions: [done] } })], []],
  'one that is being deleted': [
    [fixed({}, { metadata: { ...at, uid: 'j', deletionTimestamp: '2026-01-01T00:00:00Z' } })],
    ['update'],
  ],
  'one with a deadline': [[fixed({ activeDeadlineSeconds: 5 })], ['update', 'create', 'requeueAfter']],
  'more than one sync may make': [
    [fixed({ parallelism: 700, completions: 700 })],
    ['update', ...Array<string>(500).fill('create')],
  ],
};

test('what a Job asks for', () => {
  for (const [name, [objects, expected]] of Object.entries(reconciled)) {
    const changes = job.reconcile('default/once', fixedView(job, { now, objects }));
    assert.deepEqual(
      Array.from(changes, ({ type }) => type),
      expected,
      name,
    );
  }
});
