import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Node } from '../kinds/generated/types.ts';
import { fitMessage } from './fit-message.ts';
import { NodeCheck } from './node-check.ts';
import { Nominator } from './nominator.ts';
import { resolvable, unresolvable } from './plugin.ts';
import type { PodView } from './pod-view.ts';
import { makeProfile } from './profile.ts';
import { feasibleNodesWanted, scoreNodes } from './schedule.ts';
import { cycleOf, decide, makeNode, type PodWords, snapshotOf, viewOf } from './test-kit.ts';

const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
const big = (name: string) => viewOf(name, { requests: { cpu: '3' } });

describe('why no node was found', () => {
  const cases: Record<
    string,
    { nodes: Node[]; on?: Record<string, PodView[]>; pod: PodView; message: string }
  > = {
    'no nodes': { nodes: [], pod: viewOf('p'), message: 'no nodes available to schedule pods' },
    'each node for its own reason': {
      nodes: [makeNode('a', { taints: [notReady] }), makeNode('b'), makeNode('c')],
      on: { b: [big('x')], c: [big('y')] },
      pod: big('p'),
      message: '0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu.',
    },
    'a node for two reasons': {
      nodes: [makeNode('a')],
      pod: viewOf('p', { requests: { cpu: '5', memory: '9Gi' } }),
      message: '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.',
    },
    'the pod as a whole': {
      nodes: [makeNode('a'), makeNode('b')],
      pod: viewOf('p', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] }),
      message: '0/2 nodes are available: persistentvolumeclaim "data" not found.',
    },
    'only one node comes into question': {
      nodes: [makeNode('a', { unschedulable: true }), makeNode('b'), makeNode('c')],
      pod: viewOf('p', {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }],
            },
          },
        },
      }),
      message:
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
    },
  };
  for (const [name, { nodes, on, pod, message }] of Object.entries(cases))
    test(name, () => assert.equal(decide(pod, cycleOf(snapshotOf(nodes, on))).failure?.message, message));

  test('the reasons are sorted as texts, and preemption speaks last', () =>
    assert.equal(
      fitMessage(
        {
          nodeCount: 13,
          ofNodes: new Map([
            ...Array.from(
              { length: 10 },
              (_, index) => [`a${index}`, resolvable('Insufficient cpu')] as const,
            ),
            ['b', unresolvable('node(s) were unschedulable')],
            ['c', unresolvable('node(s) were unschedulable')],
          ]),
          ofOthers: unresolvable('Preemption is not helpful for scheduling'),
        },
        'preemption: x.',
      ),
      '0/13 nodes are available: 1 Preemption is not helpful for scheduling, 10 Insufficient cpu, 2 node(s) were unschedulable. preemption: x.',
    ));
});

test('how many nodes are enough', () => {
  const cases = { 10: 10, 99: 99, 100: 100, 1000: 420, 5000: 500, 15000: 750 };
  const found = Object.keys(cases).map((count) => [count, feasibleNodesWanted(Number(count), 0)]);
  assert.deepEqual(Object.fromEntries(found), cases);
  assert.equal(feasibleNodesWanted(5000, 50), 2500);
});

test('the search begins where the last one ended', () => {
  const snapshot = snapshotOf(Array.from({ length: 300 }, (_, index) => makeNode(`n${index}`)));
  const from = (startIndex: number) => decide(viewOf('p'), cycleOf(snapshot), { startIndex });
  const decision = from(250);
  // 300 nodes: 48 % are enough.
  assert.equal(decision.evaluated, 144);
  assert.deepEqual([decision.scores?.[0]?.node, decision.scores?.at(-1)?.node], ['n250', 'n93']);
});

test('the emptiest node wins; of equal ones each has its chance', () => {
  const snapshot = snapshotOf([makeNode('a'), makeNode('b'), makeNode('c')], { a: [big('x')] });
  const nodes = new Set<string | undefined>();
  for (let seed = 1; seed <= 20; seed++) nodes.add(decide(viewOf('p'), cycleOf(snapshot), { seed }).node);
  assert.deepEqual([...nodes].sort(), ['b', 'c']);
  const { scores } = decide(viewOf('p'), cycleOf(snapshot));
  const profile = makeProfile();
  assert.deepEqual(
    scores?.map(({ score }) => score),
    scoreNodes(viewOf('p'), snapshot.nodes, { cycle: cycleOf(snapshot), profile }),
  );
});

