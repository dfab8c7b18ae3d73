import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { PodAffinityTerm } from '../../kinds/generated/types.ts';
import { type ClusterEvent, changedNode } from '../cluster-event.ts';
import type { Filter } from '../plugin.ts';
import type { PodView } from '../pod-view.ts';
import { hostnameLabel } from '../spread-constraint.ts';
import { makeNode, snapshotOf, viewOf } from '../test-kit.ts';
import { filterTable as table, verdicts } from './filter-table.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';
import { nodeAffinity } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodePorts } from './node-ports.ts';
import { nodeResourcesFit } from './node-resources-fit.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { podTopologySpread } from './pod-topology-spread.ts';
import { taintToleration } from './taint-toleration.ts';

const cpu = (name: string, amount: string) => viewOf(name, { requests: { cpu: amount } });

const web = { app: 'web' };
const spread = (constraint: object = {}) => ({
  labels: web,
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: web },
      ...constraint,
    },
  ],
});
const skewed = "node(s) didn't match pod topology spread constraints (removing pods may help)";
const missing = "node(s) didn't match pod topology spread constraints (missing required label)";
const twoZones = [
  makeNode('a', { labels: { zone: 'z1' } }),
  makeNode('b', { labels: { zone: 'z2' } }),
  makeNode('c'),
];

table(podTopologySpread, {
  'the fuller zone is refused, and a node without the label': {
    nodes: twoZones,
    on: { a: [viewOf('w1', { labels: web })] },
    pod: viewOf('p', spread()),
    expect: { a: skewed, b: 'fits', c: missing },
  },
  'pods of other namespaces and those that go do not count': {
    nodes: twoZones,
    on: {
      a: [
        viewOf('w1', { labels: web, namespace: 'other' }),
        { ...viewOf('w2', { labels: web }), isTerminating: true },
      ],
    },
    pod: viewOf('p', spread()),
    expect: { a: 'fits', b: 'fits', c: missing },
  },
  'fewer domains than wanted: the least is none': {
    nodes: twoZones,
    on: { a: [viewOf('w1', { labels: web })], b: [viewOf('w2', { labels: web })] },
    pod: viewOf('p', spread({ minDomains: 3 })),
    expect: { a: skewed, b: skewed, c: missing },
  },
  'nodes that the pod may not use are no domains': {
    nodes: twoZones,
    on: { a: [viewOf('w1', { labels: web })] },
    pod: viewOf('p', { ...spread(), nodeSelector: { zone: 'z1' } }),
    expect: { a: 'fits', b: 'fits', c: missing },
  },
  'unless the policy says that they are': {
    nodes: twoZones,
    on: { a: [viewOf('w1', { labels: web })] },
    pod: viewOf('p', { ...spread({ nodeAffinityPolicy: 'Ignore' }), nodeSelector: { zone: 'z1' } }),
    expect: { a: skewed, b: 'fits', c: missing },
  },
  'tainted nodes are domains unless the policy honors taints': {
    nodes: [
      makeNode('a', { labels: { zone: 'z1' } }),
      makeNode('b', { labels: { zone: 'z2' }, taints: [{ key: 'x', effect: 'NoSchedule' }] }),
    ],
    on: { a: [viewOf('w1', { labels: web })] },
    pod: viewOf('p', spread({ nodeTaintsPolicy: 'Honor' })),
    expect: { a: 'fits', b: 'fits' },
  },
  'only pods of the same revision count': {
    nodes: twoZones,
    on: { a: [viewOf('w1', { labels: { ...web, rev: '1' } })] },
    pod: viewOf('p', { ...spread({ matchLabelKeys: ['rev'] }), labels: { ...web, rev: '2' } }),
    expect: { a: 'fits', b: 'fits', c: missing },
  },
  'a wish is no condition': {
    pod: viewOf('p', spread({ whenUnsatisfiable: 'ScheduleAnyway' })),
    expect: { '': 'nothing to check' },
  },
});

