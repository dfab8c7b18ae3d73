import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Deed, judge, neverViolated, node, pod } from './invariant-bench.ts';
import { nodeInvariants } from './node-invariants.ts';

const asking = (cpu: string) => ({
  containers: [{ name: 'web', image: 'x', resources: { requests: { cpu } } }],
});
const unbound = (cpu: string, more: object = {}) =>
  pod('waits', {
    spec: { nodeName: undefined, ...asking(cpu), ...more },
    status: { phase: 'Pending', conditions: [] },
  });
const tainted = { ...node, spec: { taints: [{ key: 'example.com/off', effect: 'NoExecute' }] } };

const wrongs: Record<string, Deed> = {
  'node-1 has 500m CPU too little for default/b': async ({ put }) => {
    await put('core/pods', pod('a', { spec: { nodeName: 'node-1', ...asking('1') } }));
    await put('core/pods', pod('b', { spec: { nodeName: 'node-1', ...asking('1500m') } }));
  },
  'node-1 has 1 pods too many with default/b': async ({ put }) => {
    const small = { ...node, status: { ...node.status, allocatable: { cpu: '2', pods: '1' } } };
    await put('core/nodes', small);
    for (const name of ['a', 'b']) await put('core/pods', pod(name));
  },
  'default/waits fits and is not bound': ({ put }) => put('core/pods', unbound('1500m')),
  'default/a is on node-9, which is gone': ({ put }) =>
    put('core/pods', pod('a', { spec: { nodeName: 'node-9' } })),
  'default/a is on node-1, which has a taint that it does not tolerate': async ({ put }) => {
    await put('core/pods', pod('a'));
    await put('core/nodes', tainted);
  },
};

const rights: Record<string, Deed> = {
  'a pod that fits nowhere waits': ({ put }) => put('core/pods', unbound('2001m')),
  'a pod that is gated waits': ({ put }) =>
    put('core/pods', unbound('1', { schedulingGates: [{ name: 'later' }] })),
  'a pod that a taint keeps away waits': async ({ put }) => {
    await put('core/nodes', tainted);
    await put('core/pods', unbound('1'));
  },
  'what has ended takes no room': async ({ put }) => {
    await put(
      'core/pods',
      pod('a', { spec: { nodeName: 'node-1', ...asking('2') }, status: { phase: 'Failed' } }),
    );
    await put('core/pods', pod('b', { spec: { nodeName: 'node-1', ...asking('2') } }));
  },
  'a pod that tolerates the taint stays': async ({ put }) => {
    const tolerations = [{ key: 'example.com/off', operator: 'Exists', effect: 'NoExecute' }];
    await put('core/pods', pod('a', { spec: { nodeName: 'node-1', containers: [], tolerations } }));
    await put('core/nodes', tainted);
  },
};

describe('invariants of nodes', () => {
  for (const [said, deed] of Object.entries(wrongs))
    test(`violated: ${said}`, async () =>
      assert.deepEqual(
        (await judge(nodeInvariants, deed)).map((text) => text.slice(text.indexOf(': ') + 2)),
        [said],
      ));

  for (const [name, deed] of Object.entries(rights))
    test(`holds: ${name}`, async () => assert.deepEqual(await judge(nodeInvariants, deed), []));

  test('each of them can be violated', async () =>
    assert.deepEqual(await neverViolated(nodeInvariants, Object.values(wrongs)), []));
});
