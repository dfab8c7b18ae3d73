/** The parts of which a DaemonSet's reconcile is made; whole sets are in ../daemon-set.test.ts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fixedView } from '../../client/fixed-view.ts';
import type { ControllerRevision, DaemonSet, DaemonSetSpec, Node, Pod } from '../../kinds/generated/types.ts';
import { timestamp } from '../../lib/timestamp.ts';
import { FailedPods } from './failed-pods.ts';
import { planHistory } from './history.ts';
import { allowsSurge, judgeNodes, managePods, type PodPlan, type Situation } from './manage.ts';
import { byAge, newPod, podsByNode, targetNode } from './pods.ts';
import { updatePods } from './rolling-update.ts';
import { statusOf } from './status.ts';

const now = Date.UTC(2026, 0, 1);
const template = {
  metadata: { labels: { app: 'agent' } },
  spec: { containers: [{ name: 'c', image: 'agent:2' }] },
};

const setOf = (spec: Partial<DaemonSetSpec> = {}): DaemonSet => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { namespace: 'default', name: 'agent', uid: 's', generation: 2 },
  spec: { selector: { matchLabels: { app: 'agent' } }, template, ...spec },
});
const rolling = (maxUnavailable: number | string, maxSurge: number | string = 0): Partial<DaemonSetSpec> => ({
  updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable, maxSurge } },
});

interface PodFacts {
  isReady?: boolean;
  readyFor?: number;
  phase?: string;
  isGoing?: boolean;
  isBound?: boolean;
  age?: number;
}

/** `n1/new`: on node n1, of the set's template. */
function podOf(text: string, facts: PodFacts = {}): Pod {
  const [nodeName = '', hash = ''] = text.split('/');
  const {
    isReady = true,
    readyFor = 100,
    phase = 'Running',
    isGoing = false,
    isBound = true,
    age = 0,
  } = facts;
  const since = timestamp(now - readyFor * 1000);
  const pinned = newPod(setOf(), { nodeName, hash });
  return {
    ...pinned,
    metadata: {
      ...pinned.metadata,
      name: `${text.replace('/', '-')}-${age}`,
      uid: `${text}-${age}`,
      creationTimestamp: timestamp(now - age * 1000),
      ...(isGoing ? { deletionTimestamp: timestamp(now) } : {}),
    },
    spec: { containers: [], ...pinned.spec, ...(isBound ? { nodeName } : {}) },
    status: {
      phase,
      conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: since }],
    },
  };
}

const nodeOf = (name: string, effect?: string): Node => ({
  metadata: { name },
  ...(effect === undefined ? {} : { spec: { taints: [{ key: 'own', effect }] } }),
});
const threeNodes = ['n1', 'n2', 'n3'].map((name) => nodeOf(name));

const situationOf = (pods: Pod[], { spec = rolling(1), nodes = threeNodes } = {}): Situation => ({
  set: setOf(spec),
  verdicts: judgeNodes(setOf(spec), nodes),
  byNode: podsByNode(pods),
  hash: 'new',
  now,
});

const shown = ({ create, remove, waits }: PodPlan) => ({
  create,
  remove: remove.map(({ metadata }) => metadata.name),
  ...(waits.length > 0 ? { waits } : {}),
});

describe('the pods of a node', () => {
  const cases: Record<string, { situation: Situation; create?: string[]; remove?: string[] }> = {
    none: { situation: situationOf([]), create: ['n1', 'n2', 'n3'] },
    'none where one may only stay': {
      situation: situationOf([], { nodes: [nodeOf('n1', 'NoSchedule')] }),
    },
    'one that may stay': {
      situation: situationOf([podOf('n1/new')], { nodes: [nodeOf('n1', 'NoSchedule')] }),
    },
    'one that may not': {
      situation: situationOf([podOf('n1/new'), podOf('n1/old', { isGoing: true })], {
        nodes: [nodeOf('n1', 'NoExecute')],
      }),
      remove: ['n1-new-0'],
    },
    'one that goes is waited for': {
      situation: situationOf([podOf('n1/new', { isGoing: true })], { nodes: [nodeOf('n1')] }),
    },
    'one that goes is not waited for by a surge': {
      situation: situationOf([podOf('n1/new', { isGoing: true })], {
        nodes: [nodeOf('n1')],
        spec: rolling(0, 1),
      }),
      create: ['n1'],
    },
    'one that has ended and goes is forgotten': {
      situation: situationOf([podOf('n1/new', { isGoing: true, phase: 'Failed' })], {
        nodes: [nodeOf('n1')],
      }),
      create: ['n1'],
    },
    'too many: the bound ones and the oldest stay': {
      situation: situationOf(
        [
          podOf('n1/new', { age: 9, isBound: false }),
          podOf('n1/new', { age: 5 }),
          podOf('n1/old', { age: 7 }),
        ],
        { nodes: [nodeOf('n1')] },
      ),
      remove: ['n1-new-5', 'n1-new-9'],
    },
    'a surge keeps one of each template': {
      situation: situationOf(
        [
          podOf('n1/old', { age: 9 }),
          podOf('n1/old', { age: 8 }),
          podOf('n1/new', { age: 2, isReady: false }),
          podOf('n1/new', { age: 1, isReady: false }),
        ],
        { nodes: [nodeOf('n1')], spec: rolling(0, '10%') },
      ),
      remove: ['n1-old-8', 'n1-new-1'],
    },
    'one that waits for a node that is gone; a bound one is left to others': {
      situation: situationOf([podOf('gone/new', { isBound: false }), podOf('gone/old')], { nodes: [] }),
      remove: ['gone-new-0'],
    },
  };
  for (const [name, { situation, create = [], remove = [] }] of Object.entries(cases))
    test(name, () => assert.deepEqual(shown(managePods(situation, new FailedPods())), { create, remove }));

  test('one that fails again soon waits', () => {
    const failed = new FailedPods();
    const plan = (age: number) =>
      managePods(situationOf([podOf('n1/new', { phase: 'Failed', age })], { nodes: [nodeOf('n1')] }), failed);
    assert.deepEqual([shown(plan(1)), plan(1).events.length], [{ create: [], remove: ['n1-new-1'] }, 1]);
    assert.deepEqual([shown(plan(0)), plan(0).events], [{ create: [], remove: [], waits: [1000] }, []]);
  });

  test('surges, and sets that do not', () => {
    const surges = [
      rolling(1),
      rolling(0, 2),
      rolling(0, '1%'),
      rolling(1, '0%'),
      { updateStrategy: { type: 'OnDelete' } },
    ];
    assert.deepEqual(
      surges.map((spec) => allowsSurge(setOf(spec))),
      [false, true, true, false, false],
    );
  });
});