test('counting only the nodes that have such pods comes to the same as counting all', () => {
  const node = fc.record({
    zone: fc.constantFrom('z1', 'z2', 'z3', undefined),
    rack: fc.constantFrom('r1', 'r2', undefined),
  });
  const placed = fc.array(fc.nat(7), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(node, { minLength: 8, maxLength: 8 }), placed, (labels, places) => {
      const nodes = labels.map(({ zone, rack }, index) =>
        makeNode(`n${index}`, { labels: { ...(zone ? { zone } : {}), ...(rack ? { rack } : {}) } }),
      );
      const snapshot = snapshotOf(nodes);
      for (const [index, place] of places.entries())
        snapshot.setPod(viewOf(`w${index}`, { labels: web }), `n${place}`);
      const constraints = ['zone', 'rack'].map((topologyKey) => ({
        ...spread().topologySpreadConstraints[0]!,
        topologyKey,
      }));
      const verdictsWith = (nodeTaintsPolicy: string) =>
        verdicts(
          podTopologySpread,
          viewOf('p', {
            labels: web,
            topologySpreadConstraints: constraints.map((each) => ({ ...each, nodeTaintsPolicy })),
          }),
          snapshot,
        );
      // No node has a taint: the policy is of no consequence but for the way of counting.
      assert.deepEqual(verdictsWith('Ignore'), verdictsWith('Honor'));
    }),
    { numRuns: 200, interruptAfterTimeLimit: 5000 },
  );
});

