import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Node } from '../../kinds/generated/types.ts';
import { normalizedImageName } from '../image-name.ts';
import { type Lookups, normalizeByLargest, type Score } from '../plugin.ts';
import type { PodView } from '../pod-view.ts';
import { zoneLabel } from '../spread-constraint.ts';
import { cycleOf, makeNode, snapshotOf, viewOf } from '../test-kit.ts';
import { balancedAllocation } from './balanced-allocation.ts';
import { imageLocality } from './image-locality.ts';
import { interPodAffinityScore } from './inter-pod-affinity.ts';
import { leastAllocated } from './least-allocated.ts';
import { nodeAffinityScore } from './node-affinity.ts';
import { podTopologySpreadScore } from './pod-topology-spread.ts';
import { scores } from './table.ts';
import { taintTolerationScore } from './taint-toleration.ts';

interface Case {
  nodes: Node[];
  on?: Record<string, PodView[]>;
  pod: PodView;
  lookups?: Partial<Lookups>;
  /** 'the same for all' when the score is not asked. */
  expect: Record<string, number> | 'the same for all';
}

function table(plugin: Score, cases: Record<string, Case>): void {
  describe(plugin.name, () => {
    for (const [name, { nodes, on, pod, lookups, expect }] of Object.entries(cases))
      test(name, () => {
        const snapshot = snapshotOf(nodes, on);
        const prepared = plugin.prepare(pod, snapshot.nodes, cycleOf(snapshot, lookups));
        const found = snapshot.nodes.map((node) => prepared?.score(node) ?? 0);
        prepared?.normalize?.(found, snapshot.nodes);
        const byName = Object.fromEntries(snapshot.nodes.map((node, index) => [node.name, found[index]]));
        assert.deepEqual(prepared === undefined ? 'the same for all' : byName, expect);
      });
  });
}

test('the weights are those of the default profile', () =>
  assert.deepEqual(
    scores.map(({ score, weight }) => `${score.name} ${weight}`),
    [
      'TaintToleration 3',
      'NodeAffinity 2',
      'NodeResourcesFit 1',
      'PodTopologySpread 2',
      'InterPodAffinity 2',
      'NodeResourcesBalancedAllocation 1',
      'ImageLocality 1',
    ],
  ));

test('scaling by the largest', () => {
  const scaled = (values: number[], isReversed: boolean) => {
    normalizeByLargest(values, isReversed);
    return values;
  };
  assert.deepEqual(scaled([1, 2, 3], false), [33, 66, 100]);
  assert.deepEqual(scaled([1, 2, 3], true), [67, 34, 0]);
  assert.deepEqual(scaled([0, 0], false), [0, 0]);
  assert.deepEqual(scaled([0, 0], true), [100, 100]);
});

const asks = (cpu: string, memory: string) => ({ requests: { cpu, memory } });
const twoNodes = [makeNode('a', { memory: '4Gi' }), makeNode('b', { memory: '4Gi' })];

table(leastAllocated, {
  'the emptier node gets more': {
    nodes: twoNodes,
    on: { a: [viewOf('x', asks('2', '2Gi'))] },
    pod: viewOf('p', asks('1', '1Gi')),
    expect: { a: 25, b: 75 },
  },
  'a pod that asks for nothing counts as 100m and 200Mi': {
    nodes: [makeNode('a', { cpu: '1', memory: '2000Mi' })],
    pod: viewOf('p'),
    expect: { a: 90 },
  },
  'a node without the resource': {
    nodes: [makeNode('a', { cpu: '0', memory: '4Gi' })],
    pod: viewOf('p', asks('1', '1Gi')),
    expect: { a: 75 },
  },
});

table(balancedAllocation, {
  'the node that it brings into balance': {
    nodes: twoNodes,
    on: { a: [viewOf('x', asks('2', '0'))], b: [viewOf('y', asks('0', '2Gi'))] },
    pod: viewOf('p', asks('0', '2Gi')),
    expect: { a: 87, b: 62 },
  },
  'a pod that asks for nothing': { nodes: twoNodes, pod: viewOf('p'), expect: 'the same for all' },
});

const image = (name: string, megabytes: number) => ({ names: [name], sizeBytes: megabytes * 1024 * 1024 });

table(imageLocality, {
  'the node that has the image': {
    nodes: [makeNode('a', { images: [image('web:latest', 1046)] }), makeNode('b')],
    pod: viewOf('p', { image: 'web' }),
    expect: { a: 51, b: 0 },
  },
  'a small image makes no difference': {
    nodes: [makeNode('a', { images: [image('web:1', 20)] }), makeNode('b')],
    pod: viewOf('p', { image: 'web:1' }),
    expect: { a: 0, b: 0 },
  },
  'nobody has it': { nodes: twoNodes, pod: viewOf('p'), expect: 'the same for all' },
});

