/** Jobs that stand still, and what is read and written of them. Source of the cases: test/e2e/apps/job.go and test/integration/job/job_test.go of kubernetes/kubernetes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Job, JobSpec } from '../../../src/kinds/generated/types.ts';
import { forever, jobOf, shown, startJob } from './jobs.ts';
import { refusal } from './world.ts';

describe('a Job that stands still', () => {
  test('has no pods before it is resumed, and says so', async (t) => {
    const world = await startJob(t, jobOf({ suspend: true }));
    await world.seconds(5);
    assert.deepEqual(shown(await world.get('Job', 'once')), {
      ready: 0,
      terminating: 0,
      conditions: ['Suspended=True JobSuspended'],
    });
    assert.deepEqual(await world.list('Pod'), []);
    await world.patch('Job', 'once', { spec: { suspend: false } });
    await world.seconds(10);
    assert.equal((await world.get('Job', 'once')).status?.succeeded, 4);
  });

  test('has no pods any more, and tells how many are ready', async (t) => {
    const world = await startJob(t, jobOf({}, forever));
    await world.seconds(5);
    const before = await world.get('Job', 'once');
    assert.deepEqual(shown(before), { active: 2, ready: 2, terminating: 0 });
    await world.patch('Job', 'once', { spec: { suspend: true } });
    await world.seconds(5);
    const job = await world.get('Job', 'once');
    assert.deepEqual(shown(job), { ready: 0, terminating: 0, conditions: ['Suspended=True JobSuspended'] });
    assert.deepEqual([job.status?.startTime, await world.list('Pod')], [undefined, []]);
    await world.patch('Job', 'once', { spec: { suspend: false } });
    await world.seconds(5);
    const after = await world.get('Job', 'once');
    assert.deepEqual(shown(after), {
      active: 2,
      ready: 2,
      terminating: 0,
      conditions: ['Suspended=False JobResumed'],
    });
    assert.equal((after.status?.startTime ?? '') > (before.status?.startTime ?? ''), true);
  });

  const places = { nodeSelector: { 'kubernetes.io/hostname': 'node-2' } };
  const sizes = { containers: [{ name: 'c', image: 'busybox:1', resources: { requests: { cpu: '2' } } }] };

  test('may be resumed for other nodes', async (t) => {
    const world = await startJob(t, jobOf({ suspend: true }, forever));
    await world.patch('Job', 'once', { spec: { suspend: false, template: { spec: places } } });
    await world.seconds(5);
    const pods = await world.list('Pod');
    assert.deepEqual(
      pods.map(({ spec }) => spec?.nodeName),
      ['node-2', 'node-2'],
    );
    const again = { spec: { template: { spec: { nodeSelector: { a: 'b' } } } } };
    assert.match(
      (await refusal(world.patch('Job', 'once', again))) ?? '',
      /^422 Invalid: .*spec.template: Invalid value: .*: field is immutable$/s,
    );
  });

  test('may be resumed with other sizes, after it has run as well', async (t) => {
    const world = await startJob(t, jobOf({}, forever));
    await world.seconds(5);
    const change = { spec: { template: { spec: sizes } } };
    assert.match((await refusal(world.patch('Job', 'once', change))) ?? '', /field is immutable$/);
    await world.patch('Job', 'once', { spec: { suspend: true } });
    await world.seconds(5);
    await world.patch('Job', 'once', change);
    await world.patch('Job', 'once', { spec: { suspend: false } });
    await world.seconds(5);
    assert.deepEqual(
      (await world.list('Pod')).map(({ spec }) => spec?.containers[0]?.resources?.requests),
      [{ cpu: '2' }, { cpu: '2' }],
    );
  });
});

describe('the object', () => {
  test('a status that somebody else writes is kept', async (t) => {
    const world = await startJob(t, jobOf({}, forever));
    await world.seconds(5);
    const at = (lastTransitionTime: string) => ({ type: 'Custom', status: 'True', lastTransitionTime });
    const first = '2026-01-02T00:00:00Z';
    const patched = await world.patch(
      'Job',
      'once',
      { metadata: { annotations: { patchedstatus: 'true' } }, status: { conditions: [at(first)] } },
      { subresource: 'status' },
    );
    assert.equal(patched.metadata.annotations?.patchedstatus, 'true');
    assert.equal(patched.status?.conditions?.[0]?.lastTransitionTime, first);
    const second = '2026-01-03T00:00:00Z';
    const read = await world.get('Job', 'once');
    read.status = { ...read.status, conditions: [at(second)] };
    const updated = await world.simulation.client.of('Job').updateStatus(read);
    assert.equal(updated.status?.conditions?.[0]?.lastTransitionTime, second);
    await world.seconds(5);
    const got = (await world.subresource('GET', '/apis/batch/v1/namespaces/default/jobs/once/status')) as Job;
    assert.deepEqual(
      [
        got.metadata.uid,
        got.status?.conditions?.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
      ],
      [updated.metadata.uid, [['Custom', second]]],
    );
  });

  test('from suspended to deleted with a collection', async (t) => {
    const world = await startJob(t, jobOf({ suspend: true }));
    const patch = { metadata: { labels: { patched: 'yes' } } };
    const patched = await world.patch('Job', 'once', patch, { patchType: 'strategic' });
    assert.equal(patched.metadata.labels?.patched, 'yes');
    await world.seconds(1);
    const read = structuredClone(await world.get('Job', 'once'));
    read.metadata.annotations = { updated: 'true' };
    (read.spec as JobSpec).suspend = false;
    await world.simulation.client.of('Job').update(read);
    await world.seconds(10);
    const found = await world.simulation.client.of('Job').list({ labelSelector: 'suite=apps' });
    assert.deepEqual(
      found.items.map(({ metadata, status }) => [metadata.annotations, status?.succeeded]),
      [[{ updated: 'true' }, 4]],
    );
    await world.simulation.client.of('Job').deleteCollection({
      namespace: 'default',
      labelSelector: 'suite=apps',
      propagationPolicy: 'Background',
    });
    await world.seconds(40);
    assert.deepEqual([await world.list('Job'), await world.list('Pod')], [[], []]);
  });

  test('what another controller manages is left alone', async (t) => {
    const world = await startJob(t, jobOf({ managedBy: 'example.com/custom-job-controller' }));
    await world.seconds(5);
    assert.deepEqual((await world.get('Job', 'once')).status, {});
    assert.deepEqual(await world.list('Pod'), []);
  });
});
