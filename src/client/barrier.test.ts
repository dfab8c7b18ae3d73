import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startTestWorld } from '../../test/client/world.ts';
import type { KubeObject } from '../kinds/object.ts';
import { Barrier } from './barrier.ts';
import { Informer } from './informer.ts';
import type { KindName } from './kind-names.ts';

/** Informers that are told by the test what they have seen. */
async function start() {
  const world = await startTestWorld();
  const make = (kind: KindName) =>
    new Informer<KubeObject>({
      client: world.client.ofKind(world.client.of(kind).kind),
      clock: world.clock,
      random: { next: () => 0, uuid: () => '' },
      log: { debug() {}, info() {}, warn() {}, error() {} },
    });
  const informers: Partial<Record<KindName, Informer<KubeObject>>> = {
    Pod: make('Pod'),
    Service: make('Service'),
  };
  const opened: string[] = [];
  const barrier = new Barrier({
    informerOf: (kind) => informers[kind],
    onOpen: (key) => opened.push(key),
  });
  await world.close();
  return { barrier, opened, pods: informers.Pod!, services: informers.Service! };
}

const pod = (name: string, fields: KubeObject['metadata'] = {}): KubeObject => ({
  metadata: { namespace: 'default', name, uid: 'u', ...fields },
});

describe('the barrier', () => {
  test('opens when every cache has seen the newest write of its kind', async () => {
    const { barrier, opened, pods, services } = await start();
    barrier.close('a', [
      { kind: 'Pod', revision: 10 },
      { kind: 'Pod', revision: 12 },
      { kind: 'Service', revision: 11 },
      { kind: 'Node', revision: 99 },
    ]);
    assert.ok(barrier.holds('a'));
    assert.ok(!barrier.holds('b'));
    pods.progress(11);
    services.progress(50);
    assert.deepEqual(opened, []);
    pods.progress(12);
    assert.deepEqual(opened, ['a']);
    assert.ok(!barrier.holds('a'));
    assert.equal(barrier.size, 0);
  });

  test('a key that nobody asked for is not brought up by it', async () => {
    const { barrier, opened, pods } = await start();
    barrier.close('a', [{ kind: 'Pod', revision: 10 }]);
    pods.progress(10);
    assert.deepEqual([opened, barrier.size], [[], 0]);
  });

  test('what the caches have seen already, and kinds they do not hold, are not waited for', async () => {
    const { barrier, pods } = await start();
    pods.progress(10);
    barrier.close('a', [
      { kind: 'Pod', revision: 10 },
      { kind: 'Node', revision: 99 },
      { kind: 'Pod', gone: { key: 'default/x', uid: 'u' } },
    ]);
    assert.ok(!barrier.holds('a'));
  });

  test('what was deleted must be gone, marked, or another', async () => {
    for (const [type, object] of [
      ['DELETED', pod('x')],
      ['MODIFIED', pod('x', { deletionTimestamp: '2026-01-01T00:00:00Z' })],
      ['MODIFIED', pod('x', { uid: 'new' })],
    ] as const) {
      const { barrier, opened, pods } = await start();
      pods.apply({ type: 'ADDED', object: pod('x') }, 5);
      barrier.close('a', [{ kind: 'Pod', gone: { key: 'default/x', uid: 'u' } }]);
      assert.ok(barrier.holds('a'));
      pods.apply({ type: 'MODIFIED', object: pod('x', { labels: { a: 'b' } }) }, 6);
      pods.apply({ type: 'DELETED', object: pod('other') }, 7);
      assert.deepEqual(opened, []);
      pods.apply({ type, object }, 8);
      assert.deepEqual(opened, ['a']);
    }
  });

  test('a state that is older than the write does not open it; a server that went back does', async () => {
    const { barrier, opened, pods } = await start();
    pods.replace([], 5);
    barrier.close('a', [{ kind: 'Pod', revision: 10 }]);
    barrier.holds('a');
    pods.replace([], 9);
    assert.deepEqual(opened, []);
    pods.replace([], 3);
    assert.deepEqual(opened, ['a']);
  });
});
