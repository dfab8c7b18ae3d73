/**
 * Server-side apply in its awkward places: sizes, fields shared between managers, resets.
 * Source: test/integration/apiserver/apply/apply_test.go, test/e2e/apimachinery/apply.go.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  applyPatch,
  configMaps,
  deployments,
  jsonPatch,
  mergePatch,
  pods,
  strategicPatch,
  verdict,
} from '../../../src/apiserver/rest/testing.ts';
import { startTestServer, type TestServer } from '../../../src/apiserver/test-server.ts';

interface Entry {
  readonly manager: string;
}

const container = (extra: object = {}) => ({ name: 'c', image: 'x', ...extra });

/** What an applier says of a workload. */
const workload = (name: string, spec: object = {}, podSpec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels: { app: 'web' } },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container()], ...podSpec } },
    ...spec,
  },
});

const configMap = (name: string, rest: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  ...rest,
});

describe('server-side apply', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const apply = (url: string, manager: string, body: unknown, query = '') =>
    server.call('PATCH', `${url}?fieldManager=${manager}${query}`, { body, headers: applyPatch });
  const patch = (url: string, manager: string, body: unknown) =>
    server.call('PATCH', `${url}?fieldManager=${manager}`, { body, headers: mergePatch });
  const read = async (url: string) => (await server.call('GET', url)).body;

  test('a body that is JSON but for its last commas is YAML', async () => {
    const body =
      '{\n\t"apiVersion": "v1",\n\t"kind": "ConfigMap",\n\t"metadata": {"name": "commas",},\n\t"data": {"a": "b",},\n}';
    const answer = await apply(`${configMaps}/commas`, 'm', body);
    assert.deepEqual([answer.status, answer.body.data], [201, { a: 'b' }]);
  });

  test('a volume without a source is another one than with an empty directory', async () => {
    const pod = (volume: object) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'volumes' },
      spec: {
        containers: [container({ volumeMounts: [{ name: 'cache', mountPath: '/cache' }] })],
        volumes: [{ name: 'cache', ...volume }],
      },
    });
    const url = `${pods}/volumes`;
    const first = await apply(url, 'm', pod({ emptyDir: {} }));
    assert.equal(first.status, 201, first.text);
    assert.equal((await apply(url, 'm', pod({ emptyDir: {} }))).text, first.text);
    const second = await apply(url, 'm', pod({}));
    assert.equal(second.status, 200, second.text);
    assert.notEqual(second.body.metadata.resourceVersion, first.body.metadata.resourceVersion);
  });

  test('null in metadata says nothing, and applied again nothing is written', async () => {
    const url = `${configMaps}/nulls`;
    const body = {
      ...configMap('nulls', { data: { key: 'value' } }),
      metadata: { name: 'nulls', creationTimestamp: null, resourceVersion: null },
    };
    const first = await apply(url, 'm', body);
    server.clock.advance(1200);
    assert.equal(first.status, 201, first.text);
    assert.equal((await apply(url, 'm', body)).text, first.text);
  });

  const statefulSet = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'same', labels: { app: 'web' } },
    spec: {
      serviceName: 'web',
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [container({ resources: { limits: { memory: '2048Mi' } } })] },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  };
  const sets = '/apis/apps/v1/namespaces/default/statefulsets';

  test('applied or put again, what differs in writing only is not written', async () => {
    const first = await apply(`${sets}/same`, 'm', statefulSet);
    assert.equal(first.status, 201, first.text);
    server.clock.advance(1200);
    const again = await apply(`${sets}/same`, 'm', statefulSet);
    assert.equal(again.body.metadata.resourceVersion, first.body.metadata.resourceVersion);
    const put = { ...statefulSet, metadata: { name: 'put', labels: { app: 'web' } } };
    const made = await server.call('POST', `${sets}?fieldManager=m`, { body: put });
    server.clock.advance(1200);
    const replaced = await server.call('PUT', `${sets}/put?fieldManager=m`, { body: put });
    assert.deepEqual(
      [made.status, replaced.status, replaced.body.metadata.resourceVersion],
      [201, 200, made.body.metadata.resourceVersion],
    );
  });

  test('twenty updaters are ten entries', async () => {
    const url = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/many';
    const made = await apply(url, 'applier', {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'many', labels: { applier: 'true' } },
    });
    assert.equal(made.status, 201, made.text);
    for (let at = 0; at < 20; at++)
      await patch(url, `updater${at}`, { metadata: { labels: { [`updater${at}`]: 'new' } } });
    const { managedFields } = (await read(url)).metadata;
    assert.deepEqual(
      [managedFields.length, managedFields.slice(0, 2).map(({ manager }: Entry) => manager)],
      [11, ['applier', 'ancient-changes']],
    );
  });

  describe('where managedFields make an object too large', () => {
    const data = Object.fromEntries(
      Array.from({ length: 9999 }, (_, at) => [
        `a-long-key-so-that-what-is-owned-takes-as-much-room-as-what-is-in-it-${at}`,
        'A',
      ]),
    );
    const ways: Record<string, (name: string) => Promise<{ status: number; text: string }>> = {
      create: (name) => server.call('POST', configMaps, { body: configMap(name, { data }) }),
      update: async (name) => {
        await server.call('POST', configMaps, { body: configMap(name, { data: { k: 'v' } }) });
        return server.call('PUT', `${configMaps}/${name}`, { body: configMap(name, { data }) });
      },
      patch: async (name) => {
        await server.call('POST', configMaps, { body: configMap(name, { data: { k: 'v' } }) });
        return patch(`${configMaps}/${name}`, 'm', { data });
      },
    };
    for (const [verb, write] of Object.entries(ways))
      test(`${verb} goes without them, an apply is refused`, async () => {
        const name = `large-${verb}`;
        const { status, text } = await write(name);
        assert.ok(status === 200 || status === 201, text.slice(0, 300));
        const { metadata } = await read(`${configMaps}/${name}`);
        assert.equal(metadata.managedFields, undefined);
        const applied = await apply(`${configMaps}/${name}`, 'applier', configMap(name));
        assert.deepEqual([applied.status, applied.body.reason], [413, 'RequestEntityTooLarge']);
        await server.call('DELETE', `${configMaps}/${name}`);
      });
  });

  const resets: Record<string, [headers: Record<string, string>, body: unknown]> = {
    'merge patch': [mergePatch, { metadata: { managedFields: [{}] } }],
    'strategic merge patch': [strategicPatch, { metadata: { managedFields: [{}] } }],
    'merge patch to an empty list': [mergePatch, { metadata: { managedFields: [] } }],
    'strategic merge patch to an empty list': [strategicPatch, { metadata: { managedFields: [] } }],
    'JSON patch': [jsonPatch, [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }]],
  };
  for (const [name, [headers, body]] of Object.entries(resets))
    test(`a ${name} can make managedFields forgotten`, async () => {
      const url = `${configMaps}/reset`;
      await apply(url, 'm', configMap('reset', { data: { k: 'v' } }));
      const answer = await server.call('PATCH', url, { body, headers });
      assert.deepEqual([answer.status, answer.body.metadata.managedFields], [200, undefined]);
      assert.deepEqual(answer.body.data, { k: 'v' });
      const later = await patch(url, 'later', { data: { k: 'w' } });
      assert.equal(later.body.metadata.managedFields, undefined);
      await server.call('DELETE', url);
    });

  for (const managedFields of [[], [{}]])
    test(`an update with ${JSON.stringify(managedFields)} forgets them, too`, async () => {
      const url = `${configMaps}/forgotten`;
      await apply(url, 'm', configMap('forgotten', { data: { k: 'v' } }));
      const body = {
        ...configMap('forgotten', { data: { k: 'v' } }),
        metadata: { name: 'forgotten', managedFields },
      };
      const put = await server.call('PUT', url, { body });
      const later = await patch(url, 'later', { metadata: { labels: { a: 'b' } } });
      assert.deepEqual(
        [put.status, put.body.metadata.managedFields, later.body.metadata.managedFields],
        [200, undefined, undefined],
      );
      await server.call('DELETE', url);
    });

  for (const [name, sent] of [
    ['null', null],
    ['an entry that cannot be', [{ manager: 'a', operation: 'Guess', apiVersion: 'v1' }]],
  ] as const)
    test(`${name} for managedFields changes nothing of them`, async () => {
      const url = `${configMaps}/kept`;
      const made = await apply(url, 'm', configMap('kept', { data: { k: 'v' } }));
      const { status, body } = await patch(url, 'other', { metadata: { managedFields: sent } });
      assert.deepEqual([status, body.metadata.managedFields], [200, made.body.metadata.managedFields]);
      await server.call('DELETE', url);
    });

  test('what one of two owners no longer says stays: a default or not', async () => {
    const url = `${deployments}/shared`;
    const both = workload('shared', { replicas: 3 }, { hostname: 'host' });
    await apply(url, 'one', both);
    await apply(url, 'two', both);
    const { status, body } = await apply(url, 'one', workload('shared'));
    assert.deepEqual([status, body.spec.replicas, body.spec.template.spec.hostname], [200, 3, 'host']);
  });

  test('a controller takes a field over, and the applier lets go of it', async () => {
    const url = `${deployments}/transfer`;
    const { body } = await apply(url, 'applier', workload('transfer', { replicas: 3 }));
    body.spec.replicas = 4;
    const put = await server.call('PUT', `${url}?fieldManager=controller`, { body });
    assert.equal(put.status, 200, put.text);
    const applied = await apply(url, 'applier', workload('transfer'));
    assert.deepEqual([applied.status, applied.body.spec.replicas], [200, 4]);
  });

  test('an applier’s element of a list goes, though somebody else has set a field in it', async () => {
    const url = `${deployments}/element`;
    const { body } = await apply(url, 'applier', workload('element'));
    body.spec.template.spec.containers[0].workingDir = '/home';
    await server.call('PUT', `${url}?fieldManager=controller`, { body });
    const other = workload('element', {}, { containers: [{ name: 'other', image: 'x' }] });
    const applied = await apply(url, 'applier', other);
    assert.deepEqual(
      applied.body.spec.template.spec.containers.map(({ name }: { name: string }) => name),
      ['other'],
    );
  });

  test('a key of a list that is not said has its default', async () => {
    const url = `${deployments}/ports`;
    const ports = (port: object) =>
      workload('ports', {}, { containers: [container({ ports: [{ containerPort: 80, ...port }] })] });
    assert.equal((await apply(url, 'one', ports({ name: 'foo' }))).status, 201);
    const conflict = await apply(url, 'two', ports({ name: 'bar', protocol: 'TCP' }));
    assert.equal(
      conflict.body.message,
      'Apply failed with 1 conflict: conflict with "one": .spec.template.spec.containers[name="c"].ports[containerPort=80,protocol="TCP"].name',
    );
  });

  test('elements of a list that stand twice are owned as one, and an applier puts one in their place', async () => {
    const url = `${deployments}/twice`;
    const path = (value: string) => ({ name: 'PATH', value });
    const env = (...variables: object[]) =>
      workload('twice', {}, { containers: [container({ env: variables })] });
    const named = { name: 'ENV0', value: 'a' };
    const envOf = ({
      body,
    }: {
      body: { spec: { template: { spec: { containers: { env: unknown }[] } } } };
    }) => body.spec.template.spec.containers[0]?.env;
    const owned = ({ body }: { body: { metadata: { managedFields: { fieldsV1: object }[] } } }) =>
      body.metadata.managedFields.map(
        ({ fieldsV1 }) => /"f:env":.*?\}\}/.exec(JSON.stringify(fieldsV1))?.[0],
      );
    const made = await server.call('POST', `${deployments}?fieldManager=create`, {
      body: env(named, path('1'), path('2')),
    });
    const ofOne = '"f:env":{".":{},"k:{\\"name\\":\\"ENV0\\"}":{".":{},"f:name":{},"f:value":{}}';
    assert.deepEqual(owned(made), [ofOne]);
    assert.match(JSON.stringify(made.body.metadata.managedFields), /"k:\{\\"name\\":\\"PATH\\"\}":\{\}/);
    const added = await apply(url, 'apply', env({ name: 'HOME', value: 'h' }));
    assert.deepEqual(envOf(added), [named, path('1'), path('2'), { name: 'HOME', value: 'h' }]);
    const forced = await apply(url, 'apply', env(path('3')), '&force=true');
    assert.deepEqual(envOf(forced), [named, path('3')]);
  });

  test('managedFields of a version that is gone are not what an apply goes by', async () => {
    const url = `${deployments}/gone`;
    const entry = {
      manager: 'sidecar',
      operation: 'Apply',
      apiVersion: 'extensions/v1beta1',
      fieldsV1: { 'f:metadata': { 'f:labels': { 'f:sidecar': {} } } },
    };
    const body = workload('gone');
    const made = await server.call('POST', deployments, {
      body: { ...body, metadata: { ...body.metadata, managedFields: [entry] } },
    });
    assert.equal(made.status, 201, made.text);
    const applied = await apply(url, 'sidecar', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'gone', labels: { sidecar: 'release' } },
      spec: { template: { spec: { containers: [{ name: 'sidecar', image: 'x' }] } } },
    });
    const own = applied.body.metadata.managedFields.find(({ manager }: Entry) => manager === 'sidecar');
    assert.deepEqual(
      [own.apiVersion, own.fieldsV1],
      [
        'apps/v1',
        {
          'f:metadata': { 'f:labels': { 'f:sidecar': {} } },
          'f:spec': {
            'f:template': {
              'f:spec': {
                'f:containers': { 'k:{"name":"sidecar"}': { '.': {}, 'f:image': {}, 'f:name': {} } },
              },
            },
          },
        },
      ],
    );
  });

  const refusals: Record<string, [body: object, expected: unknown[]]> = {
    'another version': [
      { ...configMap('no'), apiVersion: 'v1beta1' },
      [
        400,
        'BadRequest',
        'Incorrect version specified in apply patch. Specified patch version: v1beta1, expected: v1',
      ],
    ],
    'no kind': [
      { apiVersion: 'v1', metadata: { name: 'no' } },
      [
        500,
        undefined,
        'failed to create typed patch object (/no; /v1, Kind=): no corresponding type for /v1, Kind=',
      ],
    ],
    'no name': [
      { apiVersion: 'v1', kind: 'ConfigMap' },
      [
        400,
        'BadRequest',
        'the name of the object (no based on URL) was undeterminable: name must be provided',
      ],
    ],
  };
  for (const [name, [body, expected]] of Object.entries(refusals))
    test(`refused: ${name}`, async () => {
      assert.deepEqual(verdict(await apply(`${configMaps}/no`, 'm', body)), expected);
    });

  test('only an apply can be forced', async () => {
    const answer = await server.call('PATCH', `${configMaps}/no?force=true`, {
      body: {},
      headers: mergePatch,
    });
    assert.deepEqual(verdict(answer), [
      422,
      'Invalid',
      'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    ]);
  });
});
