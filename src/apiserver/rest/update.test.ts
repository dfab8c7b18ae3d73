import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../test-server.ts';
import { configMaps, deployment, deployments, mergePatch as merge, verdict } from './testing.ts';

describe('update', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const make = (name: string, more: object = {}) =>
    server.call('POST', configMaps, { body: { metadata: { name }, ...more } });

  test('with the version it was read at; a second time it is a conflict', async () => {
    const { body } = await make('versioned');
    const first = await server.call('PUT', `${configMaps}/versioned`, {
      body: { ...body, data: { n: '1' } },
    });
    assert.equal(first.status, 200);
    assert.deepEqual(verdict(await server.call('PUT', `${configMaps}/versioned`, { body })), [
      409,
      'Conflict',
      'Operation cannot be fulfilled on configmaps "versioned": the object has been modified; please apply your changes to the latest version and try again',
    ]);
  });

  test('that changes nothing writes nothing', async () => {
    const { body } = await make('same', { data: { a: '1' } });
    const again = await server.call('PUT', `${configMaps}/same`, { body });
    assert.equal(again.body.metadata.resourceVersion, body.metadata.resourceVersion);
  });

  test('generation counts changes of spec alone', async () => {
    const { body } = await server.call('POST', deployments, { body: deployment('counted') });
    const labelled = await server.call('PATCH', `${deployments}/counted`, {
      body: { metadata: { labels: { a: 'b' } } },
      headers: merge,
    });
    assert.equal(labelled.body.metadata.generation, 1);
    const status = await server.call('PATCH', `${deployments}/counted/status`, {
      body: { status: { replicas: 1 } },
      headers: merge,
    });
    assert.deepEqual([status.body.metadata.generation, status.body.status.replicas], [1, 1]);
    const scaled = await server.call('PATCH', `${deployments}/counted`, {
      body: { spec: { replicas: 3 }, status: { replicas: 9 } },
      headers: merge,
    });
    assert.deepEqual([scaled.body.metadata.generation, scaled.body.status.replicas], [2, 1]);
    assert.equal(scaled.body.metadata.uid, body.metadata.uid);
  });

  test('of the status leaves the spec', async () => {
    const { body } = await server.call('GET', `${deployments}/counted`);
    body.spec.replicas = 99;
    body.status.readyReplicas = 1;
    const { body: after } = await server.call('PUT', `${deployments}/counted/status`, { body });
    assert.deepEqual([after.spec.replicas, after.status.readyReplicas], [3, 1]);
  });

  const refusals: [name: string, url: string, body: unknown, expected: unknown[]][] = [
    [
      'what is not there',
      `${configMaps}/none`,
      { metadata: { name: 'none' } },
      [404, 'NotFound', 'configmaps "none" not found'],
    ],
    [
      'another name',
      `${configMaps}/same`,
      { metadata: { name: 'other' } },
      [400, 'BadRequest', 'the name of the object (other) does not match the name on the URL (same)'],
    ],
    [
      'another uid',
      `${configMaps}/same`,
      { metadata: { name: 'same', uid: 'x' } },
      [409, 'Conflict', undefined],
    ],
  ];
  for (const [name, url, body, expected] of refusals)
    test(`refuses ${name}`, async () => {
      const [status, reason, message] = verdict(await server.call('PUT', url, { body }));
      assert.deepEqual([status, reason], expected.slice(0, 2));
      if (expected[2] !== undefined) assert.equal(message, expected[2]);
    });
});
