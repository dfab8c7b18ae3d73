import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Node, Pod, PodSpec } from '../../kinds/generated/types.ts';
import { testContainer, testPod } from '../test-kit.ts';
import { admitPod } from './admit.ts';
import { NodeAdmission } from './node-admission.ts';
import { refusedBefore, rejectedStatus } from './rejected.ts';

const node: Node = {
  metadata: { name: 'node-1', labels: { zone: 'a', 'kubernetes.io/os': 'linux' } },
  spec: {
    taints: [
      { key: 'broken', effect: 'NoExecute' },
      { key: 'full', effect: 'NoSchedule' },
    ],
  },
};
const tolerant = { tolerations: [{ key: 'broken', operator: 'Exists' }] };

const asking = (requests: Record<string, string>, more: Partial<PodSpec> = {}): Pod =>
  testPod({ ...tolerant, containers: [testContainer('web', { resources: { requests } })], ...more });
const listening = (hostPort: number, more = {}): Pod =>
  testPod({
    ...tolerant,
    containers: [testContainer('web', { ports: [{ containerPort: 80, hostPort, ...more }] })],
  });

const allocatable = {
  cpu: '2',
  memory: '1Gi',
  'ephemeral-storage': '1Gi',
  'example.com/card': '1',
  pods: '3',
};
const textOf = (pod: Pod, others: readonly Pod[] = []): string => {
  const rejection = admitPod(pod, { node, nodeName: 'node-1', allocatable, others });
  return rejection === undefined ? 'taken' : `${rejection.reason}: ${rejection.message}`;
};
const short = "Node didn't have enough resource:";

describe('what a node takes', () => {
  const cases: Record<string, readonly [Pod, readonly Pod[], string]> = {
    'what fits': [asking({ cpu: '2', memory: '1Gi' }), [asking({})], 'taken'],
    'too much processor': [
      asking({ cpu: '1500m' }),
      [asking({ cpu: '600m' })],
      `OutOfcpu: ${short} cpu, requested: 1500, used: 600, capacity: 2000`,
    ],
    'too much memory': [
      asking({ memory: '2Gi' }),
      [],
      `OutOfmemory: ${short} memory, requested: 2147483648, used: 0, capacity: 1073741824`,
    ],
    'too much storage': [
      asking({ 'ephemeral-storage': '2Gi' }),
      [],
      `OutOfephemeral-storage: ${short} ephemeral-storage, requested: 2147483648, used: 0, capacity: 1073741824`,
    ],
    'a card that another one has': [
      asking({ 'example.com/card': '1' }),
      [asking({ 'example.com/card': '1' })],
      `OutOfexample.com/card: ${short} example.com/card, requested: 1, used: 1, capacity: 1`,
    ],
    'a thing that nodes do not count': [asking({ 'example.com/licence': '1' }), [], 'taken'],
    'one too many': [
      asking({}),
      [asking({}), asking({}), asking({})],
      `OutOfpods: ${short} pods, requested: 1, used: 3, capacity: 3`,
    ],
    'another place': [
      asking({}, { nodeSelector: { zone: 'b' } }),
      [],
      "NodeAffinity: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    ],
    'another node': [
      asking({}, { nodeName: 'node-2' }),
      [],
      "NodeName: Predicate NodeName failed: node(s) didn't match the requested node name",
    ],
    'a port that is taken': [
      listening(80),
      [listening(80, { hostIP: '127.0.0.1' })],
      "NodePorts: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    ],
    'a port on another address': [
      listening(80, { hostIP: '127.0.0.2' }),
      [listening(80, { hostIP: '127.0.0.1' })],
      'taken',
    ],
    'a port of another protocol': [listening(80, { protocol: 'UDP' }), [listening(80)], 'taken'],
    'one that the node would drive away': [
      testPod({}),
      [],
      "TaintToleration: Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
    ],
    'a static one, whatever is wrong with the node': [
      testPod({}, { metadata: { annotations: { 'kubernetes.io/config.source': 'file' } } }),
      [],
      'taken',
    ],
    'another system': [
      asking({}, { os: { name: 'windows' } }),
      [],
      "PodOSNotSupported: Failed to admit pod as the OS field doesn't match node OS",
    ],
  };
  for (const [name, [pod, others, wanted]] of Object.entries(cases))
    test(name, () => assert.equal(textOf(pod, others), wanted));
});

test('a label that came a moment ago counts; who is asked first is against it first', async () => {
  const events: string[] = [];
  let isLate = false;
  const admission = new NodeAdmission({
    ...{ nodeName: 'node-1', allocatable },
    node: () => ({ ...node, spec: {}, metadata: { name: 'node-1' } }),
    fetchNode: async () => ({ ...node, spec: {} }),
    record: (_, { type, reason, message }) => events.push(`${type} ${reason}: ${message}`),
    checks: [() => (isLate ? { reason: 'NodeShutdown', message: 'too late' } : undefined)],
  });
  const pod = testPod({ nodeSelector: { zone: 'a' } });
  assert.equal(await admission.admit(pod, []), undefined);
  isLate = true;
  assert.deepEqual(await admission.admit(pod, []), { reason: 'NodeShutdown', message: 'too late' });
  assert.deepEqual(events, ['Warning NodeShutdown: too late']);
});

test('a refused pod has failed without a word of containers, and stays so for the next agent', () => {
  const pod = testPod({});
  const rejection = { reason: 'OutOfcpu', message: `${short} cpu, requested: 1, used: 0, capacity: 0` };
  const status = rejectedStatus(pod, rejection, Date.UTC(2026, 0, 1));
  assert.deepEqual(status, {
    phase: 'Failed',
    reason: 'OutOfcpu',
    message: `Pod was rejected: ${short} cpu, requested: 1, used: 0, capacity: 0`,
    startTime: '2026-01-01T00:00:00Z',
    qosClass: 'BestEffort',
  });
  assert.deepEqual(refusedBefore({ ...pod, status }), rejection);
  assert.equal(
    refusedBefore({ ...pod, status: { phase: 'Failed', reason: 'Evicted', message: 'x' } }),
    undefined,
  );
});
