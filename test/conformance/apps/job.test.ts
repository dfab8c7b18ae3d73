/** Source of the cases: test/e2e/apps/job.go, ttl_after_finished.go and test/integration/job/job_test.go of kubernetes/kubernetes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exit, forever, indexOf, jobOf, onceFailing, play, shown, startJob } from './jobs.ts';

describe('a Job that ends', () => {
  test('well, when its pods do', async (t) => {
    const world = await startJob(t, jobOf({}));
    await world.seconds(10);
    assert.deepEqual(shown(await world.get('Job', 'once')), {
      ready: 0,
      terminating: 0,
      succeeded: 4,
      conditions: ['SuccessCriteriaMet=True CompletionsReached', 'Complete=True CompletionsReached'],
    });
    assert.deepEqual(
      (await world.list('Pod')).map(({ status }) => status?.phase),
      ['Succeeded', 'Succeeded', 'Succeeded', 'Succeeded'],
    );
  });

  test('well, when pods that failed are replaced', async (t) => {
    const world = await startJob(t, jobOf({}));
    await play(
      world,
      onceFailing(1, () => 'first'),
    );
    assert.deepEqual(shown(await world.get('Job', 'once')), {
      ready: 0,
      terminating: 0,
      succeeded: 4,
      failed: 1,
      conditions: ['SuccessCriteriaMet=True CompletionsReached', 'Complete=True CompletionsReached'],
    });
  });

  test('well, when containers that failed start again in their pods', async (t) => {
    const template = {
      spec: { restartPolicy: 'OnFailure', containers: [{ name: 'c', image: 'busybox:1' }] },
    };
    const world = await startJob(t, jobOf({ template }, exit(1)));
    await world.seconds(3);
    for (let round = 0; round < 3; round++) {
      for (const { metadata } of await world.list('Pod'))
        await world.patch('Pod', metadata.name ?? '', { metadata: { annotations: exit(0) } });
      await world.seconds(15);
    }
    const job = await world.get('Job', 'once');
    assert.deepEqual([job.status?.succeeded, job.status?.failed], [4, undefined]);
    const restarts = (await world.list('Pod')).map((pod) => pod.status?.containerStatuses?.[0]?.restartCount);
    assert.equal(restarts.filter((count) => count === 1).length >= 2, true, `${restarts}`);
  });

  test('badly, when too many fail', async (t) => {
    const world = await startJob(t, jobOf({ parallelism: 1, completions: 1, backoffLimit: 1 }, exit(1)));
    await world.seconds(40);
    assert.deepEqual(shown(await world.get('Job', 'once')), {
      ready: 0,
      terminating: 0,
      failed: 2,
      conditions: ['FailureTarget=True BackoffLimitExceeded', 'Failed=True BackoffLimitExceeded'],
    });
    assert.deepEqual(
      (await world.list('Pod')).map(({ status }) => status?.phase),
      ['Failed', 'Failed'],
    );
  });

  test('badly, when its time is over', async (t) => {
    const world = await startJob(t, jobOf({ activeDeadlineSeconds: 1 }, forever));
    await world.seconds(5);
    assert.deepEqual(shown(await world.get('Job', 'once')), {
      ready: 0,
      terminating: 0,
      failed: 2,
      conditions: ['FailureTarget=True DeadlineExceeded', 'Failed=True DeadlineExceeded'],
    });
  });

  test('and is taken away when its time to be kept is over', async (t) => {
    const world = await startJob(t, jobOf({ ttlSecondsAfterFinished: 10 }));
    await world.seconds(10);
    assert.equal((await world.get('Job', 'once')).status?.succeeded, 4);
    await world.seconds(15);
    assert.deepEqual([await world.list('Job'), await world.list('Pod')], [[], []]);
  });
});

describe('how a Job will end is told before its last pods have', () => {
  const slow = { ...forever, 'sim.wherry.dev/stop-seconds': '20' };
  const quick = (code: number) => ({
    metadata: { annotations: { ...exit(code), 'sim.wherry.dev/exit-after-seconds': '1' } },
  });

  test('badly', async (t) => {
    const world = await startJob(t, jobOf({ completions: 2, backoffLimit: 0 }, slow));
    await world.seconds(4);
    const [first] = await world.list('Pod');
    await world.patch('Pod', first?.metadata.name ?? '', quick(1));
    await world.seconds(4);
    const conditions = ['FailureTarget=True BackoffLimitExceeded'];
    assert.deepEqual(shown(await world.get('Job', 'once')), {
      ready: 0,
      terminating: 1,
      failed: 2,
      conditions,
    });
    await world.seconds(20);
    conditions.push('Failed=True BackoffLimitExceeded');
    assert.deepEqual(shown(await world.get('Job', 'once')), {
      ready: 0,
      terminating: 0,
      failed: 2,
      conditions,
    });
  });

  test('well, when it needs fewer than before', async (t) => {
    const world = await startJob(t, jobOf({ completionMode: 'Indexed', completions: 2 }, slow));
    await world.seconds(4);
    const pod = (await world.list('Pod')).find((each) => indexOf(each) === 0);
    await world.patch('Pod', pod?.metadata.name ?? '', quick(0));
    await world.seconds(4);
    await world.patch('Job', 'once', { spec: { completions: 1, parallelism: 1 } });
    await world.seconds(2);
    const counts = { ready: 0, succeeded: 1, completedIndexes: '0' };
    const conditions = ['SuccessCriteriaMet=True CompletionsReached'];
    assert.deepEqual(shown(await world.get('Job', 'once')), { ...counts, terminating: 1, conditions });
    await world.seconds(25);
    conditions.push('Complete=True CompletionsReached');
    assert.deepEqual(shown(await world.get('Job', 'once')), { ...counts, terminating: 0, conditions });
  });

  test('badly for all, though each index might have tried again', async (t) => {
    const spec = {
      completionMode: 'Indexed',
      completions: 3,
      parallelism: 3,
      backoffLimitPerIndex: 1,
      backoffLimit: 2,
    };
    const world = await startJob(t, jobOf(spec, slow));
    for (const [index, expected] of [1, 2].entries()) {
      await world.seconds(4);
      const pods = await world.list('Pod');
      const pod = pods.find((each) => indexOf(each) === index && each.status?.phase === 'Running');
      await world.patch('Pod', pod?.metadata.name ?? '', quick(1));
      await world.seconds(15);
      const { active, failed, failedIndexes } = (await world.get('Job', 'once')).status ?? {};
      assert.deepEqual([active, failed, failedIndexes], [3, expected, '']);
    }
    const last = (await world.list('Pod')).find((each) => indexOf(each) === 2);
    await world.patch('Pod', last?.metadata.name ?? '', quick(1));
    await world.seconds(4);
    const counts = { ready: 0, failed: 5, failedIndexes: '' };
    const conditions = ['FailureTarget=True BackoffLimitExceeded'];
    assert.deepEqual(shown(await world.get('Job', 'once')), { ...counts, terminating: 2, conditions });
    await world.seconds(25);
    conditions.push('Failed=True BackoffLimitExceeded');
    assert.deepEqual(shown(await world.get('Job', 'once')), { ...counts, terminating: 0, conditions });
  });
});

describe('the pods of a Job', () => {
  test('are replaced only when they have ended, if that is asked for', async (t) => {
    // It does not heed the signal, and is killed when its grace is over.
    const slow = { ...forever, 'sim.wherry.dev/stop-seconds': '60' };
    const spec = { parallelism: 1, completions: 1, backoffLimit: 1, podReplacementPolicy: 'Failed' };
    const world = await startJob(t, jobOf(spec, slow));
    await world.seconds(4);
    const [pod] = await world.list('Pod');
    await world.delete('Pod', pod?.metadata.name ?? '', 5);
    await world.seconds(2);
    assert.deepEqual(shown(await world.get('Job', 'once')), { ready: 0, terminating: 1 });
    await world.seconds(30);
    assert.deepEqual(shown(await world.get('Job', 'once')), {
      active: 1,
      ready: 1,
      terminating: 0,
      failed: 1,
    });
  });

  test('are adopted, and let go, and go with it', async (t) => {
    const world = await startJob(t, jobOf({}, forever));
    await world.seconds(5);
    const job = await world.get('Job', 'once');
    const name = (await world.list('Pod'))[0]?.metadata.name ?? '';
    await world.patch('Pod', name, { metadata: { ownerReferences: null } });
    await world.seconds(1);
    const adopted = (await world.get('Pod', name)).metadata.ownerReferences?.[0];
    assert.deepEqual(
      [adopted?.kind, adopted?.name, adopted?.uid, adopted?.controller],
      ['Job', 'once', job.metadata.uid, true],
    );
    await world.patch('Pod', name, { metadata: { labels: null } });
    await world.seconds(1);
    const released = (await world.get('Pod', name)).metadata;
    assert.deepEqual([released.ownerReferences, released.finalizers], [undefined, undefined]);
    await world.simulation.client
      .of('Job')
      .delete({ namespace: 'default', name: 'once' }, { propagationPolicy: 'Foreground' });
    await world.seconds(40);
    assert.deepEqual(await world.list('Job'), []);
    assert.deepEqual(
      (await world.list('Pod')).map(({ metadata }) => metadata.name),
      [name],
    );
  });

  test('wait for room and all have their turn', async (t) => {
    const template = {
      spec: { containers: [{ name: 'c', image: 'busybox:1', resources: { requests: { cpu: '900m' } } }] },
    };
    const world = await startJob(t, jobOf({ template, parallelism: 30, completions: 30, backoffLimit: 0 }));
    await world.seconds(60);
    const { status } = await world.get('Job', 'once');
    assert.deepEqual([status?.succeeded, status?.failed], [30, undefined]);
  });
});
