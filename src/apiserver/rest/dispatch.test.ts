import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../test-server.ts';
import { configMaps, pod, pods, verdict } from './testing.ts';

describe('paths', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  test('what only a node can answer says so where there is no way to one', async () => {
    await server.call('POST', pods, { body: pod('unplaced') });
    assert.deepEqual(verdict(await server.call('GET', `${pods}/unplaced/log`)), [
      503,
      'ServiceUnavailable',
      'this server was started without a way to reach nodes',
    ]);
  });

  const nowhere: [name: string, method: string, url: string, status: number][] = [
    ['an unknown path', 'GET', '/nothing', 404],
    ['an unknown group', 'GET', '/apis/example.com/v1/things', 404],
    ['an unknown resource', 'GET', '/api/v1/things', 404],
    ['an unknown subresource', 'GET', `${configMaps}/same/status`, 404],
    ['an encoded slash in a name', 'GET', `${configMaps}/a%2fb`, 400],
    ['a name of two dots', 'GET', `${configMaps}/..`, 400],
    ['a method in lower case', 'get', configMaps, 405],
    ['a method that is a verb', 'LIST', configMaps, 405],
    ['a method that is a prototype’s', 'constructor', configMaps, 405],
    ['a broken escape', 'GET', `${configMaps}/%zz`, 400],
    ['a method without a meaning', 'OPTIONS', configMaps, 405],
    ['a put on a collection', 'PUT', configMaps, 405],
    ['a post on a name', 'POST', `${configMaps}/same`, 405],
    ['a cluster resource in a namespace', 'GET', '/api/v1/namespaces/default/nodes', 404],
  ];
  for (const [name, method, url, status] of nowhere)
    test(`${name} is ${status}`, async () => {
      const answer = await server.call(method, url);
      assert.deepEqual([answer.status, answer.body.kind], [status, 'Status']);
    });
});