describe('an update', () => {
  const old = ['n1/old', 'n2/old', 'n3/old'].map((each) => podOf(each));
  const unready = { isReady: false };
  const cases: Record<string, { situation: Situation; create?: string[]; remove?: string[] }> = {
    'as many as may be away': {
      situation: situationOf(old, { spec: rolling(2) }),
      remove: ['n1-old-0', 'n2-old-0'],
    },
    'a percentage is rounded up': {
      situation: situationOf(old, { spec: rolling('34%') }),
      remove: ['n1-old-0', 'n2-old-0'],
    },
    'neither unavailable nor surging is one at a time': {
      situation: situationOf(old, { spec: rolling('0%') }),
      remove: ['n1-old-0'],
    },
    'a new one that is not available counts': {
      situation: situationOf([podOf('n1/new', unready), podOf('n2/old'), podOf('n3/old')]),
    },
    'so does a node without a pod': { situation: situationOf([podOf('n2/old'), podOf('n3/old')]) },
    'so does one that is not ready for long enough': {
      situation: situationOf([podOf('n1/new', { readyFor: 5 }), podOf('n2/old'), podOf('n3/old')], {
        spec: { ...rolling(1), minReadySeconds: 6 },
      }),
    },
    'an old one that is not available goes, whatever else is away': {
      situation: situationOf([podOf('n1/new', unready), podOf('n2/old', unready), podOf('n3/old')]),
      remove: ['n2-old-0'],
    },
    'OnDelete does nothing': {
      situation: situationOf(old, { spec: { updateStrategy: { type: 'OnDelete' } } }),
    },
    'a surge makes as many as may be too many': {
      situation: situationOf(old, { spec: rolling(0, 2) }),
      create: ['n1', 'n2'],
    },
    'a surge under way counts; what has come replaces': {
      situation: situationOf(
        [podOf('n1/old'), podOf('n1/new', unready), podOf('n2/old'), podOf('n2/new'), podOf('n3/old')],
        { spec: rolling(0, 1) },
      ),
      remove: ['n2-old-0'],
    },
    'an old one that is not available is replaced beyond the surge': {
      situation: situationOf(
        [podOf('n1/old'), podOf('n1/new', unready), podOf('n2/old', unready), podOf('n3/old')],
        {
          spec: rolling(0, 1),
        },
      ),
      create: ['n2'],
    },
    'an old one in the wrong place stays until there are enough': {
      situation: situationOf([podOf('n1/old'), podOf('n2/new', unready)], {
        spec: rolling(0, 1),
        nodes: [nodeOf('n1', 'NoSchedule'), nodeOf('n2')],
      }),
    },
    'and goes then': {
      situation: situationOf([podOf('n1/old'), podOf('n2/new')], {
        spec: rolling(0, 1),
        nodes: [nodeOf('n1', 'NoSchedule'), nodeOf('n2')],
      }),
      remove: ['n1-old-0'],
    },
    'one that is no use in the wrong place goes at once': {
      situation: situationOf([podOf('n1/old', unready)], {
        spec: rolling(0, 1),
        nodes: [nodeOf('n1', 'NoSchedule')],
      }),
      remove: ['n1-old-0'],
    },
    'a crowded node is mended first': {
      situation: situationOf([podOf('n1/old', { age: 1 }), podOf('n1/old'), podOf('n2/old')], {
        spec: rolling(0, 1),
      }),
    },
  };
  for (const [name, { situation, create = [], remove = [] }] of Object.entries(cases))
    test(name, () => assert.deepEqual(shown(updatePods(situation)), { create, remove }));
});

