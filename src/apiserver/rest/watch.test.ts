import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestServer, type TestServer, type WatchedStream } from '../test-server.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';
const merge = { 'content-type': 'application/merge-patch+json' };

const short = (stream: WatchedStream) =>
  stream.events.map((event) => `${event.type} ${event.object.metadata?.name ?? event.object.reason}`);

describe('watch', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  const make = (name: string, labels: Record<string, string> = {}) =>
    server.call('POST', configMaps, { body: { metadata: { name, labels } } });
  const label = (name: string, labels: Record<string, string | null>) =>
    server.call('PATCH', `${configMaps}/${name}`, { body: { metadata: { labels } }, headers: merge });
  const revision = async (): Promise<string> =>
    (await server.call('GET', configMaps)).body.metadata.resourceVersion;

  test('goes on from a revision: each event once, in order, with growing revisions', async () => {
    const from = await revision();
    await make('a');
    await make('b');
    await server.call('DELETE', `${configMaps}/a`);
    const stream = await server.watch(`${configMaps}?watch=1&resourceVersion=${from}`);
    await make('c');
    await stream.until(4);
    assert.deepEqual(short(stream), ['ADDED a', 'ADDED b', 'DELETED a', 'ADDED c']);
    const revisions = stream.events.map((event) => Number(event.object.metadata.resourceVersion));
    assert.deepEqual(
      revisions,
      [...revisions].sort((x, y) => x - y),
    );
    assert.equal(new Set(revisions).size, 4);
  });

  test('without a revision the state comes first', async () => {
    await make('a');
    await make('b');
    const stream = await server.watch(`${configMaps}?watch=true`);
    await stream.until(2);
    await make('c');
    await stream.until(3);
    assert.deepEqual(short(stream), ['ADDED a', 'ADDED b', 'ADDED c']);
  });

  test('a selector sees objects come and go as their labels change, the last in their matching state', async () => {
    const stream = await server.watch(
      `${configMaps}?watch=1&labelSelector=app%3Dweb&resourceVersion=${await revision()}`,
    );
    await make('a', { app: 'web' });
    await make('b', { app: 'db' });
    await label('b', { app: 'web' });
    await label('a', { tier: 'x' });
    const changed = await label('a', { app: null });
    await stream.until(4);
    assert.deepEqual(short(stream), ['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED a']);
    assert.deepEqual(stream.events[3].object.metadata.labels, { app: 'web', tier: 'x' });
    assert.equal(stream.events[3].object.metadata.resourceVersion, changed.body.metadata.resourceVersion);
  });

  test('one name, one namespace', async () => {
    const stream = await server.watch(
      `${configMaps}?watch=1&fieldSelector=metadata.name%3Da&resourceVersion=${await revision()}`,
    );
    await make('b');
    await make('a');
    await server.call('POST', '/api/v1/namespaces/kube-system/configmaps', {
      body: { metadata: { name: 'a' } },
    });
    await make('c');
    await stream.until(1);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(short(stream), ['ADDED a']);
  });

  test('initial events end with a marked bookmark', async () => {
    await make('a');
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const stream = await server.watch(`${configMaps}?${query}`);
    await stream.until(2);
    assert.deepEqual(stream.events[1], {
      type: 'BOOKMARK',
      object: {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { resourceVersion: await revision(), annotations: { 'k8s.io/initial-events-end': 'true' } },
      },
    });
  });

  test('a bookmark comes every minute to those who allow it', async () => {
    const from = await revision();
    const willing = await server.watch(
      `${configMaps}?watch=1&allowWatchBookmarks=true&resourceVersion=${from}`,
    );
    const plain = await server.watch(`${configMaps}?watch=1&resourceVersion=${from}`);
    await server.call('POST', '/api/v1/namespaces/default/secrets', { body: { metadata: { name: 's' } } });
    server.clock.advance(60_000);
    assert.equal(willing.events[0].type, 'BOOKMARK');
    assert.equal(willing.events[0].object.metadata.resourceVersion, await revision());
    assert.deepEqual(plain.events, []);
  });

  test('ends after timeoutSeconds', async () => {
    const stream = await server.watch(`${configMaps}?watch=1&timeoutSeconds=7`);
    server.clock.advance(6_999);
    assert.equal(stream.ended, false);
    server.clock.advance(1);
    assert.equal(stream.ended, true);
    assert.equal(server.server.backend.hub.watchers, 0);
  });

  test('a watcher that does not read is closed, the others go on', async () => {
    const from = await revision();
    const slow = await server.watch(`${configMaps}?watch=1&resourceVersion=${from}`);
    const quick = await server.watch(`${configMaps}?watch=1&resourceVersion=${from}`);
    slow.stall(5 * 1024 * 1024);
    await make('a');
    await quick.until(1);
    assert.equal(slow.ended, true);
    assert.equal(quick.ended, false);
    assert.equal(server.server.backend.hub.counts.lagging, 1);
  });

  test('a revision from before the history is told so in the stream', async () => {
    const other = await startTestServer({ store: server.store });
    // The second server fills from what the store still has after compaction.
    await make('a');
    await server.store.compact(Number(await revision()));
    const late = await startTestServer({ store: server.store });
    const stream = await late.watch(`${configMaps}?watch=1&resourceVersion=1`);
    await stream.until(1);
    assert.deepEqual(
      [stream.events[0].type, stream.events[0].object.code, stream.events[0].object.reason],
      ['ERROR', 410, 'Expired'],
    );
    assert.match(stream.events[0].object.message, /^too old resource version: 1 \(\d+\)$/);
    assert.equal(stream.ended, true);
    await late.server.close();
    await other.server.close();
  });

  test('a new server on the same store resumes a watch from before it started', async () => {
    const from = await revision();
    await make('a');
    await label('a', { x: 'y' });
    await server.call('DELETE', `${configMaps}/a`);
    const next = await startTestServer({ store: server.store });
    const stream = await next.watch(`${configMaps}?watch=1&resourceVersion=${from}`);
    await stream.until(3);
    assert.deepEqual(short(stream), ['ADDED a', 'MODIFIED a', 'DELETED a']);
    await next.server.close();
  });

  test('as a table', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const stream = await server.watch(`${configMaps}?watch=1&resourceVersion=${await revision()}`, {
      accept,
    });
    await make('a');
    await stream.until(1);
    assert.equal(stream.events[0].object.kind, 'Table');
    assert.deepEqual(stream.events[0].object.rows[0].cells, ['a', 0, '0s']);
  });

  test('sendInitialEvents wants its match', async () => {
    const { status, body } = await server.call('GET', `${configMaps}?watch=1&sendInitialEvents=true`);
    assert.deepEqual(
      [status, body.message],
      [
        422,
        'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      ],
    );
  });
});
