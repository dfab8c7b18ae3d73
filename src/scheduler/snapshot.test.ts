import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { affinityTerm, termMatchesPod } from './affinity-term.ts';
import { MatchCounts, type PodMatcher } from './match-counts.ts';
import { NodeView } from './node-view.ts';
import { isFinished, type PodView, viewPod } from './pod-view.ts';
import { nonZeroRequests, podRequests } from './resources.ts';
import { Snapshot } from './snapshot.ts';
import { TermIndex } from './term-index.ts';
import { makeNode, makePod, type PodWords, viewOf } from './test-kit.ts';

const isWeb: PodMatcher = { key: 'web', namespace: 'default', matches: ({ labels }) => labels.app === 'web' };

/** All that the snapshot has counted. */
function facts(snapshot: Snapshot) {
  const nodes = [...snapshot.nodes].sort((left, right) => (left.name < right.name ? -1 : 1));
  return {
    nodes: nodes.map((node) => ({
      name: node.name,
      pods: [...node.pods.keys()].sort(),
      requested: {
        ...node.requested,
        scalars: [...node.requested.scalars].filter(([, amount]) => amount !== 0),
      },
      nonZero: { ...node.nonZeroRequested },
      isPortTaken: node.hasPortConflict({ ip: '0.0.0.0', protocol: 'TCP', port: 80 }),
      web: snapshot.countMatches(isWeb).get(node) ?? 0,
    })),
    terms: [...snapshot.antiAffinity.values()]
      .map(({ term, nodes: counts }) => ({
        key: term.key,
        counts: [...counts].map(([node, count]) => `${node.name} ${count}`).sort(),
      }))
      .sort((left, right) => (left.key < right.key ? -1 : 1)),
    images: [...snapshot.imageNodes].sort(),
  };
}

const kinds: PodWords[] = [
  { labels: { app: 'web' }, requests: { cpu: '100m', memory: '1Gi' } },
  { hostPort: 80, requests: { 'example.com/gpu': '1' } },
  {
    labels: { app: 'db' },
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'db' } } },
        ],
      },
    },
  },
];

type Step = {
  do: 'setPod' | 'deletePod' | 'setNode' | 'deleteNode';
  pod: number;
  node: number;
  kind: number;
};

test('whatever comes and goes, the sums are those of what is there', () => {
  const step = fc.record({
    do: fc.constantFrom<Step['do']>('setPod', 'setPod', 'setPod', 'deletePod', 'setNode', 'deleteNode'),
    pod: fc.nat(5),
    node: fc.nat(2),
    kind: fc.nat(kinds.length - 1),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const snapshot = new Snapshot();
      // Asked before anything is there, so that it is counted as things come.
      snapshot.countMatches(isWeb);
      const nodes = new Set<number>();
      const pods = new Map<number, { view: PodView; node: number }>();
      const nodeOf = (index: number) =>
        makeNode(`n${index}`, { images: [{ names: [`image:${index % 2}`], sizeBytes: 1 }] });
      for (const each of steps) {
        const view = viewOf(`p${each.pod}`, kinds[each.kind]);
        if (each.do === 'setPod') {
          snapshot.setPod(view, `n${each.node}`);
          pods.set(each.pod, { view, node: each.node });
        } else if (each.do === 'deletePod') {
          snapshot.deletePod(view.key);
          pods.delete(each.pod);
        } else if (each.do === 'setNode') {
          snapshot.setNode(nodeOf(each.node));
          nodes.add(each.node);
        } else {
          snapshot.deleteNode(`n${each.node}`);
          nodes.delete(each.node);
        }
      }
      const fresh = new Snapshot();
      for (const index of nodes) fresh.setNode(nodeOf(index));
      for (const { view, node } of pods.values()) fresh.setPod(view, `n${node}`);
      assert.deepEqual(facts(snapshot), facts(fresh));
      assert.equal(snapshot.podCount, pods.size);
    }),
    { numRuns: 300, interruptAfterTimeLimit: 5000 },
  );
});

