/**
 * What a delete answers, and owners that are named twice.
 * Source: test/integration/apiserver/apiserver_test.go (Test202StatusCode, TestDedupOwnerReferences).
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { make } from '../../../src/apiserver/rest/testing.ts';
import { startTestServer, type TestServer } from '../../../src/apiserver/test-server.ts';

describe('deletes', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const sets = '/apis/apps/v1/namespaces/default/replicasets';
  const options = { kind: 'DeleteOptions', apiVersion: 'v1' };
  const cases: Record<string, [finalizers: string[], body: object | undefined, status: number]> = {
    'at once': [[], undefined, 200],
    'held by a finalizer': [['kube.io/dummy'], undefined, 200],
    'at once, dependents and all': [[], { ...options, orphanDependents: false }, 200],
    'held, dependents and all': [['kube.io/dummy'], { ...options, orphanDependents: false }, 202],
    'held, by policy': [['kube.io/dummy'], { ...options, propagationPolicy: 'Background' }, 200],
  };
  for (const [name, [finalizers, body, status]] of Object.entries(cases))
    test(`${name}: ${status}`, async () => {
      const made = await make(server, sets, {
        metadata: { generateName: 'rs-', finalizers },
        spec: {
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
        },
      });
      const answer = await server.call('DELETE', `${sets}/${made.metadata.name}`, { body });
      assert.deepEqual(
        [answer.status, answer.body.kind],
        [status, finalizers.length === 0 ? 'Status' : 'ReplicaSet'],
      );
    });
});

describe('owners that are named twice', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  test('are one, and the client is warned', async () => {
    const configMaps = '/api/v1/namespaces/default/configmaps';
    const owner = (uid: string, name = 'owner') => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid });
    const warning = (when: string) => [
      `299 - ".metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: a"`,
    ];
    const made = await server.call('POST', configMaps, {
      body: { metadata: { name: 'd', ownerReferences: [owner('a'), owner('a')] } },
    });
    assert.deepEqual([made.body.metadata.ownerReferences, made.headers.warning], [[owner('a')], warning('')]);
    assert.equal(made.body.metadata.managedFields.length, 1);
    const twice = {
      ...made.body,
      metadata: { ...made.body.metadata, ownerReferences: [owner('a'), owner('a')] },
    };
    const put = await server.call('PUT', `${configMaps}/d`, { body: twice });
    assert.deepEqual([put.body.metadata.ownerReferences, put.headers.warning], [[owner('a')], warning('')]);
    const add = async (value: object) =>
      server.call('PATCH', `${configMaps}/d`, {
        body: [{ op: 'add', path: '/metadata/ownerReferences/-', value }],
        headers: { 'content-type': 'application/json-patch+json' },
      });
    const patched = await add(owner('a'));
    assert.deepEqual(
      [patched.body.metadata.ownerReferences, patched.headers.warning],
      [[owner('a')], warning(' after mutating admission happens')],
    );
    const second = await add(owner('b'));
    assert.deepEqual(
      [second.body.metadata.ownerReferences, second.headers.warning],
      [[owner('a'), owner('b')], undefined],
    );
  });
});
