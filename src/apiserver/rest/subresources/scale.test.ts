import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../../test-server.ts';
import {
  deployment,
  deployments,
  jsonPatch,
  make,
  merge,
  mergePatch,
  strategicPatch,
  verdict,
} from '../testing.ts';

describe('scale', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const url = (name: string) => `${deployments}/${name}/scale`;
  const patch = (name: string, replicas: unknown, query = '') =>
    server.call('PATCH', url(name) + query, { body: { spec: { replicas } }, headers: mergePatch });
  const read = async (name: string) => (await server.call('GET', `${deployments}/${name}`)).body;

  test('shows what is wanted, what is there and by what it is found', async () => {
    const made = await make(server, deployments, deployment('shown'));
    const { metadata } = await merge(server, `${deployments}/shown/status`, { status: { replicas: 2 } });
    const { status, body } = await server.call('GET', url('shown'));
    assert.deepEqual(
      [status, body],
      [
        200,
        {
          kind: 'Scale',
          apiVersion: 'autoscaling/v1',
          metadata: {
            name: 'shown',
            namespace: 'default',
            uid: made.metadata.uid,
            resourceVersion: metadata.resourceVersion,
            creationTimestamp: '2026-01-01T00:00:00Z',
          },
          spec: { replicas: 1 },
          status: { replicas: 2, selector: 'app=shown' },
        },
      ],
    );
  });

  test('as a table it has columns of its own', async () => {
    await make(server, deployments, deployment('tabular'));
    await merge(server, `${deployments}/tabular/status`, { status: { replicas: 2 } });
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const { body } = await server.call('GET', url('tabular'), { headers: { accept } });
    assert.deepEqual(
      [body.columnDefinitions.map(({ name }: { name: string }) => name), body.rows[0].cells],
      [
        ['Name', 'Desired', 'Available', 'Age'],
        ['tabular', 1, 2, '0s'],
      ],
    );
  });

  test('is merged strategically whatever the patch calls itself: Ansible calls it by its owner', async () => {
    await make(server, deployments, deployment('ansible'));
    const body = {
      kind: 'Deployment',
      metadata: { name: 'ansible', namespace: 'default' },
      spec: { replicas: 3 },
    };
    const answer = await server.call('PATCH', url('ansible'), { body, headers: strategicPatch });
    assert.deepEqual([answer.status, answer.body.kind, answer.body.spec], [200, 'Scale', { replicas: 3 }]);
    const merged = await server.call('PATCH', url('ansible'), { body, headers: mergePatch });
    assert.equal(merged.status, 400, 'another merge is decoded, and there its type counts');
  });

  test('sets the replicas of the object, as a new generation', async () => {
    await make(server, deployments, deployment('put'));
    const { body } = await server.call('GET', url('put'));
    const put = await server.call('PUT', url('put'), { body: { ...body, spec: { replicas: 4 } } });
    assert.deepEqual([put.status, put.body.kind, put.body.spec], [200, 'Scale', { replicas: 4 }]);
    const after = await read('put');
    assert.deepEqual([after.spec.replicas, after.metadata.generation], [4, 2]);
    assert.equal(put.body.metadata.resourceVersion, after.metadata.resourceVersion);
    // The version it was read at is no longer the newest.
    const again = await server.call('PUT', url('put'), { body: { ...body, spec: { replicas: 5 } } });
    assert.deepEqual(verdict(again), [
      409,
      'Conflict',
      'Operation cannot be fulfilled on deployments.apps "put": the object has been modified; please apply your changes to the latest version and try again',
    ]);
  });

  test('by JSON patch with a test, as kubectl scale --current-replicas may', async () => {
    await make(server, deployments, deployment('patched'));
    const body = [
      { op: 'test', path: '/spec/replicas', value: 1 },
      { op: 'replace', path: '/spec/replicas', value: 2 },
    ];
    const first = await server.call('PATCH', url('patched'), { body, headers: jsonPatch });
    assert.deepEqual([first.status, first.body.spec.replicas], [200, 2]);
    const second = await server.call('PATCH', url('patched'), { body, headers: jsonPatch });
    assert.deepEqual([second.status, (await read('patched')).spec.replicas], [422, 2]);
  });

  test('the scaler owns the replicas it set, through the subresource', async () => {
    await make(server, deployments, deployment('owned'));
    await patch('owned', 3, '?fieldManager=scaler');
    const { managedFields } = (await read('owned')).metadata;
    const mine = managedFields.find((entry: { manager: string }) => entry.manager === 'scaler');
    assert.deepEqual(
      [mine.operation, mine.apiVersion, mine.subresource, mine.fieldsV1],
      ['Update', 'apps/v1', 'scale', { 'f:spec': { 'f:replicas': {} } }],
    );
  });

  test('a dry run changes nothing', async () => {
    await make(server, deployments, deployment('dry'));
    const { body } = await patch('dry', 9, '?dryRun=All');
    assert.deepEqual([body.spec.replicas, (await read('dry')).spec.replicas], [9, 1]);
  });

  test('to nothing', async () => {
    await make(server, deployments, deployment('none'));
    assert.deepEqual((await patch('none', 0)).body.spec, { replicas: 0 });
    assert.equal((await read('none')).spec.replicas, 0);
  });

  for (const [plural, kind, more] of [
    ['replicasets', 'ReplicaSet', {}],
    ['statefulsets', 'StatefulSet', { serviceName: 'web' }],
  ] as const)
    test(`${plural} have it`, async () => {
      const base = `/apis/apps/v1/namespaces/default/${plural}`;
      const template = deployment('web');
      await make(server, base, { ...template, kind, spec: { ...template.spec, ...more } });
      const { body } = await server.call('PATCH', `${base}/web/scale`, {
        body: { spec: { replicas: 2 } },
        headers: mergePatch,
      });
      assert.deepEqual([body.spec, body.status], [{ replicas: 2 }, { replicas: 0, selector: 'app=web' }]);
    });

  test('replication controllers have it, in the core group', async () => {
    const base = '/api/v1/namespaces/default/replicationcontrollers';
    const { template } = deployment('web').spec;
    await make(server, base, { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, template } });
    const { body } = await server.call('GET', `${base}/web/scale`);
    assert.deepEqual(
      [body.apiVersion, body.spec, body.status],
      ['autoscaling/v1', { replicas: 1 }, { replicas: 0, selector: 'app=web' }],
    );
  });

  test('refuses', async () => {
    await make(server, deployments, deployment('kept'));
    assert.deepEqual(verdict(await patch('kept', -1)), [
      422,
      'Invalid',
      'Scale.autoscaling "kept" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ]);
    assert.deepEqual(verdict(await patch('none-such', 1)), [
      404,
      'NotFound',
      'deployments.apps "none-such" not found',
    ]);
    const asDeployment = await server.call('PUT', url('kept'), { body: deployment('kept') });
    assert.deepEqual([asDeployment.status, asDeployment.body.reason], [400, 'BadRequest']);
    const { status } = await server.call('GET', '/apis/apps/v1/namespaces/default/daemonsets/x/scale');
    assert.equal(status, 404);
    assert.equal((await read('kept')).spec.replicas, 1);
  });
});
