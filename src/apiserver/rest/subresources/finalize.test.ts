import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../../test-server.ts';
import { make, merge, verdict } from '../testing.ts';

const namespaces = '/api/v1/namespaces';

describe('finalizing a namespace', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  const read = (name: string) => server.call('GET', `${namespaces}/${name}`);
  const finalize = (body: { metadata: { name: string } }, query = '') =>
    server.call('PUT', `${namespaces}/${body.metadata.name}/finalize${query}`, { body });

  test('a new one is held by its content', async () => {
    const made = await make(server, namespaces, { metadata: { name: 'brief' } });
    assert.deepEqual(made.spec, { finalizers: ['kubernetes'] });
    assert.deepEqual(made.status, { phase: 'Active' });
  });

  test('one that goes is Terminating, until its finalizers are gone', async () => {
    await make(server, namespaces, { metadata: { name: 'brief' } });
    const { status, body } = await server.call('DELETE', `${namespaces}/brief`);
    assert.equal(status, 200);
    assert.deepEqual(
      [body.status.phase, body.metadata.deletionTimestamp, body.metadata.deletionGracePeriodSeconds],
      ['Terminating', '2026-01-01T00:00:00Z', undefined],
    );
    const done = await finalize({ ...body, spec: { finalizers: [] } });
    assert.deepEqual([done.status, done.body.kind, done.body.spec.finalizers ?? []], [200, 'Namespace', []]);
    assert.equal((await read('brief')).status, 404);
  });

  test('one with finalizers in its metadata waits for those too', async () => {
    await make(server, namespaces, { metadata: { name: 'held', finalizers: ['example.com/hold'] } });
    const { body } = await server.call('DELETE', `${namespaces}/held`);
    await finalize({ ...body, spec: { finalizers: [] } });
    const waiting = await read('held');
    assert.deepEqual([waiting.status, waiting.body.spec.finalizers ?? []], [200, []]);
    await merge(server, `${namespaces}/held`, { metadata: { finalizers: null } });
    assert.equal((await read('held')).status, 404);
  });

  test('and the other way round', async () => {
    await make(server, namespaces, { metadata: { name: 'held', finalizers: ['example.com/hold'] } });
    await server.call('DELETE', `${namespaces}/held`);
    const body = await merge(server, `${namespaces}/held`, { metadata: { finalizers: null } });
    assert.equal((await read('held')).status, 200);
    await finalize({ ...body, spec: { finalizers: [] } });
    assert.equal((await read('held')).status, 404);
  });

  test('one that does not go stays, without its finalizer', async () => {
    const made = await make(server, namespaces, { metadata: { name: 'alive' } });
    const { body } = await finalize({ ...made, spec: { finalizers: ['example.com/mine'] } });
    assert.deepEqual(body.spec, { finalizers: ['example.com/mine'] });
    await finalize({ ...body, spec: {} });
    assert.equal((await read('alive')).status, 200);
    // Nothing holds it now: a delete is at once.
    await server.call('DELETE', `${namespaces}/alive`);
    assert.equal((await read('alive')).status, 404);
  });

  test('all but the status is taken from what is sent', async () => {
    const made = await make(server, namespaces, { metadata: { name: 'alive', labels: { a: 'b' } } });
    made.metadata.labels = { changed: 'yes' };
    made.status = { phase: 'Terminating' };
    const { body } = await finalize(made);
    assert.deepEqual(body.metadata.labels, { changed: 'yes', 'kubernetes.io/metadata.name': 'alive' });
    assert.deepEqual(body.status, { phase: 'Active' });
  });

  test('only through it: an update leaves them', async () => {
    const made = await make(server, namespaces, { metadata: { name: 'alive' } });
    const { body } = await server.call('PUT', `${namespaces}/alive`, {
      body: { ...made, spec: { finalizers: [] } },
    });
    assert.deepEqual(body.spec, { finalizers: ['kubernetes'] });
  });

  test('a dry run removes nothing', async () => {
    await make(server, namespaces, { metadata: { name: 'brief' } });
    const { body } = await server.call('DELETE', `${namespaces}/brief`);
    assert.equal((await finalize({ ...body, spec: { finalizers: [] } }, '?dryRun=All')).status, 200);
    assert.deepEqual((await read('brief')).body.spec, { finalizers: ['kubernetes'] });
  });

  test('refuses a finalizer that is none, by its place', async () => {
    const made = await make(server, namespaces, { metadata: { name: 'alive' } });
    assert.deepEqual(verdict(await finalize({ ...made, spec: { finalizers: ['kubernetes', 'mine'] } })), [
      422,
      'Invalid',
      'Namespace "alive" is invalid: spec.finalizers[1]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ]);
  });

  test('refuses a stale version, and what is not there', async () => {
    const made = await make(server, namespaces, { metadata: { name: 'alive' } });
    await merge(server, `${namespaces}/alive`, { metadata: { labels: { a: 'b' } } });
    assert.deepEqual(verdict(await finalize(made)), [
      409,
      'Conflict',
      'Operation cannot be fulfilled on namespaces "alive": the object has been modified; please apply your changes to the latest version and try again',
    ]);
    assert.deepEqual(verdict(await finalize({ metadata: { name: 'none' } })), [
      404,
      'NotFound',
      'namespaces "none" not found',
    ]);
  });
});
