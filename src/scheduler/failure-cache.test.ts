import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FailureCache, signatureOf } from './failure-cache.ts';
import { Nominator } from './nominator.ts';
import type { Failure } from './schedule.ts';
import { makeNode, type PodWords, snapshotOf, viewOf } from './test-kit.ts';

const failure: Failure = {
  message: 'full',
  diagnosis: { nodeCount: 1, ofNodes: new Map() },
  filters: new Set(),
};
const known = { failure, message: 'full. preemption: no.' };

describe('a failure is remembered', () => {
  const start = () => {
    const snapshot = snapshotOf([makeNode('a')]);
    const nominator = new Nominator();
    const cache = new FailureCache(snapshot, nominator);
    cache.set(viewOf('p'), known);
    return { snapshot, nominator, cache };
  };

  test('for pods that ask for the same', () => {
    const { cache } = start();
    assert.equal(cache.get(viewOf('q')), known);
    assert.equal(cache.get(viewOf('q', { priority: 1 })), undefined);
  });

  test('until something changes', () => {
    const changes: Record<string, (world: ReturnType<typeof start>) => void> = {
      'a node': ({ snapshot }) => snapshot.setNode(makeNode('a')),
      'a node less': ({ snapshot }) => snapshot.deleteNode('a'),
      'a pod': ({ snapshot }) => snapshot.setPod(viewOf('x'), 'a'),
      'labels of a namespace': ({ snapshot }) => snapshot.setNamespace('default', {}),
      'who goes where': ({ nominator }) => nominator.set(viewOf('x'), 'a'),
    };
    for (const [name, change] of Object.entries(changes)) {
      const world = start();
      change(world);
      assert.equal(world.cache.get(viewOf('q')), undefined, name);
    }
  });

  test('beyond what is tried and put back', () => {
    const { snapshot, cache } = start();
    snapshot.trial(() => {
      snapshot.setPod(viewOf('x'), 'a');
      snapshot.deletePod('default/x');
    });
    assert.equal(cache.get(viewOf('q')), known);
  });

  test('not for a pod that is to go somewhere', () => {
    const { nominator, cache } = start();
    const pod = viewOf('q');
    nominator.set(pod, 'a');
    cache.set(pod, known);
    assert.equal(cache.get(pod), undefined);
  });
});

test('pods that differ in what filters look at have different signatures', () => {
  const words: PodWords[] = [
    {},
    { labels: { a: '1' } },
    { requests: { cpu: '1' } },
    { requests: { 'example.com/gpu': '1' } },
    { namespace: 'other' },
    { hostPort: 80 },
    { nodeSelector: { a: '1' } },
    { tolerations: [{ operator: 'Exists' }] },
    { preemptionPolicy: 'Never' },
    { schedulerName: 'other' },
    { affinity: { nodeAffinity: {} } },
    { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule' }] },
    { nodeName: 'a' },
  ];
  const signatures = new Set(words.map((each) => signatureOf(viewOf('p', each))));
  assert.equal(signatures.size, words.length);
  assert.equal(
    signatureOf(viewOf('p', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] })),
    undefined,
  );
});
