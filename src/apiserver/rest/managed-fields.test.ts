import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../test-server.ts';
import { configMaps, deployment, deployments, make, merge } from './testing.ts';

describe('who owns which fields', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  const url = `${configMaps}/a`;
  const body = (data: Record<string, string>, metadata: object = {}) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a', ...metadata },
    data,
  });
  const lines = (object: { metadata: { managedFields?: Record<string, unknown>[] } }) =>
    (object.metadata.managedFields ?? []).map(
      ({ manager, operation, apiVersion, subresource, fieldsV1 }) =>
        `${manager} ${operation} ${apiVersion} ${subresource ?? ''} ${JSON.stringify(fieldsV1)}`,
    );

  test('a new object is its creator’s, as it was sent', async () => {
    const made = await make(server, deployments, { ...deployment('web'), status: { replicas: 3 } });
    assert.deepEqual(Object.keys(made.metadata.managedFields[0]), [
      'manager',
      'operation',
      'apiVersion',
      'time',
      'fieldsType',
      'fieldsV1',
    ]);
    const { manager, operation, apiVersion, time, fieldsType, fieldsV1 } = made.metadata.managedFields[0];
    assert.deepEqual(
      [manager, operation, apiVersion, time, fieldsType],
      ['tester', 'Update', 'apps/v1', '2026-01-01T00:00:00Z', 'FieldsV1'],
    );
    assert.deepEqual(Object.keys(fieldsV1), ['f:spec']);
  });

  const names: [name: string, query: string, agent: string, expected: string][] = [
    ['the parameter', '?fieldManager=mine', 'kubectl/v1.36.0 (linux/amd64)', 'mine'],
    ['the user agent up to its slash', '', 'kubectl/v1.36.0 (linux/amd64)', 'kubectl'],
    ['a whole agent without a slash', '', 'robot', 'robot'],
    ['nobody', '', '', 'unknown'],
  ];
  for (const [name, query, agent, expected] of names)
    test(`the manager’s name: ${name}`, async () => {
      const headers = { 'user-agent': agent };
      const made = await server.call('POST', configMaps + query, { body: body({ x: '1' }), headers });
      assert.equal(made.body.metadata.managedFields[0].manager, expected);
    });

  test('whoever changes a value takes it; who sends it unchanged does not', async () => {
    await make(server, `${configMaps}?fieldManager=one`, body({ x: '1', y: '1' }));
    const changed = await merge(server, `${url}?fieldManager=two`, { data: { x: '1', y: '2' } });
    assert.deepEqual(lines(changed), [
      'one Update v1  {"f:data":{".":{},"f:x":{}}}',
      'two Update v1  {"f:data":{"f:y":{}}}',
    ]);
    const removed = await merge(server, `${url}?fieldManager=three`, { data: { y: null } });
    assert.deepEqual(lines(removed), ['one Update v1  {"f:data":{".":{},"f:x":{}}}']);
  });

  test('a subresource has an entry of its own', async () => {
    await make(server, deployments, deployment('web'));
    const web = `${deployments}/web`;
    await merge(server, `${web}/status?fieldManager=controller`, { status: { replicas: 1 } });
    const { body: after } = await server.call('GET', web);
    assert.deepEqual(lines(after)[0], 'controller Update apps/v1 status {"f:status":{"f:replicas":{}}}');
    assert.equal(lines(after).length, 2);
  });

  test('the time is of the last change', async () => {
    await make(server, configMaps, body({ x: '1' }));
    server.clock.advance(60_000);
    const same = await merge(server, url, { data: { x: '1' } });
    assert.equal(same.metadata.managedFields[0].time, '2026-01-01T00:00:00Z');
    const changed = await merge(server, url, { data: { x: '2' } });
    assert.equal(changed.metadata.managedFields[0].time, '2026-01-01T00:01:00Z');
  });

  test('one empty entry resets them, and then updates own nothing', async () => {
    await make(server, configMaps, body({ x: '1' }));
    const reset = await merge(server, url, { metadata: { managedFields: [{}] } });
    assert.equal(reset.metadata.managedFields, undefined);
    const after = await merge(server, url, { data: { y: '1' } });
    assert.equal(after.metadata.managedFields, undefined);
  });

  test('a dry run records nothing', async () => {
    const made = await make(server, configMaps, body({ x: '1' }));
    const dry = await merge(server, `${url}?dryRun=All&fieldManager=two`, { data: { x: '2' } });
    assert.equal(
      lines(dry).some((line) => line.startsWith('two')),
      true,
    );
    assert.deepEqual((await server.call('GET', url)).body, made);
  });
});
