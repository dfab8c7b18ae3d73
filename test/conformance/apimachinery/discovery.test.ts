/**
 * What there is, in every form in which clients ask.
 * Source: test/e2e/apimachinery/{discovery,aggregated_discovery,apigroup_list,openapiv3,server_version}.go.
 * The documents as a whole: src/apiserver/discovery.test.ts, src/apiserver/openapi.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../../../src/apiserver/test-server.ts';

/** Of every group that a cluster must have, a version and a resource. */
const required: Record<string, string> = {
  'admissionregistration.k8s.io/v1': 'validatingwebhookconfigurations',
  'apiextensions.k8s.io/v1': 'customresourcedefinitions',
  'apiregistration.k8s.io/v1': 'apiservices',
  'apps/v1': 'deployments',
  'authentication.k8s.io/v1': 'tokenreviews',
  'authorization.k8s.io/v1': 'selfsubjectaccessreviews',
  'autoscaling/v1': 'horizontalpodautoscalers',
  'autoscaling/v2': 'horizontalpodautoscalers',
  'batch/v1': 'jobs',
  'certificates.k8s.io/v1': 'certificatesigningrequests',
  'coordination.k8s.io/v1': 'leases',
  'discovery.k8s.io/v1': 'endpointslices',
  'events.k8s.io/v1': 'events',
  'networking.k8s.io/v1': 'ingresses',
  'node.k8s.io/v1': 'runtimeclasses',
  'policy/v1': 'poddisruptionbudgets',
  'rbac.authorization.k8s.io/v1': 'clusterroles',
  'scheduling.k8s.io/v1': 'priorityclasses',
  'storage.k8s.io/v1': 'csinodes',
};

interface Version {
  readonly groupVersion: string;
}

interface Group {
  readonly name: string;
  readonly versions: readonly Version[];
  readonly preferredVersion: Version;
}

describe('discovery', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const get = async (path: string, accept = 'application/json') => {
    const answer = await server.call('GET', path, { headers: { accept } });
    assert.equal(answer.status, 200, `${path}: ${answer.text.slice(0, 200)}`);
    return answer;
  };

  test('each group by itself is as it stands among all, and its preferred version is one of its own', async () => {
    const { groups } = (await get('/apis')).body as { groups: Group[] };
    for (const group of groups) {
      const { kind, apiVersion, ...alone } = (await get(`/apis/${group.name}`)).body;
      assert.deepEqual([kind, apiVersion, alone], ['APIGroup', 'v1', group]);
      const versions = group.versions.map(({ groupVersion }) => groupVersion);
      assert.ok(versions.includes(group.preferredVersion.groupVersion), group.name);
      assert.ok(versions.every((version) => version.startsWith(`${group.name}/`)));
    }
  });

  test('every required resource is found through its group and version', async () => {
    const { groups } = (await get('/apis')).body as { groups: Group[] };
    const versions = groups.flatMap((group) => group.versions.map(({ groupVersion }) => groupVersion));
    for (const [groupVersion, plural] of Object.entries(required)) {
      assert.ok(versions.includes(groupVersion), groupVersion);
      const { resources } = (await get(`/apis/${groupVersion}`)).body as { resources: { name: string }[] };
      assert.ok(
        resources.some(({ name }) => name === plural),
        `${groupVersion} ${plural}`,
      );
    }
  });

  test('in one document, too', async () => {
    const accept = (version: string) =>
      `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList,application/json`;
    for (const version of ['v2', 'v2beta1']) {
      const { headers, body } = await get('/apis', accept(version));
      assert.deepEqual(
        [headers['content-type'], body.kind, body.apiVersion],
        [
          `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
          'APIGroupDiscoveryList',
          `apidiscovery.k8s.io/${version}`,
        ],
      );
      const found = new Set<string>();
      for (const { metadata, versions } of body.items)
        for (const each of versions)
          for (const { resource } of each.resources)
            found.add(`${metadata.name}/${each.version} ${resource}`);
      for (const [groupVersion, plural] of Object.entries(required))
        assert.ok(found.has(`${groupVersion} ${plural}`), `${version}: ${groupVersion} ${plural}`);
      const core = (await get('/api', accept(version))).body;
      const pods = core.items[0].versions[0].resources.find(
        (each: { resource: string }) => each.resource === 'pods',
      );
      assert.deepEqual([pods.scope, pods.responseKind.kind], ['Namespaced', 'Pod']);
    }
  });

  test('every group and version has its OpenAPI document, behind the hash it is announced with', async () => {
    const { paths } = (await get('/openapi/v3')).body as {
      paths: Record<string, { serverRelativeURL: string }>;
    };
    const { groups } = (await get('/apis')).body as { groups: Group[] };
    const wanted = groups.flatMap(({ versions }) =>
      versions.map(({ groupVersion }) => `apis/${groupVersion}`),
    );
    for (const path of ['api/v1', ...wanted]) {
      const url = paths[path]?.serverRelativeURL ?? '';
      assert.ok(url.startsWith(`/openapi/v3/${path}?hash=`), path);
      const { body } = await get(url);
      assert.match(body.openapi, /^3\.0/);
      assert.ok(Object.keys(body.paths).length > 0, path);
    }
  });

  test('the version is one', async () => {
    const { major, minor, gitVersion } = (await get('/version')).body;
    assert.equal(major, '1');
    assert.match(minor, /^\d+$/);
    assert.ok(gitVersion.startsWith(`v${major}.${minor}.`));
  });
});
