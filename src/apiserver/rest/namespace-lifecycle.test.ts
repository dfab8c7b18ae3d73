import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../test-server.ts';
import { make, merge, verdict } from './testing.ts';

const namespaces = '/api/v1/namespaces';

describe('the life of a namespace', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
    await make(server, namespaces, { metadata: { name: 'brief' } });
  });
  afterEach(() => server.close());
  const inBrief = `${namespaces}/brief/configmaps`;

  test('one that goes takes nothing new, and says so to programs', async () => {
    await server.call('DELETE', `${namespaces}/brief`);
    const { status, body } = await server.call('POST', inBrief, { body: { metadata: { name: 'late' } } });
    assert.equal(status, 403);
    assert.deepEqual(body.details, {
      name: 'late',
      kind: 'configmaps',
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: 'namespace brief is being terminated',
          field: 'metadata.namespace',
        },
      ],
    });
  });

  test('what is in it may still change and go', async () => {
    await make(server, inBrief, { metadata: { name: 'a' } });
    await server.call('DELETE', `${namespaces}/brief`);
    assert.deepEqual((await merge(server, `${inBrief}/a`, { data: { x: '1' } })).data, { x: '1' });
    assert.equal((await server.call('DELETE', `${inBrief}/a`)).status, 200);
  });

  test('no object slips in behind its back: a create and a delete at once', async () => {
    for (let round = 0; round < 10; round++) {
      const name = `race-${round}`;
      await make(server, namespaces, { metadata: { name } });
      const url = `${namespaces}/${name}/configmaps`;
      const [created, deleted] = await Promise.all([
        server.call('POST', url, { body: { metadata: { name: 'a' } } }),
        server.call('DELETE', `${namespaces}/${name}`),
      ]);
      const ns = (await server.call('GET', `${namespaces}/${name}`)).body;
      assert.deepEqual([deleted.status, ns.status.phase], [200, 'Terminating']);
      if (created.status === 403) continue;
      assert.equal(created.status, 201);
      // It was there before the namespace began to go.
      assert.ok(Number(created.body.metadata.resourceVersion) < Number(ns.metadata.resourceVersion));
    }
  });

  for (const name of ['default', 'kube-system', 'kube-public'])
    test(`${name} stays`, async () =>
      assert.deepEqual(verdict(await server.call('DELETE', `${namespaces}/${name}`)), [
        403,
        'Forbidden',
        `namespaces "${name}" is forbidden: this namespace may not be deleted`,
      ]));

  test('objects of the cluster need none', async () => {
    const made = await make(server, '/api/v1/nodes', { metadata: { name: 'n1' } });
    assert.equal(made.metadata.namespace, undefined);
  });
});
