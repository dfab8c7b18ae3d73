import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  PodAffinityTerm,
} from '../../kinds/generated/types.ts';
import { type ClusterEvent, changedNode } from '../cluster-event.ts';
import { compileSelector } from '../label-match.ts';
import { namedNodes, termMatches } from '../node-selector.ts';
import { type Filter, isRejection, type Lookups, type Rejection } from '../plugin.ts';
import type { PodView } from '../pod-view.ts';
import type { Snapshot } from '../snapshot.ts';
import { hostnameLabel } from '../spread-constraint.ts';
import { tolerates } from '../taints.ts';
import { cycleOf, makeNode, makePod, snapshotOf, viewOf } from '../test-kit.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';
import { nodeAffinity } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodePorts } from './node-ports.ts';
import { nodeResourcesFit } from './node-resources-fit.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { podTopologySpread } from './pod-topology-spread.ts';
import { filters } from './table.ts';
import { taintToleration } from './taint-toleration.ts';
import { volumeBinding } from './volume-binding.ts';

type Words = string;

const wordsOf = ({ reasons, isResolvable }: Rejection): Words =>
  `${reasons.join(' + ')}${isResolvable ? ' (removing pods may help)' : ''}`;

/** What the filter says of each node; of the pod as a whole under ''. */
function verdicts(
  filter: Filter,
  pod: PodView,
  snapshot: Snapshot,
  lookups: Partial<Lookups> = {},
): Record<string, Words> {
  const prepared = filter.prepare(pod, cycleOf(snapshot, lookups));
  if (prepared === undefined) return { '': 'nothing to check' };
  if (isRejection(prepared)) return { '': wordsOf(prepared) };
  return Object.fromEntries(
    snapshot.nodes.map((node) => {
      const rejection = prepared.check(node);
      return [node.name, rejection === undefined ? 'fits' : wordsOf(rejection)];
    }),
  );
}

interface Case {
  nodes?: Node[];
  on?: Record<string, PodView[]>;
  pod: PodView;
  lookups?: Partial<Lookups>;
  expect: Record<string, Words>;
}

function table(filter: Filter, cases: Record<string, Case>): void {
  describe(filter.name, () => {
    for (const [name, { nodes = [makeNode('a')], on, pod, lookups, expect }] of Object.entries(cases))
      test(name, () => assert.deepEqual(verdicts(filter, pod, snapshotOf(nodes, on), lookups), expect));
  });
}

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
      'VolumeBinding',
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

test('tolerations', () => {
  const taint = { key: 'k', value: 'v', effect: 'NoSchedule' };
  const cases = {
    everything: [{ operator: 'Exists' }, true],
    'the key with any value': [{ key: 'k', operator: 'Exists' }, true],
    'Equal is the default': [{ key: 'k', value: 'v' }, true],
    'another effect': [{ key: 'k', value: 'v', effect: 'NoExecute' }, false],
    'an operator behind a gate': [{ key: 'k', operator: 'Gt', value: 'v' }, false],
  } as const;
  for (const [name, [toleration, expected]] of Object.entries(cases))
    assert.equal(tolerates(toleration, taint), expected, name);
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

test('only nodes that all terms name come into question', () => {
  const byName = (...values: string[]) => ({
    matchFields: [{ key: 'metadata.name', operator: 'In', values }],
  });
  const cases: Record<string, [object[], string[] | undefined]> = {
    'one name': [[byName('a')], ['a']],
    'a term for each': [
      [byName('a'), byName('b')],
      ['a', 'b'],
    ],
    'a term without names': [
      [byName('a'), { matchExpressions: [{ key: 'x', operator: 'Exists' }] }],
      undefined,
    ],
  };
  for (const [name, [terms, expected]] of Object.entries(cases)) {
    const found = namedNodes(makePod('p', required(...terms)));
    assert.deepEqual(found === undefined ? undefined : [...found], expected, name);
  }
});

test('numbers are compared as numbers', () => {
  const is = (operator: string, bound: string, value: string) =>
    termMatches(
      { matchExpressions: [{ key: 'k', operator, values: [bound] }] },
      { name: 'n', labels: { k: value } },
    );
  assert.deepEqual(
    [is('Gt', '9', '10'), is('Lt', '9', '10'), is('Gt', 'x', '10'), is('Gt', '9', 'many')],
    [true, false, false, false],
  );
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

const claim = (name: string, spec: object, extra: object = {}): PersistentVolumeClaim => ({
  metadata: {
    name,
    namespace: 'default',
    ...('volumeName' in spec ? { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } } : {}),
    ...extra,
  },
  spec,
});
const withClaim = viewOf('p', { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] });
const claims = (found: PersistentVolumeClaim | undefined): Partial<Lookups> => ({
  claim: (key) => (key === 'default/data' ? found : undefined),
});
const localVolume: PersistentVolume = {
  metadata: { name: 'pv' },
  spec: {
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['z1'] }] }],
      },
    },
  },
};

table(volumeBinding, {
  'no volumes': { pod: viewOf('p'), expect: { '': 'nothing to check' } },
  'no such claim': { pod: withClaim, expect: { '': 'persistentvolumeclaim "data" not found' } },
  'an ephemeral volume whose claim is not made yet': {
    pod: viewOf('p', { volumes: [{ name: 'tmp', ephemeral: {} }] }),
    expect: { '': 'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-tmp"' },
  },
  'a claim that goes': {
    pod: withClaim,
    lookups: claims(claim('data', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })),
    expect: { '': 'persistentvolumeclaim "data" is being deleted' },
  },
  'a claim without a volume': {
    pod: withClaim,
    lookups: claims(claim('data', {})),
    expect: { '': 'pod has unbound immediate PersistentVolumeClaims' },
  },
  'a claim of a class that waits': {
    pod: withClaim,
    lookups: {
      ...claims(claim('data', { storageClassName: 'local' })),
      storageClass: () => ({
        metadata: { name: 'local' },
        provisioner: 'kubernetes.io/no-provisioner',
        volumeBindingMode: 'WaitForFirstConsumer',
      }),
    },
    expect: { a: "node(s) didn't find available persistent volumes to bind" },
  },
  'a volume in another zone': {
    nodes: zoned,
    pod: withClaim,
    lookups: { ...claims(claim('data', { volumeName: 'pv' })), volume: () => localVolume },
    expect: { a: 'fits', b: "node(s) didn't match PersistentVolume's node affinity" },
  },
  'a volume that is gone': {
    pod: withClaim,
    lookups: claims(claim('data', { volumeName: 'pv' })),
    expect: { a: 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)' },
  },
});

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
    'a claim was bound': [volumeBinding, { type: 'volumes' }, withClaim, true],
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
