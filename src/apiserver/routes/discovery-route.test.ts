import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../test-server.ts';

const aggregated =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

describe('discovery', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const documents: [path: string, kind: string][] = [
    ['/api', 'APIVersions'],
    ['/api/', 'APIVersions'],
    ['/apis', 'APIGroupList'],
    ['/apis/', 'APIGroupList'],
    ['/apis/apps', 'APIGroup'],
    ['/api/v1', 'APIResourceList'],
    ['/apis/apps/v1', 'APIResourceList'],
    ['/apis/apps/v1/', 'APIResourceList'],
  ];
  for (const [path, kind] of documents)
    test(`${path} is an ${kind}`, async () => {
      const { status, headers, body } = await server.call('GET', path);
      assert.deepEqual([status, body.kind, headers['cache-control']], [200, kind, 'no-cache, private']);
    });

  test('/api says where the server is reached', async () => {
    const { body } = await server.call('GET', '/api');
    assert.deepEqual(body.serverAddressByClientCIDRs, [
      { clientCIDR: '0.0.0.0/0', serverAddress: '172.30.0.1:6443' },
    ]);
  });

  test('all in one, for those that ask so, and told apart for caches', async () => {
    for (const path of ['/api', '/apis']) {
      const { headers, body } = await server.call('GET', path, { headers: { accept: aggregated } });
      assert.equal(body.kind, 'APIGroupDiscoveryList');
      assert.equal(
        headers['content-type'],
        'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
      );
      assert.equal(headers.vary, 'Accept');
    }
  });

  test('what has not changed is not sent again', async () => {
    const first = await server.call('GET', '/apis', { headers: { accept: aggregated } });
    const etag = String(first.headers.etag);
    const again = await server.call('GET', '/apis', {
      headers: { accept: aggregated, 'if-none-match': etag },
    });
    assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', etag]);
    const other = await server.call('GET', '/apis', {
      headers: { accept: aggregated, 'if-none-match': '"other"' },
    });
    assert.equal(other.status, 200);
  });

  for (const [path, why] of [
    ['/apis/none.example.com', 'a group that is not there'],
    ['/apis/apps/v9', 'a version that is not there'],
    ['/api/v2', 'a core version that is not there'],
    ['/apix', 'another path'],
  ] as const)
    test(`${why} is 404`, async () => {
      const { status, body } = await server.call('GET', path);
      assert.deepEqual([status, body.kind], [404, 'Status']);
    });

  test('every resource it names can be listed, if it says so', async () => {
    const { body } = await server.call('GET', '/apis', { headers: { accept: aggregated } });
    let listed = 0;
    for (const group of body.items)
      for (const { version, resources } of group.versions)
        for (const { resource, verbs, responseKind } of resources) {
          if (!verbs.includes('list')) continue;
          const answer = await server.call('GET', `/apis/${group.metadata.name}/${version}/${resource}`);
          assert.deepEqual([answer.status, answer.body.kind], [200, `${responseKind.kind}List`], resource);
          listed++;
        }
    assert.ok(listed > 30, String(listed));
  });
});
