import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, type Deed, judge, neverViolated, object, pod, start } from './invariant-bench.ts';
import { policyInvariants } from './policy-invariants.ts';

const budget = (status: object) =>
  object(
    'budget',
    {
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
      status: { observedGeneration: 1, ...status },
    },
    { generation: 1 },
  );
const web = (name: string) => pod(name, { metadata: { labels: { app: 'web' } } });
const quota = (hard: Record<string, string>, used: Record<string, string> = {}) =>
  object('quota', { spec: { hard }, status: { hard, used } });

const wrongs: Record<string, Deed> = {
  'default/budget allowed 0, 1 were evicted, 0 are left': async ({ put }) => {
    await put('core/pods', web('a'));
    await put('policy/poddisruptionbudgets', budget({ disruptionsAllowed: 0 }));
    await put('policy/poddisruptionbudgets', budget({ disruptionsAllowed: 0, disruptedPods: { b: at(0) } }));
  },
  'default/budget was spent before it was counted anew': async ({ put }) => {
    for (const name of ['a', 'b']) await put('core/pods', web(name));
    await put('policy/poddisruptionbudgets', budget({ disruptionsAllowed: 2, observedGeneration: 0 }));
    await put('policy/poddisruptionbudgets', budget({ disruptionsAllowed: 1, disruptedPods: { c: at(0) } }));
  },
  'default/budget allows 2 at rest, 1 may go': async ({ put }) => {
    for (const name of ['a', 'b']) await put('core/pods', web(name));
    await put('policy/poddisruptionbudgets', budget({ disruptionsAllowed: 2 }));
  },
  'default/b is made: pods are 2, default/quota allows 1': async ({ put, remove }) => {
    await put('core/resourcequotas', quota({ pods: '1' }, { pods: '1' }));
    for (const name of ['a', 'b']) await put('core/pods', pod(name));
    await remove('core/pods', 'a');
  },
  'default/quota counts 2 pods at rest, there are 1': async ({ put }) => {
    await put('core/resourcequotas', quota({ pods: '5' }, { pods: '2' }));
    await put('core/pods', pod('a'));
  },
};

const rights: Record<string, Deed> = {
  'what was allowed is spent': async ({ put }) => {
    for (const name of ['a', 'b', 'c']) await put('core/pods', web(name));
    await put('policy/poddisruptionbudgets', budget({ disruptionsAllowed: 3 }));
    await put('policy/poddisruptionbudgets', budget({ disruptionsAllowed: 2, disruptedPods: { d: at(0) } }));
  },
  'ended pods, and those that should have gone, are free': async ({ put, clock }) => {
    await put('core/resourcequotas', quota({ pods: '1' }, { pods: '1' }));
    await put('core/pods', pod('ended', { status: { phase: 'Succeeded' } }));
    await put('core/pods', pod('late', { metadata: { deletionTimestamp: at(1000) } }));
    clock.runUntil(start + 1001);
    await put('core/pods', pod('a'));
  },
  'a quota that was not counted yet': async ({ put, remove }) => {
    await put('core/resourcequotas', object('quota', { spec: { hard: { pods: '0' } } }));
    await put('core/pods', pod('a'));
    await remove('core/resourcequotas', 'quota');
  },
};

describe('invariants of limits', () => {
  for (const [said, deed] of Object.entries(wrongs))
    test(`violated: ${said}`, async () =>
      assert.deepEqual(
        (await judge(policyInvariants, deed)).map((text) => text.slice(text.indexOf(': ') + 2)),
        [said],
      ));

  for (const [name, deed] of Object.entries(rights))
    test(`holds: ${name}`, async () => assert.deepEqual(await judge(policyInvariants, deed), []));

  test('each of them can be violated', async () =>
    assert.deepEqual(await neverViolated(policyInvariants, Object.values(wrongs)), []));
});
