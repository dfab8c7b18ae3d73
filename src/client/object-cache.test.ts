import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Pod } from '../kinds/generated/types.ts';
import { controllerUid, ObjectCache } from './object-cache.ts';
import { keyOf, objectKey, splitKey } from './object-key.ts';

const onNode = ({ spec }: Pod) => (spec?.nodeName ? [spec.nodeName] : []);

function pod(
  namespace: string,
  name: string,
  fields: { node?: string; owner?: string; labels?: Record<string, string> },
): Pod {
  const owner = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: 'web',
    uid: fields.owner ?? '',
    controller: true,
  };
  return {
    metadata: {
      namespace,
      name,
      labels: fields.labels,
      ...(fields.owner ? { ownerReferences: [owner] } : {}),
    },
    spec: { nodeName: fields.node, containers: [] },
  };
}

describe('an object cache', () => {
  test('finds by namespace, selector, owner and index, and forgets', () => {
    const cache = new ObjectCache<Pod>();
    cache.set(pod('a', 'one', { node: 'n1', owner: 'u1', labels: { app: 'web' } }));
    cache.addIndex('node', onNode);
    cache.addIndex('node', onNode);
    cache.set(pod('a', 'two', { node: 'n2', owner: 'u1' }));
    cache.set(pod('b', 'one', { node: 'n1' }));
    const names = (pods: Pod[]) => pods.map(keyOf);
    assert.deepEqual(names(cache.list({ namespace: 'a' })), ['a/one', 'a/two']);
    assert.deepEqual(names(cache.list({ selector: { matchLabels: { app: 'web' } } })), ['a/one']);
    assert.deepEqual(names(cache.byIndex('controllerUid', 'u1')), ['a/one', 'a/two']);
    assert.deepEqual(names(cache.byIndex('ownerUid', 'u1')), ['a/one', 'a/two']);
    assert.deepEqual(names(cache.byIndex('node', 'n1')), ['a/one', 'b/one']);
    cache.set(pod('a', 'one', { node: 'n2' }));
    assert.deepEqual(names(cache.byIndex('node', 'n1')), ['b/one']);
    assert.deepEqual(names(cache.byIndex('controllerUid', 'u1')), ['a/two']);
    cache.delete('b/one');
    assert.deepEqual(names(cache.byIndex('node', 'n1')), []);
    assert.throws(() => cache.byIndex('nothing', 'x'), { code: 'NO_SUCH_INDEX' });
    assert.throws(() => cache.addIndex('node', controllerUid), { code: 'INDEX_TAKEN' });
  });

  test('its indexes say what a search through all objects says', () => {
    const word = fc.constantFrom('a', 'b', 'c', '__proto__');
    const step = fc.record({
      namespace: word,
      name: word,
      node: fc.option(word, { nil: undefined }),
      gone: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const cache = new ObjectCache<Pod>();
        cache.addIndex('node', onNode);
        const all = new Map<string, Pod>();
        for (const { namespace, name, node, gone } of steps) {
          const object = pod(namespace, name, { node });
          if (gone) cache.delete(keyOf(object));
          else cache.set(object);
          if (gone) all.delete(keyOf(object));
          else all.set(keyOf(object), object);
        }
        for (const value of ['a', 'b', 'c', '__proto__']) {
          const nodes = [...all.values()].filter(({ spec }) => spec?.nodeName === value);
          assert.deepEqual(new Set(cache.byIndex('node', value)), new Set(nodes));
          const inside = [...all.values()].filter(({ metadata }) => metadata.namespace === value);
          assert.deepEqual(new Set(cache.list({ namespace: value })), new Set(inside));
        }
      }),
      { interruptAfterTimeLimit: 2000 },
    );
  });
});

test('keys name objects', () => {
  assert.equal(objectKey('default', 'web'), 'default/web');
  assert.equal(objectKey(undefined, 'node-1'), 'node-1');
  assert.deepEqual(splitKey('default/web'), { namespace: 'default', name: 'web' });
  assert.deepEqual(splitKey('node-1'), { namespace: '', name: 'node-1' });
});