test('a profile may leave filters and scores out', () => {
  const cycle = cycleOf(snapshotOf([makeNode('a', { unschedulable: true })]));
  assert.equal(decide(viewOf('p'), cycle, { profile: { filters: [], scores: [] } }).node, 'a');
});

describe('a pod that waits for its node', () => {
  const nominated = { ...big('important'), priority: 10 };
  const nominator = new Nominator();
  nominator.set(nominated, 'a');
  const snapshot = snapshotOf([makeNode('a'), makeNode('b')], { b: [big('x')] });

  test('keeps the room from those that are less important', () => {
    const decision = decide(big('p'), cycleOf(snapshot), { nominator });
    assert.equal(decision.failure?.message, '0/2 nodes are available: 2 Insufficient cpu.');
    assert.equal(snapshot.podCount, 1);
  });
  test('not from those that are more important', () =>
    assert.equal(decide({ ...big('p'), priority: 11 }, cycleOf(snapshot), { nominator }).node, 'a'));
  test('goes there itself, before others are looked at', () =>
    assert.deepEqual(decide(nominated, cycleOf(snapshot), { nominator }), { node: 'a', evaluated: 1 }));
  test('is forgotten', () => {
    nominator.delete(nominated.key);
    assert.deepEqual([nominator.nodeOf(nominated.key), nominator.on('a').size], [undefined, 0]);
  });
});

test('a check says which filter refused', () => {
  const snapshot = snapshotOf([makeNode('a', { unschedulable: true })]);
  const check = new NodeCheck(viewOf('p'), cycleOf(snapshot), {
    profile: makeProfile(),
    nominator: new Nominator(),
  });
  assert.equal(check.check(snapshot.nodes[0]!)?.filter, 'NodeUnschedulable');
});

test('whatever comes, no node is given more than it has, and nobody is refused who fits', () => {
  const node = fc.record({
    cpu: fc.constantFrom('1', '2'),
    pods: fc.constantFrom('1', '3'),
    isCordoned: fc.boolean(),
  });
  const pod = fc.record({
    cpu: fc.constantFrom('0', '500m', '1500m'),
    hostPort: fc.constantFrom(undefined, 80, 81),
    isAlone: fc.boolean(),
  });
  const alone: PodWords = {
    labels: { app: 'alone' },
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'alone' } } },
        ],
      },
    },
  };
  fc.assert(
    fc.property(
      fc.array(node, { minLength: 1, maxLength: 4 }),
      fc.array(pod, { maxLength: 12 }),
      fc.nat(1000),
      (nodes, pods, seed) => {
        const snapshot = snapshotOf(
          nodes.map(({ cpu, pods: most, isCordoned }, index) =>
            makeNode(`n${index}`, { cpu, pods: most, unschedulable: isCordoned }),
          ),
        );
        for (const [index, { cpu, hostPort, isAlone }] of pods.entries()) {
          const view = viewOf(`p${index}`, {
            requests: { cpu },
            ...(hostPort ? { hostPort } : {}),
            ...(isAlone ? alone : {}),
          });
          // Said once more, without any of the scheduler's sums.
          const fits = snapshot.nodes.filter((each) => {
            const others = [...each.pods.values()];
            const used = others.reduce((sum, other) => sum + other.requests.milliCPU, 0);
            return (
              !each.isUnschedulable &&
              others.length < each.allocatablePods &&
              (view.requests.milliCPU === 0 || used + view.requests.milliCPU <= each.allocatable.milliCPU) &&
              !others.some((other) => hostPort !== undefined && other.hostPorts[0]?.port === hostPort) &&
              !(isAlone && others.some(({ labels }) => labels.app === 'alone'))
            );
          });
          const decision = decide(view, cycleOf(snapshot), { seed, startIndex: seed % nodes.length });
          const names = fits.map(({ name }) => name);
          if (decision.node === undefined) assert.deepEqual(names, []);
          else assert.ok(names.includes(decision.node), `${decision.node} is none of ${names}`);
          if (decision.node !== undefined) snapshot.setPod(view, decision.node);
        }
      },
    ),
    { numRuns: 300, interruptAfterTimeLimit: 5000 },
  );
});
