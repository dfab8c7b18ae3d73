import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../test-server.ts';

describe('paths about the server', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  for (const path of ['/version', '/version/'])
    test(`${path} is what kubectl compares itself with`, async () => {
      const { status, headers, body } = await server.call('GET', path, { user: undefined });
      assert.deepEqual([status, headers['content-type']], [200, 'application/json']);
      assert.deepEqual([body.major, body.minor, body.platform], ['1', '36', 'linux/amd64']);
      assert.match(body.gitVersion, /^v1\.36\.\d+\+wherry/);
    });

  for (const path of ['/healthz', '/livez', '/readyz'])
    test(`${path} is one word, or the checks`, async () => {
      const plain = await server.call('GET', path, { user: undefined });
      assert.deepEqual([plain.status, plain.text], [200, 'ok']);
      const verbose = await server.call('GET', `${path}?verbose`, { user: undefined });
      const [first, ...rest] = verbose.text.trimEnd().split('\n');
      assert.equal(first, '[+]ping ok');
      assert.equal(rest.at(-1), `${path.slice(1)} check passed`);
    });

  test('/ lists what can be asked for, each of which answers', async () => {
    const { body } = await server.call('GET', '/');
    const { paths } = body as { paths: string[] };
    for (const path of [
      '/api',
      '/api/v1',
      '/apis',
      '/apis/apps',
      '/apis/apps/v1',
      '/healthz',
      '/metrics',
      '/openapi/v3',
      '/version',
    ])
      assert.ok(paths.includes(path), path);
    assert.deepEqual(paths, [...new Set(paths)].sort());
    for (const path of paths) assert.equal((await server.call('GET', path)).status, 200, path);
  });

  test('/metrics counts requests, watchers and the store', async () => {
    const configMaps = '/api/v1/namespaces/default/configmaps';
    const stream = await server.watch(`${configMaps}?watch=true`);
    await server.call('POST', configMaps, { body: { metadata: { name: 'counted' } } });
    await stream.until(1);
    const { status, headers, text } = await server.call('GET', '/metrics');
    assert.deepEqual([status, headers['content-type']], [200, 'text/plain; version=0.0.4; charset=utf-8']);
    const lines = text.split('\n');
    const value = (start: string) => {
      const line = lines.find((each) => each.startsWith(start)) ?? assert.fail(`no ${start}`);
      return Number(line.split(' ').at(-1));
    };
    assert.equal(
      value(
        'apiserver_request_total{code="201",component="apiserver",dry_run="",group="",resource="configmaps",',
      ),
      1,
    );
    const labels = '{group="",resource="configmaps",version="v1"}';
    assert.equal(value(`apiserver_registered_watchers${labels}`), 1);
    assert.equal(value(`apiserver_watch_events_total${labels}`), 1);
    assert.equal(value('apiserver_current_inflight_requests{request_kind="mutating"}'), 0);
    assert.equal(value('apiserver_current_inflight_requests{request_kind="readOnly"}'), 1);
    const { revision } = await server.store.range({ from: 'x', limit: 0 });
    assert.equal(value('wherry_store_revision'), revision);
    stream.stop();
    const after = (await server.call('GET', '/metrics')).text;
    assert.ok(after.includes(`apiserver_registered_watchers${labels} 0`));
  });

  test('a path that is none of them is 404, also below one', async () => {
    for (const path of ['/metric', '/metrics/x', '/version/x', '/healthzz', '/index']) {
      const { status, body } = await server.call('GET', path);
      assert.deepEqual([status, body.reason], [404, 'NotFound'], path);
    }
  });
});