test('the node that a pod is meant for', () => {
  const pinned = newPod(setOf(), { nodeName: 'n1', hash: 'new' });
  const other: Pod = { metadata: {}, spec: { containers: [], nodeName: 'n2' } };
  assert.deepEqual([pinned, other, { metadata: {} }].map(targetNode), ['n1', 'n2', undefined]);
  assert.equal(podsByNode([{ metadata: {} }]).size, 0);
});

test('a pod keeps the affinity of its template but for the nodes', () => {
  const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [] };
  const preferredDuringSchedulingIgnoredDuringExecution = [{ weight: 1, preference: {} }];
  const nodeAffinity = {
    preferredDuringSchedulingIgnoredDuringExecution,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [] }] },
  };
  const spec = { containers: [], affinity: { podAntiAffinity, nodeAffinity } };
  const set = setOf({ template: { ...template, spec } });
  assert.deepEqual(newPod(set, { nodeName: 'n1', hash: 'new' }).spec?.affinity, {
    podAntiAffinity,
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution,
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }],
      },
    },
  });
  assert.deepEqual(set.spec?.template.spec, spec);
});

test('bound pods come first, then the oldest', () => {
  const pods = [podOf('n/a', { isBound: false, age: 9 }), podOf('n/b', { age: 1 }), podOf('n/c', { age: 2 })];
  assert.deepEqual(
    byAge(pods).map(({ metadata }) => metadata.name),
    ['n-c-2', 'n-b-1', 'n-a-9'],
  );
});

test('of each node one pod is counted, the oldest', () => {
  const pods = [
    podOf('n1/old', { age: 9 }),
    podOf('n1/new', { age: 1, isReady: false }),
    podOf('n2/new', { readyFor: 5 }),
    podOf('n4/new'),
  ];
  const nodes = [...threeNodes, nodeOf('n4', 'NoSchedule')];
  const situation = situationOf(pods, { spec: { ...rolling(0, 1), minReadySeconds: 10 }, nodes });
  const expected = {
    currentNumberScheduled: 2,
    desiredNumberScheduled: 3,
    numberMisscheduled: 1,
    numberReady: 2,
    observedGeneration: 2,
    updatedNumberScheduled: 1,
    numberAvailable: 1,
    numberUnavailable: 2,
  };
  assert.deepEqual(statusOf(situation, undefined), expected);
  assert.deepEqual(statusOf(situation, 1), { ...expected, collisionCount: 1 });
});

describe('the history', () => {
  const view = fixedView({ watches: { ControllerRevision: () => [] } }, { objects: [] });
  const revisionOf = (
    image: string,
    revision: number,
    labels?: Record<string, string>,
  ): ControllerRevision => ({
    metadata: {
      namespace: 'default',
      name: `agent-${revision}`,
      uid: `r${revision}`,
      ...(labels ? { labels } : {}),
    },
    data: {
      spec: { template: { ...template, spec: { containers: [{ name: 'c', image }] }, $patch: 'replace' } },
    } as never,
    revision,
  });
  const hashed = (image: string, revision: number) =>
    revisionOf(image, revision, { 'controller-revision-hash': `h${revision}` });
  const plan = (known: ControllerRevision[], { pods = [] as Pod[], limit = 10 } = {}) =>
    planHistory(setOf({ revisionHistoryLimit: limit }), known, { pods, view });
  const removed = (changes: readonly { type: string; key?: string }[]) =>
    changes.map(({ type, key }) => `${type} ${key}`);

  test('goes beyond the limit only for revisions that have pods', () => {
    const known = [hashed('agent:0', 1), hashed('agent:1', 2), hashed('agent:x', 3), hashed('agent:2', 4)];
    const { hash, changes, cleanup } = plan(known, { limit: 1, pods: [podOf('n1/h1')] });
    assert.deepEqual([hash, changes], ['h4', []]);
    assert.deepEqual(removed(cleanup as never), ['delete default/agent-2', 'delete default/agent-3']);
  });

  test('labels a revision that has no hash with its name, before anything else', () => {
    const { hash, changes } = plan([revisionOf('agent:2', 1)]);
    assert.equal(hash, 'agent-1');
    assert.deepEqual(
      changes.map((change) => change.type === 'update' && change.object.metadata.labels),
      [{ 'controller-revision-hash': 'agent-1' }],
    );
  });

  test('makes one of two revisions of a template, with their pods', () => {
    const { hash, changes } = plan([hashed('agent:2', 1), hashed('agent:2', 2)], {
      pods: [podOf('n1/h1'), podOf('n2/h2'), podOf('n3/other')],
    });
    assert.equal(hash, 'h2');
    assert.deepEqual(removed(changes as never), ['patch default/n1-h1-0', 'delete default/agent-1']);
  });
});
