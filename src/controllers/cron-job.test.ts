import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import { fixedView } from '../client/fixed-view.ts';
import type { CronJobSpec } from '../kinds/generated/types.ts';
import type { KubeObject } from '../kinds/object.ts';
import { timestamp } from '../lib/timestamp.ts';
import { cronJob } from './cron-job.ts';

const pod = { restartPolicy: 'Never', containers: [{ name: 'once', image: 'busybox:1' }] };
const jobTemplate = { spec: { template: { spec: pod } } };
const at = { namespace: 'default', name: 'tick' };
const minute = 60_000;

describe('cron jobs', () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await startTestWorld({ controllers: [cronJob] });
  });
  afterEach(() => world.close());

  const start = async (spec: Partial<CronJobSpec> = {}) => {
    await world.client
      .of('CronJob')
      .create({ metadata: at, spec: { schedule: '* * * * *', jobTemplate, ...spec } });
    await world.settle();
  };
  const jobs = async () => {
    const { items } = await world.client.of('Job').list({ namespace: 'default' });
    return items.map(({ metadata }) => metadata.name ?? '').sort();
  };
  const status = async () => (await world.client.of('CronJob').get(at)).status ?? {};
  const active = async () => ((await status()).active ?? []).map(({ name }) => name);
  const nameAt = (time: number) => `tick-${Math.floor(time / minute)}`;
  const events = async () => {
    const { items } = await world.client.of('Event').list({ namespace: 'default' });
    return new Set(items.map(({ reason, message }) => `${reason}: ${message}`));
  };
  const finish = async (name: string | undefined, type: 'Complete' | 'Failed') => {
    const key = { namespace: 'default', name: name ?? '' };
    const time = timestamp(world.clock.now());
    const before = type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
    const condition = { status: 'True', lastProbeTime: time, lastTransitionTime: time };
    const patch = {
      status: {
        startTime: time,
        ...(type === 'Complete' ? { completionTime: time } : {}),
        conditions: [
          { ...condition, type: before },
          { ...condition, type },
        ],
      },
    };
    await world.client.of('Job').patch(key, { type: 'merge', patch, subresource: 'status' });
    await world.settle();
  };

  test('makes a Job at each time, and remembers those that run', async () => {
    await start({ timeZone: 'Europe/Berlin' });
    assert.deepEqual(await jobs(), []);
    await world.advance(minute + 1000);
    const name = nameAt(world.clock.now());
    assert.deepEqual(await jobs(), [name]);
    const found = await world.client.of('Job').get({ namespace: 'default', name });
    const time = found.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'] ?? '';
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:00\+0[12]:00$/);
    const { active: listed = [], ...rest } = await status();
    assert.deepEqual(
      listed.map((each) => [each.kind, each.name, each.uid]),
      [['Job', name, found.metadata.uid]],
    );
    assert.deepEqual(rest, { lastScheduleTime: timestamp(Date.parse(time)) });
    await finish(name, 'Complete');
    assert.deepEqual(await active(), []);
    assert.equal((await status()).lastSuccessfulTime, timestamp(world.clock.now()));
    assert.deepEqual(
      await events(),
      new Set([
        `SuccessfulCreate: Created job ${name}`,
        `SawCompletedJob: Saw completed job: ${name}, condition: Complete`,
      ]),
    );
  });

  const policies: Record<string, [string, number, string]> = {
    'Allow lets them run beside each other': ['Allow', 3, 'SuccessfulCreate'],
    'Forbid waits': ['Forbid', 1, 'JobAlreadyActive'],
    'Replace ends the one before': ['Replace', 1, 'SuccessfulDelete'],
  };
  for (const [name, [concurrencyPolicy, count, reason]] of Object.entries(policies))
    test(name, async () => {
      await start({ concurrencyPolicy });
      await world.advance(3 * minute + 1000);
      assert.equal((await jobs()).length, count);
      assert.deepEqual((await active()).sort(), await jobs());
      assert.ok([...(await events())].some((each) => each.startsWith(`${reason}: `)));
    });

  test('keeps as many of the finished as it is told', async () => {
    await start({ successfulJobsHistoryLimit: 2, failedJobsHistoryLimit: 0 });
    await world.advance(1000);
    for (let round = 0; round < 4; round++) {
      await world.advance(minute);
      await finish((await active())[0], round === 3 ? 'Failed' : 'Complete');
    }
    assert.equal((await jobs()).length, 2);
  });

  test('suspended it makes none; resumed, the last that was missed', async () => {
    await start({ suspend: true });
    await world.advance(5 * minute);
    assert.deepEqual(await jobs(), []);
    await world.client.of('CronJob').patch(at, { type: 'merge', patch: { spec: { suspend: false } } });
    await world.settle();
    assert.deepEqual(await jobs(), [nameAt(world.clock.now())]);
  });

  test('settled, it writes nothing until the next time', async () => {
    await start({ schedule: '0 0 1 1 *' });
    await world.advance(minute);
    const before = world.server.server.backend.cache.revision;
    await world.advance(10 * minute);
    assert.equal(world.server.server.backend.cache.revision, before);
  });
});

const now = Date.UTC(2026, 0, 2, 12, 0, 30);
const fixed = (spec: Partial<CronJobSpec>, metadata: object = {}): KubeObject =>
  ({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { ...at, uid: 'c', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
    spec: { schedule: '0 * * * *', jobTemplate, ...spec },
  }) as KubeObject;

const reconciled: Record<string, [KubeObject, string[]]> = {
  'one that is due': [fixed({}), ['create', 'patch', 'requeue 3570.1']],
  'one that is suspended': [fixed({ suspend: true }), []],
  'one that is being deleted': [fixed({}, { deletionTimestamp: '2026-01-02T00:00:00Z' }), []],
  'a start that is too late': [fixed({ startingDeadlineSeconds: 10 }), ['requeue 3570.1']],
  'a start that is just in time': [
    fixed({ startingDeadlineSeconds: 31 }),
    ['create', 'patch', 'requeue 3570.1'],
  ],
  'very many that were missed': [
    fixed({ schedule: '* * * * *' }),
    ['TooManyMissedTimes', 'create', 'patch', 'requeue 30.1'],
  ],
  'a zone nobody knows': [fixed({ timeZone: 'Mars/Olympus' }), ['UnknownTimeZone']],
  'a schedule nobody can read': [fixed({ schedule: 'often' }), ['UnparseableSchedule']],
};

test('what a CronJob asks for', () => {
  for (const [name, [object, expected]] of Object.entries(reconciled)) {
    const changes = [...cronJob.reconcile('default/tick', fixedView(cronJob, { now, objects: [object] }))];
    const told = changes.map((change) => {
      if (change.type === 'event') return change.event.reason;
      return change.type === 'requeueAfter' ? `requeue ${change.milliseconds / 1000}` : change.type;
    });
    assert.deepEqual(told, expected, name);
  }
});