const term = (extra: Partial<PodAffinityTerm> = {}): PodAffinityTerm => ({
  topologyKey: 'zone',
  labelSelector: { matchLabels: { app: 'db' } },
  ...extra,
});
const affinity = (...terms: PodAffinityTerm[]) => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const antiAffinity = (...terms: PodAffinityTerm[]) => ({
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const noAffinity = "node(s) didn't match pod affinity rules";
const against = "node(s) didn't match pod anti-affinity rules (removing pods may help)";
const theyAreAgainst = "node(s) didn't satisfy existing pods anti-affinity rules (removing pods may help)";
const database = (extra: object = {}) => viewOf('db', { labels: { app: 'db' }, ...extra });

table(interPodAffinity, {
  'where the other is': {
    nodes: twoZones,
    on: { a: [database()] },
    pod: viewOf('p', affinity(term())),
    expect: { a: 'fits', b: noAffinity, c: noAffinity },
  },
  nowhere: {
    nodes: twoZones,
    pod: viewOf('p', affinity(term())),
    expect: { a: noAffinity, b: noAffinity, c: noAffinity },
  },
  'the first of a group goes where the label is': {
    nodes: twoZones,
    pod: viewOf('p', { labels: { app: 'db' }, ...affinity(term()) }),
    expect: { a: 'fits', b: 'fits', c: noAffinity },
  },
  'the other is in another namespace': {
    nodes: twoZones,
    on: { a: [database({ namespace: 'data' })] },
    pod: viewOf('p', affinity(term())),
    expect: { a: noAffinity, b: noAffinity, c: noAffinity },
  },
  'a namespace that is listed': {
    nodes: twoZones,
    on: { a: [database({ namespace: 'data' })] },
    pod: viewOf('p', affinity(term({ namespaces: ['data'] }))),
    expect: { a: 'fits', b: noAffinity, c: noAffinity },
  },
  'all namespaces': {
    nodes: twoZones,
    on: { b: [database({ namespace: 'data' })] },
    pod: viewOf('p', affinity(term({ namespaceSelector: {} }))),
    expect: { a: noAffinity, b: 'fits', c: noAffinity },
  },
  'away from the other': {
    nodes: twoZones,
    on: { a: [database()] },
    pod: viewOf('p', antiAffinity(term())),
    expect: { a: against, b: 'fits', c: 'fits' },
  },
  'the other wants to be away from it': {
    nodes: twoZones,
    on: { a: [viewOf('web', antiAffinity(term()))] },
    pod: database(),
    expect: { a: theyAreAgainst, b: 'fits', c: 'fits' },
  },
  'nobody wants anything': { on: { a: [database()] }, pod: viewOf('p'), expect: { '': 'nothing to check' } },
});

test('a namespace is known by its labels, also when they change', () => {
  const snapshot = snapshotOf(twoZones, { a: [database({ namespace: 'data' })] });
  const pod = viewOf('p', antiAffinity(term({ namespaceSelector: { matchLabels: { team: 'x' } } })));
  assert.equal(verdicts(interPodAffinity, pod, snapshot).a, 'fits');
  snapshot.setNamespace('data', { team: 'x' });
  assert.equal(verdicts(interPodAffinity, pod, snapshot).a, against);
});

describe('what helps a pod that was refused', () => {
  const snapshot = snapshotOf([makeNode('n', { cpu: '2', labels: { zone: 'z1' } })]);
  const node = snapshot.nodes[0]!;
  const changed = (...changes: ('labels' | 'taints' | 'allocatable' | 'unschedulable')[]): ClusterEvent => ({
    type: 'nodeChanged',
    node,
    changes: new Set(changes),
  });
  const gone = (pod: PodView): ClusterEvent => ({ type: 'podGone', pod, node });
  const cases: Record<string, [Filter, ClusterEvent, PodView, boolean]> = {
    'more room, enough': [nodeResourcesFit, changed('allocatable'), cpu('p', '2'), true],
    'more room, not enough': [nodeResourcesFit, changed('allocatable'), cpu('p', '3'), false],
    'a label is no room': [nodeResourcesFit, changed('labels'), cpu('p', '2'), false],
    'a pod went, and now there is room': [nodeResourcesFit, gone(cpu('x', '1')), cpu('p', '2'), true],
    'a pod went, and still there is not': [nodeResourcesFit, gone(cpu('x', '1')), cpu('p', '3'), false],
    'a new node': [taintToleration, { type: 'nodeAdded', node }, viewOf('p'), true],
    uncordoned: [nodeUnschedulable, changed('unschedulable'), viewOf('p'), true],
    'the right label': [nodeAffinity, changed('labels'), viewOf('p', { nodeSelector: { zone: 'z1' } }), true],
    'the wrong label': [
      nodeAffinity,
      changed('labels'),
      viewOf('p', { nodeSelector: { zone: 'z2' } }),
      false,
    ],
    'the port is free': [nodePorts, gone(viewOf('x', { hostPort: 80 })), viewOf('p', { hostPort: 80 }), true],
    'another port is free': [
      nodePorts,
      gone(viewOf('x', { hostPort: 81 })),
      viewOf('p', { hostPort: 80 }),
      false,
    ],
    'the named node came': [nodeName, { type: 'nodeAdded', node }, viewOf('p', { nodeName: 'n' }), true],
    'whom it wants to be near came': [
      interPodAffinity,
      { type: 'podAdded', pod: database() },
      viewOf('p', affinity(term())),
      true,
    ],
    'somebody else came': [
      interPodAffinity,
      { type: 'podAdded', pod: viewOf('x') },
      viewOf('p', affinity(term())),
      false,
    ],
    'whom it wants to be away from went': [
      interPodAffinity,
      gone(database()),
      viewOf('p', antiAffinity(term())),
      true,
    ],
    'one of its kind is none any more': [
      podTopologySpread,
      { type: 'podChanged', pod: viewOf('w', { labels: { app: 'other' } }) },
      viewOf('p', spread()),
      true,
    ],
    'one of its kind came elsewhere': [
      podTopologySpread,
      { type: 'podAdded', pod: viewOf('w', { labels: web }) },
      viewOf('p', spread({ topologyKey: hostnameLabel })),
      true,
    ],
  };
  for (const [name, [filter, event, pod, expected]] of Object.entries(cases))
    test(`${filter.name}: ${name}`, () => assert.equal(filter.helps(event, pod), expected));
  test('an event of another kind has no node', () =>
    assert.equal(changedNode({ type: 'volumes' }), undefined));
});
