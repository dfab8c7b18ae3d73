import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Node } from '../kinds/generated/types.ts';
import { formatCidr } from '../lib/cidr.ts';
import { microTimestamp, timestamp } from '../lib/timestamp.ts';
import {
  defaultShape,
  leaseObject,
  type NodeIdentity,
  nodeConditions,
  nodeObject,
  planNodes,
} from './node-objects.ts';
import { type NodeRun, planNode } from './node-plan.ts';

const start = Date.UTC(2026, 0, 1);

test('nodes have names, addresses and ranges of their own', () => {
  assert.deepEqual(
    planNodes(300)
      .filter((_node, index) => [0, 255, 256, 299].includes(index))
      .map(({ name, hostIP, podCIDR }) => [name, hostIP, formatCidr(podCIDR)]),
    [
      ['node-1', '172.31.0.1', '10.128.0.0/24'],
      ['node-256', '172.31.1.0', '10.128.255.0/24'],
      ['node-257', '172.31.1.1', '10.129.0.0/24'],
      ['node-300', '172.31.1.44', '10.129.43.0/24'],
    ],
  );
  assert.equal(formatCidr((planNodes(1)[0] as NodeIdentity).podCIDR), '10.244.0.0/24');
});

const refused: Record<string, { count: number; podCIDR?: string; message: RegExp }> = {
  'a range that is too small': { count: 3, podCIDR: '10.0.0.0/23', message: /for 2 nodes, 3 were asked for/ },
  'a range that is none': { count: 1, podCIDR: '10.0.0.0', message: /no IPv4 range/ },
  'a range of the other family': { count: 1, podCIDR: 'fd00::/16', message: /no IPv4 range/ },
  'too many nodes': { count: 60_001, message: /0 to 60000 can be had/ },
};

describe('refused', () => {
  for (const [name, { count, podCIDR, message }] of Object.entries(refused))
    test(name, () => assert.throws(() => planNodes(count, podCIDR), message));
});

const [identity] = planNodes(1) as [NodeIdentity];
const fresh: NodeRun = {
  identity,
  phase: 0.5,
  isUp: true,
  uid: undefined,
  mustRegister: true,
  reportedAt: undefined,
  unschedulable: false,
};
const options = { now: start, shape: defaultShape, removeNotReadyTaint: true };
const registered = (now: number): Node => {
  const node = nodeObject(identity, defaultShape, now);
  return { ...node, metadata: { ...node.metadata, uid: 'uid-1' } };
};
const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };

/** What a plan does, in short. */
function brief(
  node: Node | undefined,
  run: NodeRun,
  now: number,
  more: Partial<typeof options> = {},
): unknown[] {
  const plan = planNode(node, run, { ...options, ...more, now });
  const changes = plan.changes.map((change) =>
    change.type === 'requeueAfter'
      ? change.milliseconds
      : [change.type, 'subresource' in change ? change.subresource : ''],
  );
  return [plan.run.uid, plan.run.mustRegister, changes];
}

describe('a node about itself', () => {
  const known: NodeRun = { ...fresh, uid: 'uid-1', mustRegister: false };
  const tainted = registered(start);
  tainted.spec = { ...tainted.spec, taints: [taint, { key: 'mine', effect: 'NoSchedule' }] };
  const unwell = registered(start);
  unwell.status = { ...unwell.status, conditions: [{ type: 'Ready', status: 'Unknown' }] };
  const cases: Record<string, [unknown[], unknown[]]> = {
    'it registers': [brief(undefined, fresh, start), [undefined, true, [['create', '']]]],
    'it does not when its Node was deleted': [brief(undefined, known, start), [undefined, false, []]],
    'it takes its taint off': [brief(tainted, fresh, start), [undefined, false, [['update', '']]]],
    'unless others do': [
      brief(tainted, fresh, start, { removeNotReadyTaint: false }),
      ['uid-1', false, [225_000]],
    ],
    'it waits for its first report': [
      brief(registered(start), known, start + 1000),
      ['uid-1', false, [224_000]],
    ],
    'it reports': [
      brief(registered(start), known, start + 225_000),
      ['uid-1', false, [['update', 'status'], 300_000]],
    ],
    'and every five minutes from then on': [
      brief(registered(start), { ...known, reportedAt: start + 225_000 }, start + 226_000),
      ['uid-1', false, [299_000]],
    ],
    'it contradicts at once': [
      brief(unwell, { ...known, reportedAt: start }, start + 1000),
      ['uid-1', false, [['update', 'status'], 300_000]],
    ],
  };
  for (const [name, [found, wanted]] of Object.entries(cases))
    test(name, () => assert.deepEqual(found, wanted));

  const cordoned = registered(start);
  cordoned.spec = { ...cordoned.spec, unschedulable: true };
  const told: Record<string, [Node | undefined, NodeRun, string[]]> = {
    'of nothing before it knows its Node': [undefined, fresh, []],
    'of its start': [
      registered(start),
      fresh,
      [
        'Starting: Starting kubelet.',
        'NodeAllocatableEnforced: Updated Node Allocatable limit across pods',
        'NodeHasSufficientMemory: Node node-1 status is now: NodeHasSufficientMemory',
        'NodeHasNoDiskPressure: Node node-1 status is now: NodeHasNoDiskPressure',
        'NodeHasSufficientPID: Node node-1 status is now: NodeHasSufficientPID',
        'NodeReady: Node node-1 status is now: NodeReady',
      ],
    ],
    'of nothing new': [registered(start), known, []],
    'that it is ready again': [unwell, known, ['NodeReady: Node node-1 status is now: NodeReady']],
    'that it was cordoned': [
      cordoned,
      known,
      ['NodeNotSchedulable: Node node-1 status is now: NodeNotSchedulable'],
    ],
    'that it was uncordoned': [
      registered(start),
      { ...known, unschedulable: true },
      ['NodeSchedulable: Node node-1 status is now: NodeSchedulable'],
    ],
  };
  for (const [name, [object, run, wanted]] of Object.entries(told))
    test(`it tells ${name}`, () => {
      const { events = [] } = planNode(object, run, options);
      const texts = events.map(({ reason, message }) => `${reason}: ${message}`);
      assert.deepEqual(texts, wanted);
      for (const { regarding, type } of events)
        assert.deepEqual(
          { regarding, type },
          { regarding: { kind: 'Node', name: 'node-1', uid: 'node-1' }, type: 'Normal' },
        );
    });

  test('conditions keep their time, and those of others', () => {
    const before = nodeConditions(undefined, start);
    const other = { type: 'NetworkUnavailable', status: 'False' };
    const after = nodeConditions([...before, other], start + 60_000);
    assert.deepEqual(after[0], other);
    assert.deepEqual(after.at(-1), {
      type: 'Ready',
      status: 'True',
      reason: 'KubeletReady',
      message: 'kubelet is posting ready status',
      lastHeartbeatTime: timestamp(start + 60_000),
      lastTransitionTime: timestamp(start),
    });
  });

  test('its lease goes with it', () => {
    assert.deepEqual(leaseObject({ name: 'node-1', uid: 'uid-1' }, start + 1), {
      metadata: {
        name: 'node-1',
        namespace: 'kube-node-lease',
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: 'uid-1' }],
      },
      spec: { holderIdentity: 'node-1', leaseDurationSeconds: 40, renewTime: microTimestamp(start + 1) },
    });
    assert.equal(microTimestamp(start + 1), '2026-01-01T00:00:00.001000Z');
  });
});
