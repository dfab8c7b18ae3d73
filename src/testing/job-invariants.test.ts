import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Deed, judge, neverViolated, object, ownedBy, pod } from './invariant-bench.ts';
import { jobInvariants } from './job-invariants.ts';

const job = (spec: object, status: object = {}) => object('work', { spec, status });
const podOf = (name: string, phase = 'Running', index?: number) =>
  pod(name, {
    metadata: {
      ...ownedBy('Job', 'work'),
      ...(index === undefined
        ? {}
        : { annotations: { 'batch.kubernetes.io/job-completion-index': `${index}` } }),
    },
    status: { phase },
  });
const complete = { conditions: [{ type: 'Complete', status: 'True' }] };

const wrongs: Record<string, Deed> = {
  'default/work has 2 pods at work, allowed are 1': async ({ put, remove }) => {
    await put('batch/jobs', job({ parallelism: 1 }));
    for (const name of ['a', 'b']) await put('core/pods', podOf(name));
    await remove('core/pods', 'a');
  },
  'default/work has 1 pods at work and 2 done, wanted are 2': async ({ put }) => {
    await put('batch/jobs', job({ parallelism: 2, completions: 2 }, { succeeded: 2 }));
    await put('core/pods', podOf('a'));
  },
  'default/work works at an index twice: 1 1': async ({ put }) => {
    await put('batch/jobs', job({ parallelism: 3, completions: 3 }));
    for (const name of ['a', 'b']) await put('core/pods', podOf(name, 'Running', 1));
  },
  'default/a is made, though default/work has finished': async ({ put, remove }) => {
    await put('batch/jobs', job({}, complete));
    await put('core/pods', podOf('a'));
    await remove('core/pods', 'a');
  },
  'default/work has finished and has 1 pods at rest': async ({ put }) => {
    await put('batch/jobs', job({}));
    await put('core/pods', podOf('a'));
    await put('batch/jobs', job({}, complete));
  },
  'default/work has 1 pods at rest': async ({ put }) => {
    await put('batch/jobs', job({}));
    await put('core/pods', podOf('a'));
    await put('batch/jobs', job({ suspend: true }));
  },
  'default/work has finished no longer': async ({ put }) => {
    await put('batch/jobs', job({}, complete));
    await put('batch/jobs', job({}));
  },
  'default/work has 1 succeeded, before it were 2': async ({ put }) => {
    await put('batch/jobs', job({}, { succeeded: 2 }));
    await put('batch/jobs', job({}, { succeeded: 1 }));
  },
};

const rights: Record<string, Deed> = {
  'as many as were asked for before': async ({ put, remove }) => {
    await put('batch/jobs', job({ parallelism: 2, completions: 4 }));
    await put('batch/jobs', job({ parallelism: 1, completions: 4 }));
    for (const name of ['a', 'b']) await put('core/pods', podOf(name));
    await remove('core/pods', 'b');
  },
  'one after the other': async ({ put }) => {
    await put('batch/jobs', job({ completions: 2 }));
    await put('core/pods', podOf('a'));
    await put('core/pods', podOf('a', 'Succeeded'));
    await put('core/pods', podOf('b'));
  },
};

describe('invariants of Jobs', () => {
  for (const [said, deed] of Object.entries(wrongs))
    test(`violated: ${said}`, async () =>
      assert.deepEqual(
        (await judge(jobInvariants, deed)).map((text) => text.slice(text.indexOf(': ') + 2)),
        [said],
      ));

  for (const [name, deed] of Object.entries(rights))
    test(`holds: ${name}`, async () => assert.deepEqual(await judge(jobInvariants, deed), []));

  test('each of them can be violated', async () =>
    assert.deepEqual(await neverViolated(jobInvariants, Object.values(wrongs)), []));
});
