/** Source of the cases: test/e2e/apps/cronjob.go and test/integration/cronjob/cronjob_test.go of kubernetes/kubernetes. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { CronJob, CronJobSpec } from '../../../src/kinds/generated/types.ts';
import { type AppsWorld, refusal, startApps } from './world.ts';

const path = '/apis/batch/v1/namespaces/default/cronjobs/tick';
const minute = 60;

const cronJob = (spec: Partial<CronJobSpec> = {}, annotations: object = {}) => ({
  metadata: { name: 'tick', labels: { suite: 'apps' } },
  spec: {
    schedule: '*/1 * * * ?',
    jobTemplate: {
      spec: {
        template: {
          metadata: { annotations },
          spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox:1' }] },
        },
      },
    },
    ...spec,
  },
});

/** Runs for five minutes. */
const long = { 'sim.wherry.dev/exit-after-seconds': '300' };
const failing = { 'sim.wherry.dev/exit-code': '1' };

async function start(t: TestContext, object: object): Promise<AppsWorld> {
  const world = await startApps(t);
  await world.create('CronJob', object);
  return world;
}

const active = async (world: AppsWorld) =>
  (await world.get('CronJob', 'tick')).status?.active?.map(({ name }) => name) ?? [];
const jobs = async (world: AppsWorld) => (await world.list('Job')).map(({ metadata }) => metadata.name);

describe('the Jobs of a CronJob', () => {
  test('run beside each other', async (t) => {
    const world = await start(t, cronJob({ concurrencyPolicy: 'Allow' }, long));
    await world.seconds(2 * minute + 5);
    assert.deepEqual([(await active(world)).length, (await jobs(world)).length], [2, 2]);
    assert.deepEqual(
      (await world.events('tick')).filter((text) => text.startsWith('Warning')),
      [],
    );
  });

  test('are not made while it is suspended', async (t) => {
    const world = await start(t, cronJob({ suspend: true }));
    await world.seconds(5 * minute);
    assert.deepEqual([await active(world), await jobs(world)], [[], []]);
  });

  test('wait for the one that runs', async (t) => {
    const world = await start(t, cronJob({ concurrencyPolicy: 'Forbid' }, long));
    await world.seconds(minute + 5);
    const first = await active(world);
    await world.seconds(2 * minute);
    assert.deepEqual([await active(world), (await jobs(world)).length], [first, 1]);
    const said = (await world.events('tick')).filter((text) => text.includes('JobAlreadyActive'));
    assert.deepEqual(
      new Set(said),
      new Set([
        'Normal JobAlreadyActive Not starting job because prior execution is running and concurrency policy is Forbid',
      ]),
    );
  });

  test('take the place of the one that runs', async (t) => {
    const world = await start(t, cronJob({ concurrencyPolicy: 'Replace' }, long));
    await world.seconds(minute + 5);
    const [first] = await active(world);
    await world.seconds(minute);
    const second = await active(world);
    assert.deepEqual([second.length, second.includes(first)], [1, false]);
    await world.seconds(40);
    assert.deepEqual(await jobs(world), second);
  });

  test('that are deleted leave the list of those that run', async (t) => {
    const world = await start(t, cronJob({ concurrencyPolicy: 'Forbid' }, long));
    await world.seconds(minute + 5);
    const [name = ''] = await active(world);
    await world.simulation.client
      .of('Job')
      .delete({ namespace: 'default', name }, { propagationPolicy: 'Background' });
    await world.seconds(5);
    assert.deepEqual([await active(world), await jobs(world)], [[], []]);
    assert.equal(
      (await world.events('tick')).includes(`Normal MissingJob Active job went missing: ${name}`),
      true,
    );
  });

  test('are kept as many as it says when they have ended well', async (t) => {
    const world = await start(t, cronJob({ successfulJobsHistoryLimit: 1 }));
    await world.seconds(4 * minute + 30);
    const [last, ...others] = await world.list('Job');
    assert.deepEqual([last?.status?.succeeded, others], [1, []]);
    const { status } = await world.get('CronJob', 'tick');
    assert.deepEqual(
      [status?.active, status?.lastSuccessfulTime !== undefined, status?.lastScheduleTime !== undefined],
      [undefined, true, true],
    );
  });

  test('are kept as many as it says when they have failed', async (t) => {
    const object = cronJob({ failedJobsHistoryLimit: 1 }, failing);
    Object.assign(object.spec.jobTemplate?.spec ?? {}, { backoffLimit: 0 });
    const world = await start(t, object);
    await world.seconds(4 * minute + 30);
    const [last, ...others] = await world.list('Job');
    assert.deepEqual([last?.status?.conditions?.at(-1)?.type, others], ['Failed', []]);
  });

  test('are made when many times were missed: the last of them', async (t) => {
    const world = await start(t, cronJob({ suspend: true, startingDeadlineSeconds: undefined }));
    await world.seconds(150 * minute);
    await world.patch('CronJob', 'tick', { spec: { suspend: false } });
    await world.seconds(10);
    assert.equal((await jobs(world)).length, 1);
    assert.equal(
      (await world.events('tick')).some((text) => text.startsWith('Warning TooManyMissedTimes ')),
      true,
    );
  });

  test('have names of the time, the labels of the template, and say for when they are', async (t) => {
    const object = cronJob({ timeZone: 'America/New_York' });
    Object.assign(object.spec.jobTemplate, { metadata: { labels: { of: 'template' } } });
    const world = await start(t, object);
    await world.seconds(minute + 5);
    const [job] = await world.list('Job');
    const at = job?.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'] ?? '';
    assert.match(at, /^20\d\d-\d\d-\d\dT\d\d:\d\d:00-05:00$/);
    assert.deepEqual(
      [job?.metadata.name, job?.metadata.labels?.of],
      [`tick-${Date.parse(at) / 60_000}`, 'template'],
    );
  });
});

