import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileSelector } from '../label-match.ts';
import { makeNode, viewOf } from '../test-kit.ts';
import { filterTable as table } from './filter-table.ts';
import { nodeAffinity } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodePorts } from './node-ports.ts';
import { nodeResourcesFit } from './node-resources-fit.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { filters } from './table.ts';
import { taintToleration } from './taint-toleration.ts';

test('the filters stand in the order of the default profile', () =>
  assert.deepEqual(
    filters.map(({ name }) => name),
    [
      'NodeUnschedulable',
      'NodeName',
      'TaintToleration',
      'NodeAffinity',
      'NodePorts',
      'NodeResourcesFit',
      'VolumeRestrictions',
      'VolumeBinding',
      'VolumeZone',
      'PodTopologySpread',
      'InterPodAffinity',
    ],
  ));

const cordoned = [makeNode('a', { unschedulable: true }), makeNode('b')];

table(nodeUnschedulable, {
  'a cordoned node is refused': {
    nodes: cordoned,
    pod: viewOf('p'),
    expect: { a: 'node(s) were unschedulable', b: 'fits' },
  },
  'a pod that tolerates it is not asked': {
    nodes: cordoned,
    pod: viewOf('p', { tolerations: [{ operator: 'Exists' }] }),
    expect: { '': 'nothing to check' },
  },
});

table(nodeName, {
  'only the named node': {
    nodes: [makeNode('a'), makeNode('b')],
    pod: viewOf('p', { nodeName: 'b' }),
    expect: { a: "node(s) didn't match the requested node name", b: 'fits' },
  },
  'no name': { pod: viewOf('p'), expect: { '': 'nothing to check' } },
});

const taintedNodes = [
  makeNode('gpu', { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] }),
  makeNode('lost', { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }] }),
  makeNode('soft', { taints: [{ key: 'soft', effect: 'PreferNoSchedule' }] }),
];
const untolerated = 'node(s) had untolerated taint(s)';

table(taintToleration, {
  'hard taints refuse, soft ones do not': {
    nodes: taintedNodes,
    pod: viewOf('p'),
    expect: { gpu: untolerated, lost: untolerated, soft: 'fits' },
  },
  'a toleration of the very taint': {
    nodes: taintedNodes,
    pod: viewOf('p', {
      tolerations: [{ key: 'gpu', operator: 'Equal', value: 'yes', effect: 'NoSchedule' }],
    }),
    expect: { gpu: 'fits', lost: untolerated, soft: 'fits' },
  },
  'another value is not tolerated': {
    nodes: taintedNodes,
    pod: viewOf('p', { tolerations: [{ key: 'gpu', value: 'no' }] }),
    expect: { gpu: untolerated, lost: untolerated, soft: 'fits' },
  },
});

const zoned = [
  makeNode('a', { labels: { zone: 'z1', cores: '8' } }),
  makeNode('b', { labels: { zone: 'z2' } }),
];
const required = (...nodeSelectorTerms: object[]) => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
});
const noMatch = "node(s) didn't match Pod's node affinity/selector";

table(nodeAffinity, {
  'a node selector': {
    nodes: zoned,
    pod: viewOf('p', { nodeSelector: { zone: 'z2' } }),
    expect: { a: noMatch, b: 'fits' },
  },
  'any of the terms': {
    nodes: zoned,
    pod: viewOf(
      'p',
      required(
        { matchExpressions: [{ key: 'zone', operator: 'In', values: ['z2'] }] },
        { matchExpressions: [{ key: 'cores', operator: 'Gt', values: ['4'] }] },
      ),
    ),
    expect: { a: 'fits', b: 'fits' },
  },
  'all expressions of a term': {
    nodes: zoned,
    pod: viewOf(
      'p',
      required({
        matchExpressions: [
          { key: 'zone', operator: 'Exists' },
          { key: 'cores', operator: 'Lt', values: ['8'] },
        ],
      }),
    ),
    expect: { a: noMatch, b: noMatch },
  },
  'names that exclude each other': {
    nodes: zoned,
    pod: viewOf(
      'p',
      required({
        matchFields: [
          { key: 'metadata.name', operator: 'In', values: ['a'] },
          { key: 'metadata.name', operator: 'In', values: ['b'] },
        ],
      }),
    ),
    expect: { '': 'pod affinity terms conflict' },
  },
  'the selector and the terms': {
    nodes: zoned,
    pod: viewOf('p', {
      nodeSelector: { zone: 'z1' },
      ...required({ matchExpressions: [{ key: 'cores', operator: 'DoesNotExist' }] }),
    }),
    expect: { a: noMatch, b: noMatch },
  },
  'a term without requirements selects nothing': { pod: viewOf('p', required({})), expect: { a: noMatch } },
});

