/**
 * Watches: what is told to whom, from where on, and in which form.
 * Source: test/e2e/apimachinery/{watch,watchlist,protocol}.go, test/integration/apiserver/apiserver_test.go (TestTransform).
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cacheEventBytesMax } from '../../../src/apiserver/cache/limits.ts';
import { make, merge } from '../../../src/apiserver/rest/testing.ts';
import { startTestServer, type TestServer, type WatchedStream } from '../../../src/apiserver/test-server.ts';
import { bookmarkMilliseconds } from '../../../src/apiserver/watch/limits.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';
const tables = 'application/json;as=Table;v=v1;g=meta.k8s.io';

interface Event {
  readonly type: string;
  readonly object: {
    readonly metadata: {
      readonly name?: string;
      readonly resourceVersion: string;
      readonly annotations?: Record<string, string>;
    };
    readonly data?: Record<string, string>;
  };
}

/** `ADDED a mutation=1` */
const told = (stream: WatchedStream) =>
  (stream.events as Event[]).map(({ type, object }) =>
    [
      type,
      object.metadata.name,
      ...Object.entries(object.data ?? {}).map(([key, value]) => `${key}=${value}`),
    ]
      .filter((each) => each !== undefined)
      .join(' '),
  );

describe('watches', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const watch = (query: string, accept?: string) =>
    server.watch(`${configMaps}?watch=true&${query}`, accept === undefined ? {} : { accept });
  const create = (name: string, labels: Record<string, string> = {}) =>
    make(server, configMaps, { metadata: { name, labels } });
  const mutate = (name: string, data: Record<string, string>) =>
    merge(server, `${configMaps}/${name}`, { data });
  const remove = (name: string) => server.call('DELETE', `${configMaps}/${name}`);
  const label = (name: string, labels: Record<string, string | null>) =>
    merge(server, `${configMaps}/${name}`, { metadata: { labels } });

  test('each sees what its selector chooses, in order', async () => {
    const selector = (text: string) => `labelSelector=${encodeURIComponent(text)}`;
    const [a, b, either] = await Promise.all([
      watch(selector('who=a')),
      watch(selector('who=b')),
      watch(selector('who in (a,b)')),
    ]);
    await create('multi-a', { who: 'a' });
    await mutate('multi-a', { mutation: '1' });
    await mutate('multi-a', { mutation: '2' });
    await remove('multi-a');
    await create('multi-b', { who: 'b' });
    await remove('multi-b');
    await either.until(6);
    const ofA = [
      'ADDED multi-a',
      'MODIFIED multi-a mutation=1',
      'MODIFIED multi-a mutation=2',
      'DELETED multi-a mutation=2',
    ];
    const ofB = ['ADDED multi-b', 'DELETED multi-b'];
    assert.deepEqual([told(a), told(b), told(either)], [ofA, ofB, [...ofA, ...ofB]]);
    for (const stream of [a, b, either]) stream.stop();
  });

  test('from a resourceVersion on: only what came after it', async () => {
    await create('resumed');
    const first = await mutate('resumed', { mutation: '1' });
    await mutate('resumed', { mutation: '2' });
    await remove('resumed');
    const stream = await watch(`resourceVersion=${first.metadata.resourceVersion}`);
    await stream.until(2);
    assert.deepEqual(told(stream), ['MODIFIED resumed mutation=2', 'DELETED resumed mutation=2']);
    stream.stop();
  });

  test('going on from the last event that was seen, nothing is missed and nothing comes twice', async () => {
    const closed = await watch('fieldSelector=metadata.name%3Drestarted');
    await create('restarted');
    await mutate('restarted', { mutation: '1' });
    await closed.until(2);
    closed.stop();
    await mutate('restarted', { mutation: '2' });
    await remove('restarted');
    const last = (closed.events as Event[]).at(-1)?.object.metadata.resourceVersion;
    const stream = await watch(`fieldSelector=metadata.name%3Drestarted&resourceVersion=${last}`);
    await stream.until(2);
    assert.deepEqual(told(stream), ['MODIFIED restarted mutation=2', 'DELETED restarted mutation=2']);
    stream.stop();
  });

  test('what ceases to be chosen is deleted for the watcher, and added when it is chosen again', async () => {
    const stream = await watch('labelSelector=toggled%3Dyes');
    await create('toggled', { toggled: 'yes' });
    await mutate('toggled', { mutation: '1' });
    await label('toggled', { toggled: 'no' });
    await mutate('toggled', { mutation: '2' });
    await label('toggled', { toggled: 'yes' });
    await mutate('toggled', { mutation: '3' });
    await remove('toggled');
    await stream.until(6);
    assert.deepEqual(told(stream), [
      'ADDED toggled',
      'MODIFIED toggled mutation=1',
      'DELETED toggled mutation=1',
      'ADDED toggled mutation=2',
      'MODIFIED toggled mutation=3',
      'DELETED toggled mutation=3',
    ]);
    stream.stop();
  });

  test('watchers that start from different versions see one order of events', async () => {
    const start = (await create('order-0')).metadata.resourceVersion;
    for (let at = 0; at < 30; at++) {
      if (at % 3 === 0) await create(`order-${at + 1}`);
      else if (at % 3 === 1) await mutate(`order-${at}`, { at: String(at) });
      else await remove(`order-${at - 1}`);
    }
    const all = await watch(`resourceVersion=${start}`);
    await all.until(30);
    const versions = (all.events as Event[]).map(({ object }) => object.metadata.resourceVersion);
    for (const [index, version] of versions.entries()) {
      const stream = await watch(`resourceVersion=${version}`);
      if (index < 29) await stream.until(29 - index);
      assert.deepEqual(stream.events, all.events.slice(index + 1));
      stream.stop();
    }
    all.stop();
  });

  test('bookmarks have a version to go on from, and come to those who ask', async () => {
    const asking = await watch('allowWatchBookmarks=true&labelSelector=nobody%3Dhas');
    const silent = await watch('labelSelector=nobody%3Dhas');
    const { metadata } = await create('noise');
    server.clock.advance(bookmarkMilliseconds);
    await asking.until(1);
    assert.deepEqual(asking.events, [
      {
        type: 'BOOKMARK',
        object: {
          kind: 'ConfigMap',
          apiVersion: 'v1',
          metadata: { resourceVersion: metadata.resourceVersion },
        },
      },
    ]);
    assert.deepEqual(silent.events, []);
    for (const stream of [asking, silent]) stream.stop();
  });

  const initial = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';

  test('initial events end with a bookmark that says so; then the watch goes on', async () => {
    for (const name of ['stream-b', 'stream-a']) await create(name, { streamed: 'yes' });
    const stream = await watch(`${initial}&labelSelector=streamed%3Dyes`);
    await stream.until(3);
    await mutate('stream-a', { foo: 'bar' });
    await stream.until(4);
    assert.deepEqual(told(stream), [
      'ADDED stream-a',
      'ADDED stream-b',
      'BOOKMARK',
      'MODIFIED stream-a foo=bar',
    ]);
    assert.deepEqual(stream.events[2].object.metadata.annotations, { 'k8s.io/initial-events-end': 'true' });
    stream.stop();
  });

  test('initial events of metadata alone', async () => {
    const stream = await watch(
      `${initial}&labelSelector=streamed%3Dyes`,
      'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
    );
    await stream.until(3);
    assert.deepEqual(
      stream.events.map(({ type, object }) => [type, object.kind, object.data]),
      ['ADDED', 'ADDED', 'BOOKMARK'].map((type) => [type, 'PartialObjectMetadata', undefined]),
    );
    stream.stop();
  });

  test('there are none as Tables: 406, unless objects will do', async () => {
    const refused = await server.call('GET', `${configMaps}?watch=true&${initial}`, {
      headers: { accept: tables },
    });
    assert.deepEqual([refused.status, refused.body.reason], [406, 'NotAcceptable']);
    const stream = await watch(`${initial}&labelSelector=streamed%3Dyes`, `${tables},application/json`);
    await stream.until(3);
    assert.deepEqual(
      stream.events.map(({ object }) => object.kind),
      ['ConfigMap', 'ConfigMap', 'ConfigMap'],
    );
    stream.stop();
  });

  describe('of Tables', () => {
    const shape = (stream: WatchedStream) =>
      stream.events.map(({ type, object }) => [
        type,
        object.kind,
        object.columnDefinitions?.length ?? null,
        object.rows[0].cells[0],
      ]);

    test('tell the columns once, with whatever comes first', async () => {
      await create('table-a', { tabled: 'yes' });
      const query = 'labelSelector=tabled%3Dyes';
      const { resourceVersion } = (await server.call('GET', configMaps)).body.metadata;
      const streams = await Promise.all([
        watch(query, tables),
        watch(`${query}&resourceVersion=${resourceVersion}`, tables),
      ]);
      await mutate('table-a', { mutation: '1' });
      await streams[0]?.until(2);
      await streams[1]?.until(1);
      // One that begins between the events of the others.
      const late = await watch(`${query}&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`, tables);
      await remove('table-a');
      await streams[0]?.until(3);
      await late.until(1);
      assert.deepEqual([...streams, late].map(shape), [
        [
          ['ADDED', 'Table', 3, 'table-a'],
          ['MODIFIED', 'Table', null, 'table-a'],
          ['DELETED', 'Table', null, 'table-a'],
        ],
        [
          ['MODIFIED', 'Table', 3, 'table-a'],
          ['DELETED', 'Table', null, 'table-a'],
        ],
        [['DELETED', 'Table', 3, 'table-a']],
      ]);
      for (const stream of [...streams, late]) stream.stop();
    });

    test('a bookmark may be what comes first', async () => {
      const query = 'labelSelector=tabled%3Dlater&allowWatchBookmarks=true';
      const stream = await watch(query, tables);
      await new Promise((resolve) => setImmediate(resolve));
      server.clock.advance(bookmarkMilliseconds);
      await stream.until(1);
      await create('table-b', { tabled: 'later' });
      await stream.until(2);
      assert.deepEqual(shape(stream), [
        ['BOOKMARK', 'Table', 3, undefined],
        ['ADDED', 'Table', null, 'table-b'],
      ]);
      stream.stop();
    });
  });

  test('of one object, which may be selected once more, and no other', async () => {
    await create('single');
    const url = `${configMaps}/single?watch=true`;
    for (const selector of ['', '&fieldSelector=metadata.name%3Dsingle']) {
      const stream = await server.watch(url + selector);
      await stream.until(1);
      assert.deepEqual(told(stream), ['ADDED single']);
      stream.stop();
    }
    for (const selector of ['metadata.name=other', 'metadata.namespace=default', 'metadata.name!=single']) {
      const { status, body } = await server.call(
        'GET',
        `${url}&fieldSelector=${encodeURIComponent(selector)}`,
      );
      assert.deepEqual(
        [status, body.message],
        [400, "fieldSelector metadata.name doesn't match requested name"],
      );
    }
  });

  test('a version that is forgotten is an error in the stream: 410, and list again', async () => {
    const { metadata } = await create('old');
    const large = 'x'.repeat(1_000_000);
    for (let sent = 0, at = 0; sent <= cacheEventBytesMax + 2 * large.length; sent += large.length, at++)
      await mutate('old', { at: String(at), large });
    const stream = await watch(`resourceVersion=${metadata.resourceVersion}`);
    await stream.until(1);
    const [{ type, object }] = stream.events;
    assert.deepEqual(
      [type, object.kind, object.status, object.reason, object.code],
      ['ERROR', 'Status', 'Failure', 'Expired', 410],
    );
    assert.match(
      object.message,
      new RegExp(`^too old resource version: ${metadata.resourceVersion} \\(\\d+\\)$`),
    );
    assert.equal(stream.ended, true);
  });
});
