/** The replicas of a workload as its scale's appliers own them. Source: test/integration/apiserver/apply/scale_test.go. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { applyPatch, deployments, mergePatch } from '../../../src/apiserver/rest/testing.ts';
import { startTestServer, type TestServer } from '../../../src/apiserver/test-server.ts';

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly subresource?: string;
  readonly fieldsV1: { readonly 'f:spec'?: { readonly 'f:replicas'?: object } };
}

describe('server-side apply through scale', () => {
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

  const scale = (replicas: number) => ({
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'scaled', namespace: 'default' },
    spec: { replicas },
  });
  const rest = {
    metadata: { name: 'scaled' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
    },
  };
  const controller = { ...rest, spec: { ...rest.spec, selector: { app: 'web' } } };
  const kinds: Record<string, [at: string, body: object]> = {
    Deployment: [deployments, { apiVersion: 'apps/v1', ...rest }],
    StatefulSet: ['/apis/apps/v1/namespaces/default/statefulsets', { apiVersion: 'apps/v1', ...rest }],
    ReplicaSet: ['/apis/apps/v1/namespaces/default/replicasets', { apiVersion: 'apps/v1', ...rest }],
    ReplicationController: [
      '/api/v1/namespaces/default/replicationcontrollers',
      { apiVersion: 'v1', ...controller },
    ],
  };
  for (const [kind, [at, body]] of Object.entries(kinds))
    test(`the replicas of a ${kind} go from owner to owner`, async () => {
      const url = `${at}/scaled`;
      const owners = async () => {
        const { metadata, spec } = await read(url);
        const found = (metadata.managedFields as Entry[])
          .filter(({ fieldsV1 }) => fieldsV1['f:spec']?.['f:replicas'] !== undefined)
          .map(
            (entry) => `${entry.manager} ${entry.operation} ${entry.apiVersion} ${entry.subresource ?? ''}`,
          );
        return [spec.replicas, ...found.sort()];
      };
      const version = (body as { apiVersion: string }).apiVersion;
      const config = { ...body, kind };
      assert.equal((await apply(url, 'applier', config)).status, 201);
      assert.deepEqual(await owners(), [1, `applier Apply ${version} `]);

      await patch(`${url}/scale`, 'scaler', { spec: { replicas: 5 } });
      assert.deepEqual(await owners(), [5, `scaler Update ${version} scale`]);
      const lost = await apply(url, 'applier', config);
      assert.equal(
        lost.body.message,
        `Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using ${version}: .spec.replicas`,
      );
      const taken = await apply(`${url}/scale`, 'shy', scale(17));
      assert.equal(
        taken.body.message,
        'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using autoscaling/v1: .spec.replicas',
      );

      assert.equal((await apply(url, 'applier', config, '&force=true')).status, 200);
      assert.deepEqual(await owners(), [1, `applier Apply ${version} `]);
      const refused = await apply(`${url}/scale`, 'shy', scale(17));
      assert.equal(
        refused.body.message,
        'Apply failed with 1 conflict: conflict with "applier": .spec.replicas',
      );
      const forced = await apply(`${url}/scale`, 'bold', scale(17), '&force=true');
      assert.deepEqual([forced.status, forced.body.kind, forced.body.spec], [200, 'Scale', { replicas: 17 }]);
      assert.deepEqual(await owners(), [17, `bold Apply ${version} scale`]);

      await server.call('PUT', `${url}/scale?fieldManager=replacer`, { body: scale(7) });
      assert.deepEqual(await owners(), [7, `replacer Update ${version} scale`]);
      await apply(`${url}/scale`, 'companion', scale(7));
      assert.deepEqual(await owners(), [
        7,
        `companion Apply ${version} scale`,
        `replacer Update ${version} scale`,
      ]);
      await patch(`${url}/scale`, 'scaler', { spec: { replicas: 5 } });
      assert.deepEqual(await owners(), [5, `scaler Update ${version} scale`]);

      await patch(`${url}/scale`, 'scaler', { status: { replicas: 42 } });
      assert.deepEqual(await owners(), [5, `scaler Update ${version} scale`]);
    });

  test('a Scale is checked like any configuration', async () => {
    const url = `${deployments}/scaled/scale`;
    const other = await apply(url, 'm', { ...scale(1), apiVersion: 'autoscaling/v2' });
    const odd = await apply(url, 'm', { ...scale(1), spec: { replicaz: 1 } });
    assert.deepEqual(
      [other.body.message, odd.body.message],
      [
        'Incorrect version specified in apply patch. Specified patch version: autoscaling/v2, expected: autoscaling/v1',
        'failed to create typed patch object (default/scaled; autoscaling/v1, Kind=Scale): .spec.replicaz: field not declared in schema',
      ],
    );
  });
});