test('selectors say the same when they are compiled', () => {
  const labels = { app: 'web', tier: 'a' };
  const cases: [Parameters<typeof compileSelector>[0], boolean][] = [
    [undefined, false],
    [{}, true],
    [{ matchLabels: { app: 'web' } }, true],
    [{ matchLabels: { constructor: 'web' } }, false],
    [{ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['a'] }] }, false],
    [
      {
        matchExpressions: [
          { key: 'app', operator: 'Exists' },
          { key: 'x', operator: 'DoesNotExist' },
        ],
      },
      true,
    ],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: [] }] }, false],
  ];
  for (const [selector, expected] of cases) assert.equal(compileSelector(selector)(labels), expected);
});

const noPorts = "node(s) didn't have free ports for the requested pod ports (removing pods may help)";
const onAddress = (hostIP: string) =>
  viewOf(`on-${hostIP}`, {
    containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80, hostIP, protocol: 'TCP' }] }],
  });

table(nodePorts, {
  'a port that is taken': {
    nodes: [makeNode('a'), makeNode('b')],
    on: { a: [viewOf('other', { hostPort: 80 })] },
    pod: viewOf('p', { hostPort: 80 }),
    expect: { a: noPorts, b: 'fits' },
  },
  'another address': {
    on: { a: [onAddress('10.0.0.1')] },
    pod: onAddress('10.0.0.2'),
    expect: { a: 'fits' },
  },
  'all addresses': { on: { a: [onAddress('10.0.0.1')] }, pod: onAddress('0.0.0.0'), expect: { a: noPorts } },
  'no ports': { pod: viewOf('p'), expect: { '': 'nothing to check' } },
});

const cpu = (name: string, amount: string) => viewOf(name, { requests: { cpu: amount } });

table(nodeResourcesFit, {
  'what others have left': {
    on: { a: [cpu('other', '3500m')] },
    pod: cpu('p', '501m'),
    expect: { a: 'Insufficient cpu (removing pods may help)' },
  },
  'exactly the rest': { on: { a: [cpu('other', '3500m')] }, pod: cpu('p', '500m'), expect: { a: 'fits' } },
  'more than the whole node': {
    pod: viewOf('p', { requests: { cpu: '5', memory: '1Gi' } }),
    expect: { a: 'Insufficient cpu' },
  },
  'all that lacks': {
    nodes: [makeNode('a', { pods: '0', extended: { 'example.com/gpu': '1' } })],
    pod: viewOf('p', {
      requests: { cpu: '5', memory: '9Gi', 'ephemeral-storage': '11Gi', 'example.com/gpu': '2' },
    }),
    expect: {
      a: 'Too many pods + Insufficient cpu + Insufficient memory + Insufficient ephemeral-storage + Insufficient example.com/gpu',
    },
  },
  'a full node refuses also who asks for nothing': {
    nodes: [makeNode('a', { pods: '1' })],
    on: { a: [viewOf('other')] },
    pod: viewOf('p'),
    expect: { a: 'Too many pods (removing pods may help)' },
  },
  'an init container needs more than the others together': {
    pod: viewOf('p', {
      requests: { cpu: '1' },
      initContainers: [{ name: 'init', resources: { requests: { cpu: '5' } } }],
    }),
    expect: { a: 'Insufficient cpu' },
  },
  'a sidecar runs beside the containers': {
    pod: viewOf('p', {
      requests: { cpu: '3' },
      initContainers: [{ name: 'side', restartPolicy: 'Always', resources: { requests: { cpu: '2' } } }],
    }),
    expect: { a: 'Insufficient cpu' },
  },
  'overhead counts': {
    pod: viewOf('p', { requests: { cpu: '4' }, overhead: { cpu: '1m' } }),
    expect: { a: 'Insufficient cpu' },
  },
  'requests of the pod as a whole stand in for the containers’': {
    pod: viewOf('p', { requests: { cpu: '9' }, resources: { requests: { cpu: '2' } } }),
    expect: { a: 'fits' },
  },
});
