import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../test-server.ts';
import {
  applyPatch,
  configMaps,
  deployment,
  deployments,
  make,
  merge,
  pod,
  pods,
  verdict,
} from './testing.ts';

/** One entry of managedFields, without its time, as a line. */
const owner = (entry: Record<string, unknown>) =>
  `${entry.manager} ${entry.operation} ${entry.subresource ?? ''} ${JSON.stringify(entry.fieldsV1)}`;

describe('server-side apply', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  const apply = (url: string, body: unknown, query = 'fieldManager=mine') =>
    server.call('PATCH', `${url}?${query}`, { body, headers: applyPatch });
  const configMap = (data: Record<string, string>, metadata: object = {}) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a', ...metadata },
    data,
  });
  const url = `${configMaps}/a`;
  const read = async () => (await server.call('GET', url)).body;

  test('creates what is not there: 201, and the applier owns what it said', async () => {
    const { status, body } = await apply(url, configMap({ x: '1' }, { labels: { app: 'web' } }));
    assert.equal(status, 201);
    assert.deepEqual(body.data, { x: '1' });
    assert.match(body.metadata.uid, /^[0-9a-f-]{36}$/);
    assert.deepEqual(body.metadata.managedFields, [
      {
        manager: 'mine',
        operation: 'Apply',
        apiVersion: 'v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:x': {} }, 'f:metadata': { 'f:labels': { 'f:app': {} } } },
      },
    ]);
  });

  test('applied again, it is 200 and changes nothing, not even the version', async () => {
    const first = await apply(url, configMap({ x: '1' }));
    server.clock.advance(60_000);
    const second = await apply(url, configMap({ x: '1' }));
    assert.equal(second.status, 200);
    assert.deepEqual(second.body, first.body);
  });

  test('YAML is what the media type says, with comments and all', async () => {
    const yaml =
      '# mine\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: "1"\n  y: |\n    two\n    lines\n';
    const { status, body } = await apply(url, yaml);
    assert.deepEqual([status, body.data], [201, { x: '1', y: 'two\nlines\n' }]);
  });

  test('what is no longer said, and nobody else owns, goes', async () => {
    await apply(url, configMap({ x: '1', y: '2' }));
    await apply(url, configMap({ z: '3' }), 'fieldManager=other');
    const { body } = await apply(url, configMap({ x: '1' }));
    assert.deepEqual(body.data, { x: '1', z: '3' });
  });

  test('what two say alike both own, and it goes with the last of them', async () => {
    await apply(url, configMap({ x: '1' }));
    assert.equal((await apply(url, configMap({ x: '1' }), 'fieldManager=other')).status, 200);
    assert.deepEqual((await read()).metadata.managedFields.map(owner), [
      'mine Apply  {"f:data":{"f:x":{}}}',
      'other Apply  {"f:data":{"f:x":{}}}',
    ]);
    assert.deepEqual((await apply(url, configMap({}))).body.data, { x: '1' });
    assert.equal((await apply(url, configMap({}), 'fieldManager=other')).body.data, undefined);
  });

  describe('when somebody else owns a field', () => {
    test('one conflict, to an applier', async () => {
      await apply(url, configMap({ x: '1' }));
      const { status, body } = await apply(url, configMap({ x: '2' }), 'fieldManager=other');
      const message = 'conflict with "mine"';
      assert.deepEqual(
        [status, body.message, body.reason, body.details],
        [
          409,
          `Apply failed with 1 conflict: ${message}: .data.x`,
          'Conflict',
          { causes: [{ reason: 'FieldManagerConflict', message, field: '.data.x' }] },
        ],
      );
      assert.deepEqual((await read()).data, { x: '1' });
    });

    test('several conflicts, to someone who updated', async () => {
      await make(server, `${configMaps}?fieldManager=editor`, configMap({ x: '1', y: '1' }));
      const { body } = await apply(url, configMap({ x: '2', y: '2' }));
      assert.equal(
        body.message,
        'Apply failed with 2 conflicts: conflicts with "editor" using v1:\n- .data.x\n- .data.y',
      );
      assert.deepEqual(
        body.details.causes.map(({ field }: { field: string }) => field),
        ['.data.x', '.data.y'],
      );
    });

    test('forced, it is taken from them', async () => {
      await apply(url, configMap({ x: '1', y: '1' }));
      const { status, body } = await apply(url, configMap({ x: '2' }), 'fieldManager=other&force=true');
      assert.deepEqual([status, body.data], [200, { x: '2', y: '1' }]);
      assert.deepEqual(body.metadata.managedFields.map(owner), [
        'mine Apply  {"f:data":{"f:y":{}}}',
        'other Apply  {"f:data":{"f:x":{}}}',
      ]);
    });

    test('an update takes without asking, and the applier hears of it next time', async () => {
      await apply(url, configMap({ x: '1' }));
      await merge(server, `${url}?fieldManager=editor`, { data: { x: '2' } });
      assert.deepEqual((await read()).metadata.managedFields.map(owner), [
        'editor Update  {"f:data":{"f:x":{}}}',
      ]);
      const { status, body } = await apply(url, configMap({ x: '1' }));
      assert.deepEqual(
        [status, body.message],
        [409, 'Apply failed with 1 conflict: conflict with "editor" using v1: .data.x'],
      );
    });
  });

  test('lists are merged by their keys: a sidecar of someone else stays', async () => {
    const web = `${deployments}/web`;
    await apply(web, deployment('web'));
    const sidecar = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: { template: { spec: { containers: [{ name: 'side', image: 'busybox' }] } } },
    };
    await apply(web, sidecar, 'fieldManager=injector');
    const { body } = await apply(web, deployment('web'));
    const containers = body.spec.template.spec.containers as { name: string }[];
    assert.deepEqual(containers.map(({ name }) => name).sort(), ['c', 'side']);
  });

  test('status and spec are owned apart', async () => {
    const web = `${deployments}/web`;
    await apply(web, deployment('web'));
    const status = { apiVersion: 'apps/v1', kind: 'Deployment', status: { replicas: 3 } };
    const { body } = await apply(`${web}/status`, status, 'fieldManager=controller');
    assert.deepEqual([body.status.replicas, body.spec.replicas], [3, 1]);
    assert.deepEqual(
      body.metadata.managedFields.map(owner)[0],
      'controller Apply status {"f:status":{"f:replicas":{}}}',
    );
    assert.equal(body.metadata.generation, 1);
  });

  test('the status of what is not there is 404, not a new object', async () => {
    const answer = await apply(`${deployments}/none/status`, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      status: { replicas: 1 },
    });
    assert.deepEqual(verdict(answer), [404, 'NotFound', 'deployments.apps "none" not found']);
  });

  test('a dry run answers as if', async () => {
    const { status, body } = await apply(url, configMap({ x: '1' }), 'fieldManager=mine&dryRun=All');
    assert.deepEqual([status, body.data], [201, { x: '1' }]);
    assert.equal((await server.call('GET', url)).status, 404);
    await apply(url, configMap({ x: '1' }));
    const again = await apply(url, configMap({ x: '2' }), 'fieldManager=mine&dryRun=All');
    assert.deepEqual([again.status, again.body.data, (await read()).data], [200, { x: '2' }, { x: '1' }]);
  });

  test('a key that JavaScript knows is owned as any other', async () => {
    const yaml =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {"__proto__": a, "constructor": b}\n';
    const { text } = await apply(url, yaml);
    assert.match(text, /"data":\{"__proto__":"a","constructor":"b"\}/);
    assert.match(text, /"f:data":\{[^}]*"f:__proto__":\{\}/);
  });

  const refusals: [name: string, url: string, query: string, body: unknown, expected: unknown[]][] = [
    [
      'no field manager',
      url,
      '',
      configMap({}),
      [
        422,
        'Invalid',
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      ],
    ],
    [
      'another name',
      url,
      'fieldManager=mine',
      { ...configMap({}), metadata: { name: 'b' } },
      [400, 'BadRequest', 'the name of the object (b) does not match the name on the URL (a)'],
    ],
    [
      'another version',
      url,
      'fieldManager=mine',
      { ...configMap({}), apiVersion: 'v2' },
      [400, 'BadRequest', undefined],
    ],
    [
      'managedFields of one’s own',
      url,
      'fieldManager=mine',
      configMap({}, { managedFields: [{ manager: 'x' }] }),
      [400, 'BadRequest', 'metadata.managedFields must be nil'],
    ],
    ['what is no YAML', url, 'fieldManager=mine', 'a: [', [400, 'BadRequest', undefined]],
    ['what is no object', url, 'fieldManager=mine', '- a', [400, 'BadRequest', undefined]],
    [
      'an object that is invalid',
      `${pods}/p`,
      'fieldManager=mine',
      pod('p', { containers: [{ name: 'C', image: 'x' }] }),
      [422, 'Invalid', undefined],
    ],
    [
      'a uid of what is not there',
      url,
      'fieldManager=mine',
      configMap({}, { uid: 'u-1' }),
      [
        409,
        'Conflict',
        'Operation cannot be fulfilled on configmaps "a": uid mismatch: the provided object specified uid u-1, and no existing object was found',
      ],
    ],
  ];
  for (const [name, at, query, body, [status, reason, message]] of refusals)
    test(`refuses ${name}`, async () => {
      const answer = await apply(at, body, query);
      assert.deepEqual(verdict(answer).slice(0, 2), [status, reason], answer.text);
      if (message !== undefined) assert.equal(answer.body.message, message);
      assert.equal((await server.call('GET', at)).status, 404);
    });

  test('a stale version is a conflict', async () => {
    const { body } = await apply(url, configMap({ x: '1' }));
    await apply(url, configMap({ x: '2' }));
    const { resourceVersion } = body.metadata;
    const stale = await apply(url, configMap({ x: '3' }, { resourceVersion }));
    assert.deepEqual(verdict(stale), [
      409,
      'Conflict',
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    ]);
  });

  test('several at once, each with a field of its own, all arrive', async () => {
    const managers = ['a', 'b', 'c', 'd', 'e'];
    const answers = await Promise.all(
      managers.map((name) => apply(url, configMap({ [name]: name }), `fieldManager=${name}`)),
    );
    for (const { status, text } of answers) assert.ok(status === 200 || status === 201, text);
    assert.deepEqual(Object.keys((await read()).data).sort(), managers);
  });
});
