import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { configMap } from '../../kinds/config-map.ts';
import type { AnyObject } from '../../kinds/object.ts';
import { createManualClock, type ManualClock } from '../../lib/manual-clock.ts';
import { createMemoryStore } from '../../store/memory.ts';
import type { Store } from '../../store/store.ts';
import type { CachedObject } from '../cache/cached-object.ts';
import { Collection } from '../cache/collection.ts';
import { WatchCache } from '../cache/watch-cache.ts';
import { decodeTrusted, encodeStored } from '../codec.ts';
import { objectKey } from '../keys.ts';
import { bookmarkMilliseconds, watcherPendingBytesMax } from './limits.ts';
import { WatchHub, type WatchView } from './watch-hub.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the watch hub', () => {
  let store: Store;
  let clock: ManualClock;
  let cache: WatchCache;
  let hub: WatchHub;
  const counted = { events: { value: 0 }, watchers: { value: 0 } };
  beforeEach(async () => {
    store = createMemoryStore();
    clock = createManualClock();
    cache = new WatchCache({ store, kinds: [configMap], clock });
    await cache.start();
    counted.events.value = 0;
    counted.watchers.value = 0;
    hub = new WatchHub(cache, clock, () => counted);
  });
  afterEach(async () => {
    hub.close();
    cache.close();
    await store.close();
  });

  const key = (name: string) => objectKey(configMap, 'default', name);
  const put = (name: string, labels: Record<string, string> = {}) =>
    store.commit([
      {
        type: 'put',
        key: key(name),
        value: encodeStored(configMap, { metadata: { name, namespace: 'default', labels } } as AnyObject),
      },
    ]);
  const remove = (name: string) => store.commit([{ type: 'delete', key: key(name) }]);

  /** Lines such as `ADDED a@3 {"app":"web"}`; counts how often it was asked. */
  function viewOf(id: string, matches: (object: CachedObject) => boolean = () => true) {
    const view = {
      id,
      encodings: 0,
      matches,
      encode(type: string, object: CachedObject): Uint8Array {
        view.encodings++;
        const { metadata } = decodeTrusted(object.bytes);
        assert.equal(metadata.resourceVersion, String(object.revision));
        return Buffer.from(`${type} ${object.name}@${object.revision} ${JSON.stringify(metadata.labels)}\n`);
      },
      bookmark: (revision: number) => Buffer.from(`BOOKMARK @${revision}\n`),
    } satisfies WatchView & { encodings: number };
    return view;
  }

  function join(view: WatchView, options: { from?: number; bookmarks?: boolean } = {}) {
    const client = { chunks: [] as string[], pending: 0, sinkEnds: 0, ends: 0, stop: () => {} };
    client.stop = hub.join(cache.collection(configMap), view, {
      sink: {
        write: (chunk) => void client.chunks.push(Buffer.from(chunk).toString()),
        pendingBytes: () => client.pending,
        end: () => client.sinkEnds++,
      },
      afterRevision: options.from ?? cache.revision,
      bookmarks: options.bookmarks ?? false,
      onEnd: () => client.ends++,
    });
    return client;
  }

  test('watchers of the same view share one encoding; events of one turn are one chunk', async () => {
    const view = viewOf('all');
    const clients = [join(view), join(viewOf('all')), join(view)];
    await Promise.all([put('a'), put('b')]);
    await turn();
    for (const { chunks } of clients) assert.deepEqual(chunks, ['ADDED a@2 {}\nADDED b@3 {}\n']);
    assert.equal(view.encodings, 2);
    assert.deepEqual(hub.counts, { delivered: 6, lagging: 0 });
  });

  test('one that joins between an event and its delivery sees it once', async () => {
    const early = join(viewOf('all'));
    const from = cache.revision;
    await put('a');
    const late = join(viewOf('all'), { from });
    const after = join(viewOf('all'));
    await turn();
    assert.deepEqual([early.chunks, late.chunks, after.chunks], [['ADDED a@2 {}\n'], ['ADDED a@2 {}\n'], []]);
  });

  test('what a selection sees of objects that begin and cease to match', async () => {
    const client = join(viewOf('web', ({ labels }) => labels?.app === 'web'));
    await put('a', { app: 'db' });
    await put('a', { app: 'web' });
    await put('a', { app: 'web', tier: '1' });
    await put('a', { app: 'db' });
    await remove('a');
    await put('b', { app: 'web' });
    await remove('b');
    await turn();
    assert.deepEqual(client.chunks.join('').split('\n').slice(0, -1), [
      'ADDED a@3 {"app":"web"}',
      'MODIFIED a@4 {"app":"web","tier":"1"}',
      // The last state that matched, at the revision of the change.
      'DELETED a@5 {"app":"web","tier":"1"}',
      'ADDED b@7 {"app":"web"}',
      'DELETED b@8 {"app":"web"}',
    ]);
  });

  test('past events come at once, those after the revision only', async () => {
    await put('a');
    const from = cache.revision;
    await put('b');
    await remove('a');
    assert.deepEqual(join(viewOf('all'), { from }).chunks, ['ADDED b@3 {}\nDELETED a@4 {}\n']);
  });

  test('a watcher that leaves hears nothing more, and is told of its end once', async () => {
    const client = join(viewOf('all'));
    assert.deepEqual([hub.watchers, counted.watchers.value], [1, 1]);
    client.stop();
    client.stop();
    await put('a');
    await turn();
    assert.deepEqual([client.chunks, client.ends, client.sinkEnds], [[], 1, 1]);
    assert.deepEqual([hub.watchers, counted.watchers.value], [0, 0]);
  });

  test('one that lags is ended, not waited for; at the bound it is not', async () => {
    const slow = join(viewOf('all'));
    const full = join(viewOf('all'));
    slow.pending = watcherPendingBytesMax + 1;
    full.pending = watcherPendingBytesMax;
    await put('a');
    await turn();
    assert.deepEqual([slow.chunks, slow.ends, slow.sinkEnds], [[], 1, 1]);
    assert.deepEqual([full.chunks.length, full.ends], [1, 0]);
    assert.deepEqual([hub.counts.lagging, hub.watchers], [1, 1]);
  });

  test('bookmarks: each minute, after what happened, to those who want them', async () => {
    const willing = join(viewOf('all'), { bookmarks: true });
    const other = join(viewOf('all'));
    await put('a');
    clock.advance(bookmarkMilliseconds);
    assert.deepEqual(willing.chunks, ['ADDED a@2 {}\n', 'BOOKMARK @2\n']);
    assert.deepEqual(other.chunks, ['ADDED a@2 {}\n']);
    clock.advance(bookmarkMilliseconds);
    assert.equal(willing.chunks.at(-1), 'BOOKMARK @2\n');
    assert.equal(willing.chunks.length, 3);
  });

  test('counts events as they go out, one for each watcher', async () => {
    join(viewOf('all'));
    join(viewOf('none', () => false));
    join(viewOf('all'));
    await put('a');
    await turn();
    assert.equal(counted.events.value, 2);
  });

  test('ends all at close, and no bookmark comes after it', () => {
    const client = join(viewOf('all'), { bookmarks: true });
    hub.close();
    clock.advance(bookmarkMilliseconds);
    assert.deepEqual([client.ends, client.sinkEnds, client.chunks, hub.watchers], [1, 1, [], 0]);
  });

  test('a collection that the cache has replaced ends the stream at once', () => {
    let ended = 0;
    const stale = new Collection(configMap, 0);
    const chunks: Uint8Array[] = [];
    hub.join(stale, viewOf('all'), {
      sink: { write: (chunk) => void chunks.push(chunk), pendingBytes: () => 0, end: () => ended++ },
      afterRevision: 0,
      bookmarks: false,
      onEnd: () => ended++,
    });
    assert.deepEqual([ended, chunks, hub.watchers], [2, [], 0]);
  });
});
