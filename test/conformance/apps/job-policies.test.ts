/** Indexes and policies of Jobs. Source of the cases: test/e2e/apps/job.go and test/integration/job/job_test.go of kubernetes/kubernetes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JobSpec } from '../../../src/kinds/generated/types.ts';
import {
  exit,
  failuresAnnotation,
  forever,
  indexAnnotation,
  indexOf,
  jobOf,
  onceFailing,
  play,
  shown,
  startJob,
} from './jobs.ts';

describe('policies of failure', () => {
  const policy = (action: string, values: number[]) => ({
    podFailurePolicy: { rules: [{ action, onExitCodes: { operator: 'In', values } }] },
  });

  test('a code that ends the Job', async (t) => {
    const world = await startJob(t, jobOf(policy('FailJob', [1])));
    await play(
      world,
      onceFailing(1, () => 'first'),
    );
    const { conditions = [] } = (await world.get('Job', 'once')).status ?? {};
    assert.deepEqual(
      conditions.map(({ type, reason }) => [type, reason]),
      [
        ['FailureTarget', 'PodFailurePolicy'],
        ['Failed', 'PodFailurePolicy'],
      ],
    );
    assert.match(
      conditions[1]?.message ?? '',
      /^Container c for pod default\/once-\w{5} failed with exit code 1 matching FailJob rule at index 0$/,
    );
  });

  test('a code that is looked away from', async (t) => {
    const spec = { completionMode: 'Indexed', parallelism: 3, completions: 3, backoffLimit: 2 };
    const world = await startJob(t, jobOf({ ...spec, ...policy('Ignore', [42]) }));
    const pods = await play(
      world,
      onceFailing(42, (pod) => `${indexOf(pod)}`),
    );
    assert.equal(pods.length, 6);
    const { status } = await world.get('Job', 'once');
    assert.deepEqual([status?.succeeded, status?.failed, status?.completedIndexes], [3, undefined, '0-2']);
  });

  test('pods that were evicted are looked away from', async (t) => {
    const podFailurePolicy = {
      rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
    };
    const spec = { completionMode: 'Indexed', parallelism: 3, completions: 3, backoffLimit: 2 };
    // They do not heed the signal, and are killed.
    const stubborn = { ...forever, 'sim.wherry.dev/stop-seconds': '60' };
    const world = await startJob(t, jobOf({ ...spec, podFailurePolicy }, stubborn));
    await world.seconds(5);
    assert.equal((await world.get('Job', 'once')).status?.ready, 3);
    const before = await world.list('Pod');
    for (const { metadata } of before) await world.evict(metadata.name ?? '');
    await world.seconds(31);
    const ended = { ...exit(0), 'sim.wherry.dev/exit-after-seconds': '1' };
    for (let round = 0; round < 20; round++) {
      for (const { metadata } of await world.list('Pod'))
        await world.patch('Pod', metadata.name ?? '', { metadata: { annotations: ended } });
      await world.seconds(3);
    }
    const { status } = await world.get('Job', 'once');
    assert.deepEqual([status?.succeeded, status?.failed], [3, undefined]);
    const after = new Set((await world.list('Pod')).map(({ metadata }) => metadata.uid));
    assert.deepEqual(
      before.filter(({ metadata }) => after.has(metadata.uid)),
      [],
    );
  });

  test('a code that gives an index up', async (t) => {
    const spec = { completionMode: 'Indexed', parallelism: 2, completions: 2, backoffLimitPerIndex: 1 };
    const world = await startJob(t, jobOf({ ...spec, ...policy('FailIndex', [1]) }));
    await play(world, (pod) => indexOf(pod) % 2);
    assert.deepEqual(shown(await world.get('Job', 'once')), {
      ready: 0,
      terminating: 0,
      succeeded: 1,
      failed: 1,
      completedIndexes: '0',
      failedIndexes: '1',
      conditions: ['FailureTarget=True FailedIndexes', 'Failed=True FailedIndexes'],
    });
  });
});

describe('indexes', () => {
  test('each has its pod, its host name, its label and its variable', async (t) => {
    const world = await startJob(t, jobOf({ completionMode: 'Indexed' }));
    await world.seconds(10);
    const pods = await world.list('Pod');
    const facts = pods.map(({ metadata, spec, status }) => [
      metadata.labels?.[indexAnnotation],
      metadata.annotations?.[indexAnnotation],
      spec?.hostname,
      spec?.containers[0]?.env,
      status?.phase,
    ]);
    const env = [
      {
        name: 'JOB_COMPLETION_INDEX',
        valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${indexAnnotation}']` } },
      },
    ];
    assert.deepEqual(
      facts,
      ['0', '1', '2', '3'].map((index) => [index, index, `once-${index}`, env, 'Succeeded']),
    );
  });

  test('with a limit each, all are tried, and the number of failures is handed on', async (t) => {
    const world = await startJob(t, jobOf({ completionMode: 'Indexed', backoffLimitPerIndex: 1 }));
    const pods = await play(world, (pod) => indexOf(pod) % 2);
    assert.deepEqual(shown(await world.get('Job', 'once')), {
      ready: 0,
      terminating: 0,
      succeeded: 2,
      failed: 4,
      completedIndexes: '0,2',
      failedIndexes: '1,3',
      conditions: ['FailureTarget=True FailedIndexes', 'Failed=True FailedIndexes'],
    });
    const counts = pods.map((pod) => `${indexOf(pod)}: ${pod.metadata.annotations?.[failuresAnnotation]}`);
    assert.deepEqual(counts.sort(), ['0: 0', '1: 0', '1: 1', '2: 0', '3: 0', '3: 1']);
  });

  test('too many that are given up end the Job', async (t) => {
    const limits = { backoffLimitPerIndex: 0, maxFailedIndexes: 0 };
    const world = await startJob(t, jobOf({ completionMode: 'Indexed', parallelism: 1, ...limits }, exit(1)));
    await world.seconds(20);
    assert.deepEqual(shown(await world.get('Job', 'once')), {
      ready: 0,
      terminating: 0,
      failed: 1,
      failedIndexes: '0',
      conditions: ['FailureTarget=True MaxFailedIndexesExceeded', 'Failed=True MaxFailedIndexesExceeded'],
    });
  });

  test('become fewer and more, with what has succeeded', async (t) => {
    const size = (count: number) => ({ completions: count, parallelism: count });
    const world = await startJob(t, jobOf({ completionMode: 'Indexed', ...size(4) }, forever));
    await world.seconds(5);
    for (const pod of await world.list('Pod'))
      if (indexOf(pod) % 2 === 1)
        await world.patch('Pod', pod.metadata.name ?? '', {
          metadata: { annotations: { 'sim.wherry.dev/exit-after-seconds': '1' } },
        });
    await world.seconds(3);
    const facts = async () => {
      const { active, completedIndexes, succeeded, conditions } =
        (await world.get('Job', 'once')).status ?? {};
      return [active, completedIndexes, succeeded, conditions?.at(-1)?.type];
    };
    assert.deepEqual(await facts(), [2, '1,3', 2, undefined]);
    await world.patch('Job', 'once', { spec: size(3) });
    await world.seconds(3);
    assert.deepEqual(await facts(), [2, '1', 1, undefined]);
    await world.patch('Job', 'once', { spec: size(4) });
    await world.seconds(3);
    assert.deepEqual(await facts(), [3, '1', 1, undefined]);
    await world.patch('Job', 'once', { spec: size(0) });
    await world.seconds(35);
    assert.deepEqual(await facts(), [undefined, undefined, undefined, 'Complete']);
  });

  const met = ['SuccessCriteriaMet=True SuccessPolicy', 'Complete=True SuccessPolicy'];
  const policies: Record<string, { spec: Partial<JobSpec>; odd: number; expect: object }> = {
    'enough when all have succeeded': {
      spec: { completions: 2, successPolicy: { rules: [{ succeededCount: 2 }] } },
      odd: 0,
      expect: { succeeded: 2, completedIndexes: '0,1' },
    },
    'enough when one of the indexes has': {
      spec: { completions: 5, successPolicy: { rules: [{ succeededIndexes: '0' }] } },
      odd: 1,
      expect: { succeeded: 1, failed: 1, completedIndexes: '0' },
    },
    'enough when one has, whichever': {
      spec: { completions: 5, backoffLimit: 2147483647, successPolicy: { rules: [{ succeededCount: 1 }] } },
      odd: 1,
      expect: { succeeded: 1, failed: 1, completedIndexes: '0' },
    },
  };
  for (const [name, { spec, odd, expect }] of Object.entries(policies))
    test(name, async (t) => {
      const world = await startJob(t, jobOf({ completionMode: 'Indexed', ...spec }));
      await play(world, (pod) => (indexOf(pod) % 2) * odd);
      assert.deepEqual(shown(await world.get('Job', 'once')), {
        ready: 0,
        terminating: 0,
        ...expect,
        conditions: met,
      });
    });
});