test('image names', () =>
  assert.deepEqual(['nginx', 'nginx:1', 'host:5000/nginx', 'nginx@sha256:abc'].map(normalizedImageName), [
    'nginx:latest',
    'nginx:1',
    'host:5000/nginx:latest',
    'nginx@sha256:abc',
  ]));

const zoned = [
  makeNode('a', { labels: { zone: 'z1' } }),
  makeNode('b', { labels: { zone: 'z2' } }),
  makeNode('c', { labels: { zone: 'z2' } }),
];
const prefersZone = (values: string[], weight: number) => ({
  weight,
  preference: { matchExpressions: [{ key: 'zone', operator: 'In', values }] },
});

table(nodeAffinityScore, {
  'the sum of what matches': {
    nodes: zoned,
    pod: viewOf('p', {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            prefersZone(['z1'], 10),
            prefersZone(['z1', 'z2'], 30),
          ],
        },
      },
    }),
    expect: { a: 100, b: 75, c: 75 },
  },
  'no preference': { nodes: zoned, pod: viewOf('p'), expect: 'the same for all' },
});

const soft = (key: string) => ({ key, effect: 'PreferNoSchedule' });

table(taintTolerationScore, {
  'fewer taints are better': {
    nodes: [
      makeNode('a', { taints: [soft('x'), soft('y')] }),
      makeNode('b', { taints: [soft('x')] }),
      makeNode('c'),
    ],
    pod: viewOf('p'),
    expect: { a: 0, b: 50, c: 100 },
  },
  'tolerated ones do not count': {
    nodes: [makeNode('a', { taints: [soft('x'), soft('y')] }), makeNode('b', { taints: [soft('x')] })],
    pod: viewOf('p', { tolerations: [{ key: 'x', operator: 'Exists' }] }),
    expect: { a: 0, b: 100 },
  },
  'no taints': { nodes: zoned, pod: viewOf('p'), expect: 'the same for all' },
});

const near = (app: string, weight = 10) => [
  { weight, podAffinityTerm: { topologyKey: 'zone', labelSelector: { matchLabels: { app } } } },
];
const likes = (app: string) => ({
  affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: near(app) } },
});
const dislikes = (app: string) => ({
  affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: near(app) } },
});
const db = viewOf('db', { labels: { app: 'db' } });

table(interPodAffinityScore, {
  'near to whom it likes': {
    nodes: zoned,
    on: { b: [db] },
    pod: viewOf('p', likes('db')),
    expect: { a: 0, b: 100, c: 100 },
  },
  'away from whom it dislikes': {
    nodes: zoned,
    on: { b: [db] },
    pod: viewOf('p', dislikes('db')),
    expect: { a: 100, b: 0, c: 0 },
  },
  'near to who likes it': {
    nodes: zoned,
    on: { a: [viewOf('x', likes('web'))] },
    pod: viewOf('p', { labels: { app: 'web' } }),
    expect: { a: 100, b: 0, c: 0 },
  },
  'near to who needs it': {
    nodes: zoned,
    on: {
      c: [
        viewOf('x', {
          affinity: {
            podAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [
                { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } } },
              ],
            },
          },
        }),
      ],
    },
    pod: viewOf('p', { labels: { app: 'web' } }),
    expect: { a: 0, b: 100, c: 100 },
  },
  'nobody likes anybody': { nodes: zoned, on: { a: [db] }, pod: viewOf('p'), expect: 'the same for all' },
});

const web = { app: 'web' };
const spread = {
  labels: web,
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: web },
    },
  ],
};
const webPod = (name: string) => viewOf(name, { labels: web });

table(podTopologySpreadScore, {
  'the emptier zone': {
    nodes: [...zoned, makeNode('no-zone')],
    on: { a: [webPod('1'), webPod('2')], b: [webPod('3')] },
    pod: viewOf('p', spread),
    expect: { a: 33, b: 100, c: 100, 'no-zone': 0 },
  },
  'pods of a Service are spread by default, over hosts and zones': {
    nodes: [
      makeNode('a', { labels: { [zoneLabel]: 'z1' } }),
      makeNode('b', { labels: { [zoneLabel]: 'z2' } }),
      makeNode('c', { labels: { [zoneLabel]: 'z1' } }),
    ],
    on: { a: [webPod('1')] },
    pod: webPod('p'),
    lookups: { selectorsOf: () => [{ matchLabels: web }] },
    expect: { a: 66, b: 100, c: 88 },
  },
  'a pod of nobody is not': { nodes: zoned, pod: webPod('p'), expect: 'the same for all' },
});
