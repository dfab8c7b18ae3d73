import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { configMap } from '../../kinds/config-map.ts';
import { namespace } from '../../kinds/namespace.ts';
import type { AnyObject } from '../../kinds/object.ts';
import { createManualClock, type ManualClock } from '../../lib/manual-clock.ts';
import { createMemoryStore } from '../../store/memory.ts';
import type { CommitResult, Store, WatchHandlers } from '../../store/store.ts';
import { encodeStored } from '../codec.ts';
import type { ObjectChange } from '../hooks/hook.ts';
import { objectKey } from '../keys.ts';
import { replayRevisionsMax, revisionWaitersMax } from './limits.ts';
import { WatchCache } from './watch-cache.ts';

const resource = { group: '', plural: 'configmaps' };

/** A memory store whose watches can be cut, as when a watcher falls too far behind. */
function cuttable(): Store & { cut(): void } {
  const store = createMemoryStore();
  const open = new Map<WatchHandlers, () => void>();
  return {
    range: (request) => store.range(request),
    commit: (operations) => store.commit(operations),
    compact: (revision) => store.compact(revision),
    close: () => store.close(),
    watch(range, handlers) {
      const stop = store.watch(range, handlers);
      open.set(handlers, stop);
      return stop;
    },
    cut() {
      for (const [handlers, stop] of [...open]) {
        open.delete(handlers);
        stop();
        handlers.onEnd(new Error('too far behind'));
      }
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the watch cache', () => {
  let store: ReturnType<typeof cuttable>;
  let clock: ManualClock;
  let cache: WatchCache;
  const problems: string[] = [];
  beforeEach(() => {
    store = cuttable();
    clock = createManualClock();
    problems.length = 0;
    cache = new WatchCache({
      store,
      kinds: [configMap, namespace],
      clock,
      onRestart: (error) => problems.push(error.message),
    });
  });
  afterEach(async () => {
    cache.close();
    await store.close();
  });

  const keyOf = (name: string, space = 'default') => objectKey(configMap, space, name);
  const bytesOf = (name: string, data: string, space = 'default') =>
    encodeStored(configMap, { metadata: { name, namespace: space }, data: { data } } as AnyObject);
  const revisionOf = (result: CommitResult) => (result.committed ? result.revision : assert.fail());
  const put = async (name: string, data = '', space = 'default') =>
    revisionOf(
      await store.commit([{ type: 'put', key: keyOf(name, space), value: bytesOf(name, data, space) }]),
    );
  const remove = async (name: string) =>
    revisionOf(await store.commit([{ type: 'delete', key: keyOf(name) }]));
  const show = (object: AnyObject | undefined) =>
    object &&
    `${object.metadata.name}=${(object.data as { data: string }).data}@${object.metadata.resourceVersion}`;
  const listed = () => cache.list(resource).map(show);
  const changes = (into: string[]) => (change: ObjectChange) =>
    void into.push(`${show(change.old)} -> ${show(change.new)}`);

  test('holds what was there and follows what comes', async () => {
    const first = await put('a', 'x');
    await cache.start();
    assert.deepEqual([listed(), cache.revision], [[`a=x@${first}`], first]);
    const second = await put('b', 'y');
    assert.deepEqual([listed(), cache.revision], [[`a=x@${first}`, `b=y@${second}`], second]);
    const third = await put('a', 'z');
    await remove('b');
    assert.deepEqual(listed(), [`a=z@${third}`]);
  });

  test('reads by namespace and name; objects are the reader’s own', async () => {
    await cache.start();
    await put('a', 'x');
    await put('a', 'y', 'other');
    assert.deepEqual(
      cache.list(resource, 'other').map((object) => object.metadata.namespace),
      ['other'],
    );
    const object = cache.get(resource, 'default', 'a') as AnyObject;
    object.metadata.name = 'changed';
    assert.equal(cache.get(resource, 'default', 'a')?.metadata.name, 'a');
    assert.equal(cache.get(resource, 'default', 'none'), undefined);
  });

  test('a namespace whose name begins with another’s is not in its list', async () => {
    await cache.start();
    await put('a', '', 'team');
    await put('b', '', 'team-a');
    assert.deepEqual(
      cache.list(resource, 'team').map((object) => object.metadata.name),
      ['a'],
    );
  });

  test('keys of kinds that it does not know move the revision only', async () => {
    await cache.start();
    const revision = revisionOf(
      await store.commit([
        { type: 'put', key: '/registry/example.com/things/x/y', value: new Uint8Array([1]) },
        { type: 'put', key: '/registry/odd', value: new Uint8Array([1]) },
      ]),
    );
    assert.deepEqual([listed(), cache.revision], [[], revision]);
  });

  test('writes outside the registry move the revision too', async () => {
    await cache.start();
    const revision = revisionOf(
      await store.commit([{ type: 'put', key: '/allocations/x', value: new Uint8Array() }]),
    );
    assert.equal(await cache.waitFor(revision, Number.POSITIVE_INFINITY), true);
  });

  test('a new cache goes back in history, so that watches can resume over a restart', async () => {
    const before = await put('a', 'x');
    const changed = await put('a', 'y');
    const gone = await remove('a');
    await cache.start();
    const events = cache.collection(configMap).eventsAfter(before);
    assert.deepEqual(
      events?.map((event) => [event.deleted, event.revision]),
      [
        [false, changed],
        [true, gone],
      ],
    );
  });

  test('but not behind a compaction', async () => {
    await put('a', 'x');
    const kept = await put('a', 'y');
    const newest = await put('b', '');
    await store.compact(kept);
    await cache.start();
    assert.equal(listed().length, 2);
    assert.equal(cache.collection(configMap).oldestRevision, kept);
    assert.equal(cache.revision, newest);
  });

  test('nor further than is bounded', async () => {
    const value = bytesOf('a', 'x');
    for (let written = 0; written < replayRevisionsMax + 50; written += 201)
      await Promise.all(
        Array.from({ length: 201 }, () => store.commit([{ type: 'put', key: keyOf('a'), value }])),
      );
    await cache.start();
    const { oldestRevision } = cache.collection(configMap);
    assert.equal(cache.revision - oldestRevision, replayRevisionsMax);
  });

  describe('subscribers', () => {
    test('first hear of what is there, then of each change, before the commit is acknowledged', async () => {
      const first = await put('a', 'x');
      await cache.start();
      const heard: string[] = [];
      cache.subscribe(resource, changes(heard));
      const second = await put('a', 'y');
      assert.deepEqual(heard, [`undefined -> a=x@${first}`, `a=x@${first} -> a=y@${second}`]);
      await remove('a');
      assert.equal(heard[2], `a=y@${second} -> undefined`);
    });

    test('hear the difference when the store’s watch had ended', async () => {
      const kept = await put('kept', '1');
      const lost = await put('lost', '1');
      const old = await put('changed', '1');
      await cache.start();
      const heard: string[] = [];
      cache.subscribe(resource, changes(heard));
      heard.length = 0;
      store.cut();
      // Nobody watches while these are written.
      await remove('lost');
      const now = await put('changed', '2');
      const added = await put('new', '1');
      await cache.waitFor(added, Number.POSITIVE_INFINITY);
      await turn();
      assert.deepEqual(heard.sort(), [
        `changed=1@${old} -> changed=2@${now}`,
        `lost=1@${lost} -> undefined`,
        `undefined -> new=1@${added}`,
      ]);
      assert.deepEqual(listed(), [`changed=2@${now}`, `kept=1@${kept}`, `new=1@${added}`]);
      assert.deepEqual(problems, ['too far behind']);
    });

    test('go on hearing each change after that, once', async () => {
      await put('a', '1');
      await cache.start();
      const heard: string[] = [];
      cache.subscribe(resource, changes(heard));
      store.cut();
      await turn();
      await turn();
      await cache.waitFor((await store.range({ from: 'x', limit: 0 })).revision, Number.POSITIVE_INFINITY);
      heard.length = 0;
      const revision = await put('b', '1');
      assert.deepEqual(heard, [`undefined -> b=1@${revision}`]);
    });
  });

  describe('when the store’s watch ends', () => {
    const refilled = () =>
      new Promise<void>((resolve) => {
        cache.onReset = resolve;
      });

    test('watchers are told to start over, from the new state', async () => {
      await put('a', '1');
      await cache.start();
      const before = cache.collection(configMap);
      const reset = refilled();
      store.cut();
      const written = await put('a', '2');
      await reset;
      assert.notEqual(cache.collection(configMap), before);
      await cache.waitFor(written, Number.POSITIVE_INFINITY);
      assert.deepEqual(listed(), [`a=2@${written}`]);
    });

    test('the old state is served until the new one is whole, and the revision never goes back', async () => {
      const old = await put('a', '1');
      await cache.start();
      const seen: number[] = [];
      const reset = refilled();
      store.cut();
      for (let turns = 0; turns < 20; turns++) {
        seen.push(cache.revision);
        assert.deepEqual(listed(), [`a=1@${old}`]);
        await turn();
      }
      await reset;
      assert.deepEqual(new Set(seen), new Set([old]));
    });

    test('a refill that fails is tried again', async () => {
      await put('a', '1');
      await cache.start();
      const reset = refilled();
      const { range } = store;
      store.range = () => Promise.reject(new Error('disk trouble'));
      store.cut();
      await turn();
      store.range = range;
      const written = await put('a', '2');
      clock.advance(1_000);
      await reset;
      assert.deepEqual(listed(), [`a=2@${written}`]);
      assert.deepEqual(problems, ['too far behind', 'disk trouble']);
    });

    test('nothing happens once the cache is closed', async () => {
      await cache.start();
      cache.close();
      store.cut();
      await turn();
      assert.deepEqual(problems, []);
    });
  });

  describe('waiting for a revision', () => {
    test('ends when it is reached, or with the time', async () => {
      await cache.start();
      const { revision } = cache;
      assert.equal(await cache.waitFor(revision, 0), true);
      const reached = cache.waitFor(revision + 1, 1_000);
      const late = cache.waitFor(revision + 2, 1_000);
      await put('a');
      clock.advance(1_000);
      assert.deepEqual(await Promise.all([reached, late]), [true, false]);
    });

    test('ends at close', async () => {
      await cache.start();
      const waiting = cache.waitFor(cache.revision + 1, 1_000);
      cache.close();
      assert.equal(await waiting, false);
    });

    test('is refused to more than so many at once', async () => {
      await cache.start();
      const waiting = Array.from({ length: revisionWaitersMax }, () =>
        cache.waitFor(cache.revision + 1, 1_000),
      );
      assert.equal(await cache.waitFor(cache.revision + 1, 1_000), false);
      await put('a');
      assert.equal((await Promise.all(waiting)).every(Boolean), true);
    });
  });

  test('what the writer hinted at is what the selectors see', async () => {
    await cache.start();
    const object = { metadata: { name: 'a', namespace: 'default', labels: { a: 'b' } } };
    const value = encodeStored(configMap, object);
    cache.hint(value, object);
    await store.commit([{ type: 'put', key: keyOf('a'), value }]);
    assert.deepEqual(cache.collection(configMap).get(keyOf('a'))?.labels, { a: 'b' });
  });

  test('subscribers see what the writer hinted at as it is stored, and the writer what it has written', async () => {
    await cache.start();
    const heard: ObjectChange[] = [];
    cache.subscribe(resource, (change) => heard.push(change));
    const object = { metadata: { name: 'a', namespace: 'default' }, data: { x: '1' } };
    const value = encodeStored(configMap, object);
    cache.hint(value, object);
    await store.commit([{ type: 'put', key: keyOf('a'), value }]);
    const stored = cache.get(resource, 'default', 'a');
    assert.equal(stored?.metadata.resourceVersion, '2');
    const { kind, apiVersion, ...rest } = stored as AnyObject;
    assert.deepEqual([kind, apiVersion], ['ConfigMap', 'v1']);
    assert.deepEqual(heard, [{ old: undefined, new: rest }]);
    assert.deepEqual(object, { metadata: { name: 'a', namespace: 'default' }, data: { x: '1' } });
  });

  test('a batch of one commit is heard of once per kind, in order', async () => {
    await cache.start();
    const batches: string[][] = [];
    cache.listen((_, events) => void batches.push(events.map((event) => event.object.key)));
    const space = encodeStored(namespace, { metadata: { name: 'default' } });
    await store.commit([
      { type: 'put', key: keyOf('a'), value: bytesOf('a', '') },
      { type: 'put', key: keyOf('b'), value: bytesOf('b', '') },
      { type: 'put', key: objectKey(namespace, '', 'default'), value: space },
    ]);
    assert.deepEqual(batches, [[keyOf('a'), keyOf('b')], [objectKey(namespace, '', 'default')]]);
  });

  test('a store that cannot be read is reported at the start', async () => {
    await store.close();
    await assert.rejects(cache.start(), { code: 'STORE_CLOSED' });
  });
});