test('a node that changes keeps its pods', () => {
  const snapshot = new Snapshot();
  snapshot.setNode(makeNode('a', { cpu: '1' }));
  snapshot.setPod(viewOf('p', { requests: { cpu: '1' } }), 'a');
  const view = snapshot.setNode(makeNode('a', { cpu: '2' }));
  assert.deepEqual([view.allocatable.milliCPU, view.requested.milliCPU, view.pods.size], [2000, 1000, 1]);
});

test('a pod knows its place, also on a node that is not there', () => {
  const snapshot = new Snapshot();
  const pod = viewOf('p');
  snapshot.setPod(pod, 'gone');
  assert.deepEqual(snapshot.placeOf('default/p'), { pod, nodeName: 'gone' });
  assert.equal(snapshot.setNode(makeNode('gone')).pods.get('default/p'), pod);
});

describe('counts of matching pods', () => {
  test('the one that was asked for longest ago is forgotten', () => {
    const counts = new MatchCounts(2);
    const matcher = (key: string): PodMatcher => ({ ...isWeb, key });
    const first = counts.of(matcher('1'), []);
    counts.of(matcher('2'), []);
    assert.equal(counts.of(matcher('1'), []), first);
    counts.of(matcher('3'), []);
    assert.equal(counts.of(matcher('1'), []), first);
    assert.equal(counts.size, 2);
  });

  test('terms that nobody has any more are gone', () => {
    const index = new TermIndex();
    const node = new NodeView(makeNode('a'));
    const term = affinityTerm({ topologyKey: 'zone' }, 'default');
    index.count(term, { node, weight: 1, sign: 1 });
    assert.equal(index.size, 1);
    index.count(term, { node, weight: 1, sign: -1 });
    assert.equal(index.size, 0);
  });
});

test('equal terms of different pods have one key, of different namespaces two', () => {
  const of = (namespace: string, app = 'db') =>
    affinityTerm({ topologyKey: 'zone', labelSelector: { matchLabels: { app } } }, namespace);
  assert.equal(of('a').key, of('a').key);
  assert.notEqual(of('a').key, of('b').key);
  assert.notEqual(of('a').key, of('a', 'web').key);
  assert.equal(termMatchesPod(of('a'), { namespace: 'a', labels: { app: 'db' } }, new Map()), true);
});

describe('what a pod asks for', () => {
  const spec = (words: PodWords) => makePod('p', words).spec!;
  const mebibyte = 1024 * 1024;
  const cases: Record<string, [PodWords, { cpu: number; memory: number }, { cpu: number; memory: number }]> =
    {
      nothing: [{}, { cpu: 0, memory: 0 }, { cpu: 100, memory: 200 }],
      'a zero is not nothing': [{ requests: { cpu: '0' } }, { cpu: 0, memory: 0 }, { cpu: 0, memory: 200 }],
      'an init container after a sidecar': [
        {
          requests: { cpu: '100m', memory: '10Mi' },
          initContainers: [
            { name: 'side', restartPolicy: 'Always', resources: { requests: { cpu: '1', memory: '1Mi' } } },
            { name: 'init', resources: { requests: { cpu: '2', memory: '2Mi' } } },
          ],
        },
        { cpu: 3000, memory: 11 },
        { cpu: 3000, memory: 11 },
      ],
      'the pod as a whole, and overhead': [
        {
          requests: { cpu: '9' },
          resources: { requests: { cpu: '1' } },
          overhead: { cpu: '1m', memory: '1Mi' },
        },
        { cpu: 1001, memory: 1 },
        { cpu: 1001, memory: 201 },
      ],
    };
  for (const [name, [words, exact, counted]] of Object.entries(cases))
    test(name, () => {
      const requests = podRequests(spec(words));
      const nonZero = nonZeroRequests(spec(words));
      assert.deepEqual({ cpu: requests.milliCPU, memory: requests.memory / mebibyte }, exact);
      assert.deepEqual({ cpu: nonZero.milliCPU, memory: nonZero.memory / mebibyte }, counted);
    });
});

test('a pod is finished when its phase says so', () => {
  const pod = makePod('p');
  assert.equal(isFinished(pod), false);
  assert.equal(isFinished({ ...pod, status: { phase: 'Succeeded' } }), true);
  assert.equal(viewPod({ metadata: { name: 'bare' } }).key, '/bare');
});
