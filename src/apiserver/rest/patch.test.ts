import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../test-server.ts';
import {
  configMaps,
  deployment,
  deployments,
  jsonPatch,
  mergePatch as merge,
  strategicPatch as strategic,
  verdict,
} from './testing.ts';

describe('patch', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const make = (name: string, more: object = {}) =>
    server.call('POST', configMaps, { body: { metadata: { name }, ...more } });

  test('strategic merge knows the merge keys', async () => {
    await server.call('POST', deployments, { body: deployment('merged') });
    const containers = [{ name: 'side', image: 'busybox' }];
    const { body } = await server.call('PATCH', `${deployments}/merged`, {
      body: { spec: { template: { spec: { containers } } } },
      headers: strategic,
    });
    assert.deepEqual(
      body.spec.template.spec.containers.map((each: { name: string }) => each.name),
      ['side', 'c'],
    );
  });

  test('a strategic merge leaves the object what it is', async () => {
    await server.call('POST', deployments, { body: deployment('named') });
    const { status, body } = await server.call('PATCH', `${deployments}/named`, {
      body: { kind: 'Nonsense', apiVersion: 'example.com/v9', spec: { paused: true } },
      headers: strategic,
    });
    assert.deepEqual(
      [status, body.kind, body.apiVersion, body.spec.paused],
      [200, 'Deployment', 'apps/v1', true],
    );
  });

  test('JSON patch', async () => {
    await make('patched', { data: { a: '1' } });
    const body = [
      { op: 'test', path: '/data/a', value: '1' },
      { op: 'replace', path: '/data/a', value: '2' },
    ];
    assert.deepEqual(
      (await server.call('PATCH', `${configMaps}/patched`, { body, headers: jsonPatch })).body.data,
      { a: '2' },
    );
    const again = await server.call('PATCH', `${configMaps}/patched`, { body, headers: jsonPatch });
    assert.deepEqual(verdict(again), [
      422,
      'Invalid',
      'the server rejected our request due to an error in our request',
    ]);
  });

  test('a result of the wrong type is told as upstream tells it', async () => {
    await server.call('POST', deployments, { body: deployment('typed') });
    const body = { spec: { replicas: 'many' } };
    const merged = await server.call('PATCH', `${deployments}/typed`, { body, headers: merge });
    assert.deepEqual([merged.status, merged.body.reason], [422, 'Invalid']);
    assert.match(
      merged.body.message,
      /^ "" is invalid: patch: Invalid value: "{.*\\"replicas\\":\\"many\\".*}": json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32$/,
    );
    const strategically = await server.call('PATCH', `${deployments}/typed`, {
      body,
      headers: strategic,
    });
    assert.deepEqual(verdict(strategically), [
      422,
      'Invalid',
      ' "" is invalid: patch: Invalid value: "map[spec:map[replicas:many]]": unrecognized type: int32',
    ]);
  });

  test('a type that is none is 415', async () => {
    const { status, body } = await server.call('PATCH', `${configMaps}/patched`, {
      body: {},
      headers: { 'content-type': 'application/json' },
    });
    assert.deepEqual([status, body.reason], [415, 'UnsupportedMediaType']);
  });

  test('a version in the patch makes it conditional', async () => {
    const body = { metadata: { resourceVersion: '1' }, data: { x: 'y' } };
    assert.equal((await server.call('PATCH', `${configMaps}/patched`, { body, headers: merge })).status, 409);
  });

  test('many at once all arrive', async () => {
    await make('contended');
    const keys = Array.from({ length: 30 }, (_, index) => `k${index}`);
    const answers = await Promise.all(
      keys.map((key) =>
        server.call('PATCH', `${configMaps}/contended`, {
          body: { data: { [key]: 'v' } },
          headers: merge,
        }),
      ),
    );
    // One that loses eight times in a row is told so; each that was acknowledged must be there.
    const { body } = await server.call('GET', `${configMaps}/contended`);
    const acknowledged = keys.filter((_, index) => answers[index]?.status === 200);
    for (const key of acknowledged) assert.equal(body.data[key], 'v');
    assert.ok(acknowledged.length > 0);
    for (const answer of answers) assert.ok(answer.status === 200 || answer.status === 409);
  });
});
