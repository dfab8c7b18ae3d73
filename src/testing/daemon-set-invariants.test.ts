import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { daemonSetInvariants } from './daemon-set-invariants.ts';
import { type Deed, judge, neverViolated, node, object, ownedBy, pod } from './invariant-bench.ts';

const set = (spec: object = {}) => object('agent', { spec: { template: { spec }, updateStrategy: {} } });
const daemon = (name: string) => pod(name, { metadata: ownedBy('DaemonSet', 'agent') });
const tainted = (key: string) => ({ ...node, spec: { taints: [{ key, effect: 'NoExecute' }] } });

const wrongs: Record<string, Deed> = {
  'default/agent has on node-1 the pods a b': async ({ put, remove }) => {
    await put('apps/daemonsets', set());
    for (const name of ['a', 'b']) await put('core/pods', daemon(name));
    await remove('core/pods', 'a');
  },
  'default/agent has 0 pods on node-1 at rest, not 1': ({ put }) => put('apps/daemonsets', set()),
  'default/agent has 1 pods on node-1 at rest, not 0': async ({ put }) => {
    await put('apps/daemonsets', set());
    await put('core/pods', daemon('a'));
    await put('core/nodes', tainted('example.com/maintenance'));
  },
};

const rights: Record<string, Deed> = {
  'none where it does not belong': ({ put }) =>
    put('apps/daemonsets', set({ nodeSelector: { disk: 'fast' } })),
  'one on a node that is in trouble': async ({ put }) => {
    await put('apps/daemonsets', set());
    await put('core/pods', daemon('a'));
    await put('core/nodes', tainted('node.kubernetes.io/unreachable'));
  },
  'two while one comes and the other goes': async ({ put, remove }) => {
    await put(
      'apps/daemonsets',
      object('agent', { spec: { template: {}, updateStrategy: { rollingUpdate: { maxSurge: 1 } } } }),
    );
    for (const name of ['a', 'b']) await put('core/pods', daemon(name));
    await remove('core/pods', 'a');
  },
};

describe('invariants of DaemonSets', () => {
  for (const [said, deed] of Object.entries(wrongs))
    test(`violated: ${said}`, async () =>
      assert.deepEqual(
        (await judge(daemonSetInvariants, deed)).map((text) => text.slice(text.indexOf(': ') + 2)),
        [said],
      ));

  for (const [name, deed] of Object.entries(rights))
    test(`holds: ${name}`, async () => assert.deepEqual(await judge(daemonSetInvariants, deed), []));

  test('each of them can be violated', async () =>
    assert.deepEqual(await neverViolated(daemonSetInvariants, Object.values(wrongs)), []));
});