describe('the object', () => {
  test('is read, patched, updated and deleted, also by its status', async (t) => {
    const world = await start(t, cronJob({ suspend: true }));
    const patched = await world.patch('CronJob', 'tick', { metadata: { annotations: { patched: 'true' } } });
    const copy = structuredClone(patched);
    copy.metadata.annotations = { ...copy.metadata.annotations, updated: 'true' };
    const updated = await world.simulation.client.of('CronJob').update(copy);
    assert.deepEqual(updated.metadata.annotations, { patched: 'true', updated: 'true' });
    const first = '2026-01-01T00:00:00Z';
    const status = await world.patch(
      'CronJob',
      'tick',
      { metadata: { annotations: { patchedstatus: 'true' } }, status: { lastScheduleTime: first } },
      { subresource: 'status' },
    );
    assert.deepEqual(
      [status.status?.lastScheduleTime, status.metadata.annotations?.patchedstatus],
      [first, 'true'],
    );
    const second = '2026-01-02T00:00:00Z';
    const put = (await world.subresource('PUT', `${path}/status`, {
      ...status,
      status: { ...status.status, lastScheduleTime: second },
    })) as CronJob;
    assert.equal(put.status?.lastScheduleTime, second);
    const got = (await world.subresource('GET', `${path}/status`)) as CronJob;
    assert.equal(got.metadata.uid, updated.metadata.uid);
    const all = world.simulation.client.of('CronJob');
    assert.equal((await all.list({ labelSelector: 'suite=apps' })).items.length, 1);
    await all.deleteCollection({ namespace: 'default', labelSelector: 'suite=apps' });
    await world.seconds(2);
    assert.equal((await all.list()).items.length, 0);
  });

  const refused: Record<string, { spec: object; said: RegExp }> = {
    'an unknown zone': {
      spec: { timeZone: 'Asia/Nowhere' },
      said: /spec\.timeZone: Invalid value: "Asia\/Nowhere": unknown time zone Asia\/Nowhere$/,
    },
    'an empty zone': {
      spec: { timeZone: '' },
      said: /spec\.timeZone: Invalid value: "": timeZone must be nil or non-empty string$/,
    },
    'a zone in the schedule': {
      spec: { schedule: 'CRON_TZ=UTC * * * * *' },
      said: /cannot use TZ or CRON_TZ in schedule, use timeZone field instead$/,
    },
  };
  for (const [name, { spec, said }] of Object.entries(refused))
    test(`${name} is refused`, async (t) => {
      const world = await startApps(t);
      assert.match((await refusal(world.create('CronJob', cronJob(spec)))) ?? '', said);
    });

  test('a zone comes, changes and goes', async (t) => {
    const world = await start(t, cronJob({ suspend: true }));
    for (const timeZone of ['Asia/Kolkata', 'Etc/UTC', null])
      assert.equal(
        (await world.patch('CronJob', 'tick', { spec: { timeZone } })).spec?.timeZone ?? null,
        timeZone,
      );
  });
});
