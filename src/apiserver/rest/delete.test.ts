import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../test-server.ts';
import { configMaps, deployment, deployments, mergePatch as merge, pod, pods, verdict } from './testing.ts';

describe('delete', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
    await server.call('POST', configMaps, { body: { metadata: { name: 'same' } } });
  });
  after(() => server.close());

  const make = (name: string, more: object = {}) =>
    server.call('POST', configMaps, { body: { metadata: { name }, ...more } });

  test('answers with a Status that names what went', async () => {
    const { body: made } = await make('gone');
    const { status, body } = await server.call('DELETE', `${configMaps}/gone`);
    assert.deepEqual(
      [status, body],
      [
        200,
        {
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Success',
          details: { name: 'gone', kind: 'configmaps', uid: made.metadata.uid },
        },
      ],
    );
    assert.equal((await server.call('GET', `${configMaps}/gone`)).status, 404);
  });

  test('waits for finalizers, and goes with the last', async () => {
    await server.call('POST', configMaps, {
      body: { metadata: { name: 'held', finalizers: ['example.com/hold'] } },
    });
    const { body } = await server.call('DELETE', `${configMaps}/held`);
    assert.deepEqual(
      [body.metadata.deletionTimestamp, body.metadata.deletionGracePeriodSeconds],
      ['2026-01-01T00:00:00Z', 0],
    );
    const more = await server.call('PATCH', `${configMaps}/held`, {
      body: { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } },
      headers: merge,
    });
    assert.equal(more.status, 422);
    await server.call('PATCH', `${configMaps}/held`, {
      body: { metadata: { finalizers: null } },
      headers: merge,
    });
    assert.equal((await server.call('GET', `${configMaps}/held`)).status, 404);
  });

  for (const [policy, finalizer] of [
    ['Foreground', 'foregroundDeletion'],
    ['Orphan', 'orphan'],
  ] as const)
    test(`${policy} is recorded for the garbage collector`, async () => {
      const name = `with-${policy.toLowerCase()}`;
      await server.call('POST', deployments, { body: deployment(name) });
      const { body } = await server.call('DELETE', `${deployments}/${name}`, {
        body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: policy },
      });
      assert.deepEqual(body.metadata.finalizers, [finalizer]);
      assert.notEqual(body.metadata.deletionTimestamp, undefined);
    });

  test('preconditions', async () => {
    const { body } = await make('precious');
    const wrong = await server.call('DELETE', `${configMaps}/precious`, {
      body: { preconditions: { uid: 'other' } },
    });
    assert.deepEqual(verdict(wrong).slice(0, 2), [409, 'Conflict']);
    const right = await server.call('DELETE', `${configMaps}/precious`, {
      body: { preconditions: { uid: body.metadata.uid, resourceVersion: body.metadata.resourceVersion } },
    });
    assert.equal(right.status, 200);
  });

  test('a pod on a node is given its time, a second delete may shorten it', async () => {
    await server.call('POST', pods, { body: pod('graceful', { nodeName: 'n1' }) });
    const { body } = await server.call('DELETE', `${pods}/graceful`);
    assert.deepEqual(
      [body.metadata.deletionTimestamp, body.metadata.deletionGracePeriodSeconds],
      ['2026-01-01T00:00:30Z', 30],
    );
    const sooner = await server.call('DELETE', `${pods}/graceful?gracePeriodSeconds=5`);
    assert.equal(sooner.body.metadata.deletionGracePeriodSeconds, 5);
    await server.call('DELETE', `${pods}/graceful?gracePeriodSeconds=0`);
    assert.equal((await server.call('GET', `${pods}/graceful`)).status, 404);
  });

  test('a pod on no node goes at once', async () => {
    await server.call('POST', pods, { body: pod('nowhere') });
    assert.equal((await server.call('DELETE', `${pods}/nowhere`)).body.kind, 'Pod');
    assert.equal((await server.call('GET', `${pods}/nowhere`)).status, 404);
  });

  test('a collection, by selector', async () => {
    for (const name of ['x1', 'x2'])
      await server.call('POST', configMaps, { body: { metadata: { name, labels: { batch: 'x' } } } });
    const { body } = await server.call('DELETE', `${configMaps}?labelSelector=batch%3Dx`);
    assert.equal(body.items.length, 2);
    assert.equal((await server.call('GET', `${configMaps}/x1`)).status, 404);
    assert.equal((await server.call('GET', `${configMaps}/same`)).status, 200);
  });

  test('a dry run deletes nothing', async () => {
    assert.equal((await server.call('DELETE', `${configMaps}/same?dryRun=All`)).status, 200);
    assert.equal((await server.call('GET', `${configMaps}/same`)).status, 200);
  });
});

describe('the delete of a namespace', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  test('take nothing new while they go, and go when finalized', async () => {
    await server.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'brief' } } });
    const { body } = await server.call('DELETE', '/api/v1/namespaces/brief');
    assert.equal(body.status.phase, 'Terminating');
    const late = await server.call('POST', '/api/v1/namespaces/brief/configmaps', {
      body: { metadata: { name: 'late' } },
    });
    assert.deepEqual(verdict(late), [
      403,
      'Forbidden',
      'configmaps "late" is forbidden: unable to create new content in namespace brief because it is being terminated',
    ]);
    const done = await server.call('PUT', '/api/v1/namespaces/brief/finalize', {
      body: { ...body, spec: { finalizers: [] } },
    });
    assert.equal(done.status, 200);
    assert.equal((await server.call('GET', '/api/v1/namespaces/brief')).status, 404);
  });

  test('some may not go', async () => {
    assert.deepEqual(verdict(await server.call('DELETE', '/api/v1/namespaces/default')), [
      403,
      'Forbidden',
      'namespaces "default" is forbidden: this namespace may not be deleted',
    ]);
  });
});
