import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../test-server.ts';
import { configMaps, deployment, deployments, verdict } from './testing.ts';

describe('create', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const make = (name: string, more: object = {}) =>
    server.call('POST', configMaps, { body: { metadata: { name }, ...more } });

  test('fills in what the server decides', async () => {
    const { status, body } = await make('filled', { data: { a: '1' } });
    assert.equal(status, 201);
    assert.match(body.metadata.uid, /^[0-9a-f-]{36}$/);
    assert.equal(body.metadata.creationTimestamp, '2026-01-01T00:00:00Z');
    assert.match(body.metadata.resourceVersion, /^\d+$/);
    assert.equal(body.metadata.namespace, 'default');
  });

  test('ignores what a client may not decide', async () => {
    const { body } = await server.call('POST', configMaps, {
      body: {
        metadata: {
          name: 'sly',
          uid: 'mine',
          creationTimestamp: '2000-01-01T00:00:00Z',
          deletionTimestamp: '2000-01-01T00:00:00Z',
          generation: 7,
        },
      },
    });
    assert.notEqual(body.metadata.uid, 'mine');
    assert.equal(body.metadata.deletionTimestamp, undefined);
    assert.equal(body.metadata.creationTimestamp, '2026-01-01T00:00:00Z');
  });

  test('draws a name from generateName', async () => {
    const { status, body } = await server.call('POST', configMaps, {
      body: { metadata: { generateName: 'made-' } },
    });
    assert.equal(status, 201);
    assert.match(body.metadata.name, /^made-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    assert.equal(body.metadata.generateName, 'made-');
  });

  test('keeps a name that stands beside a generateName, and refuses it when it is taken', async () => {
    const named = { body: { metadata: { generateName: 'kept-', name: 'kept-first' } } };
    const { body } = await server.call('POST', configMaps, named);
    assert.deepEqual([body.metadata.name, body.metadata.generateName], ['kept-first', 'kept-']);
    assert.deepEqual(verdict(await server.call('POST', configMaps, named)), [
      409,
      'AlreadyExists',
      'configmaps "kept-first" already exists',
    ]);
  });

  test('a status sent along is dropped', async () => {
    const { body } = await server.call('POST', deployments, {
      body: { ...deployment('fresh'), status: { replicas: 7 } },
    });
    assert.deepEqual(body.status, {});
    assert.equal(body.metadata.generation, 1);
  });

  const refusals: [name: string, url: string, body: unknown, expected: unknown[]][] = [
    [
      'a name that is there',
      configMaps,
      { metadata: { name: 'filled' } },
      [409, 'AlreadyExists', 'configmaps "filled" already exists'],
    ],
    [
      'a namespace that is not',
      '/api/v1/namespaces/nowhere/configmaps',
      { metadata: { name: 'x' } },
      [404, 'NotFound', 'namespaces "nowhere" not found'],
    ],
    [
      'another namespace in the body',
      configMaps,
      { metadata: { name: 'x', namespace: 'other' } },
      [
        400,
        'BadRequest',
        'the namespace of the provided object does not match the namespace sent on the request',
      ],
    ],
    [
      'another version in the body',
      configMaps,
      { apiVersion: 'v2', metadata: { name: 'x' } },
      [400, 'BadRequest', 'the API version in the data (v2) does not match the expected API version (v1)'],
    ],
    [
      'a resourceVersion',
      configMaps,
      { metadata: { name: 'x', resourceVersion: '1' } },
      [400, 'BadRequest', 'resourceVersion should not be set on objects to be created'],
    ],
    [
      'no name',
      configMaps,
      { metadata: {} },
      [
        422,
        'Invalid',
        'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
      ],
    ],
    [
      'an unknown field when strict',
      `${configMaps}?fieldValidation=Strict`,
      { metadata: { name: 'x' }, foo: 1 },
      [
        400,
        'BadRequest',
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "foo"',
      ],
    ],
    [
      'a wrong type',
      deployments,
      { ...deployment('x'), spec: { replicas: 'two' } },
      [
        400,
        'BadRequest',
        'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
      ],
    ],
    [
      'a dry run that does not exist',
      `${configMaps}?dryRun=Some`,
      { metadata: { name: 'x' } },
      [
        422,
        'Invalid',
        'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
      ],
    ],
  ];
  for (const [name, url, body, expected] of refusals)
    test(`refuses ${name}`, async () =>
      assert.deepEqual(verdict(await server.call('POST', url, { body })), expected));

  test('warns of unknown and repeated fields unless told otherwise', async () => {
    const raw = '{"metadata":{"name":"warned"},"foo":1,"data":{"a":"1","a":"2"}}';
    const warned = await server.call('POST', configMaps, { body: raw });
    assert.deepEqual(warned.headers.warning, [
      '299 - "unknown field \\"foo\\""',
      '299 - "duplicate field \\"data.a\\""',
    ]);
    const quiet = await server.call('POST', `${configMaps}?fieldValidation=Ignore`, {
      body: raw.replace('warned', 'quiet'),
    });
    assert.equal(quiet.headers.warning, undefined);
  });

  test('a key that JavaScript knows is plain data', async () => {
    const raw = '{"metadata":{"name":"proto"},"data":{"__proto__":"a","constructor":"b"}}';
    await server.call('POST', configMaps, { body: raw });
    const { text } = await server.call('GET', `${configMaps}/proto`);
    assert.match(text, /"__proto__":"a","constructor":"b"/);
  });

  test('a dry run answers as if, and changes nothing', async () => {
    const { status, body } = await server.call('POST', `${configMaps}?dryRun=All`, {
      body: { metadata: { name: 'dry' } },
    });
    assert.deepEqual([status, body.metadata.name, body.metadata.resourceVersion], [201, 'dry', undefined]);
    assert.equal((await server.call('GET', `${configMaps}/dry`)).status, 404);
  });
});
