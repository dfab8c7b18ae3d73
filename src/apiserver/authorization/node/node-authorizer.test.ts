import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { UserInfo } from '../../request.ts';
import { make, pod } from '../../rest/testing.ts';
import { startTestServer, type TestServer } from '../../test-server.ts';

const userOf = (name: string): UserInfo => ({
  name: `system:node:${name}`,
  groups: ['system:nodes', 'system:authenticated'],
});
const n1 = userOf('n1');

describe('what node n1 is let through to', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
    const inDefault = '/api/v1/namespaces/default';
    for (const name of ['mine', 'other', 'unused']) {
      await make(server, `${inDefault}/secrets`, { metadata: { name } });
      await make(server, `${inDefault}/configmaps`, { metadata: { name } });
    }
    const uses = (name: string) => ({
      envFrom: [{ secretRef: { name } }, { configMapRef: { name } }],
    });
    const of = (name: string, node: string, uses_: object) =>
      pod(name, { nodeName: node, containers: [{ name: 'c', image: 'nginx', ...uses_ }] });
    await make(server, `${inDefault}/pods`, of('web', 'n1', uses('mine')));
    await make(server, `${inDefault}/pods`, of('db', 'n2', uses('other')));
  });
  after(() => server.close());

  const inDefault = '/api/v1/namespaces/default';
  const ownPods = 'fieldSelector=spec.nodeName%3Dn1';
  const noRelation = "no relationship found between node 'n1' and this object";
  /** `why` undefined: it is let through; else what the refusal ends with. */
  const cases: [name: string, method: string, url: string, why: string | undefined][] = [
    ['a secret of its pod', 'GET', `${inDefault}/secrets/mine`, undefined],
    [
      'a secret of its pod, watched',
      'GET',
      `${inDefault}/secrets?watch=1&timeoutSeconds=0&fieldSelector=metadata.name%3Dmine`,
      undefined,
    ],
    ['a secret of another’s pod', 'GET', `${inDefault}/secrets/other`, noRelation],
    ['a secret that nobody uses', 'GET', `${inDefault}/secrets/unused`, noRelation],
    ['a secret that is not there', 'GET', `${inDefault}/secrets/none`, noRelation],
    ['the secret of that name elsewhere', 'GET', '/api/v1/namespaces/kube-system/secrets/mine', noRelation],
    ['the secrets of a namespace', 'GET', `${inDefault}/secrets`, 'No Object name found'],
    [
      'all secrets but one',
      'GET',
      `${inDefault}/secrets?fieldSelector=metadata.name%21%3Dother`,
      'No Object name found',
    ],
    ['all secrets', 'GET', '/api/v1/secrets', 'can only read namespaced object of this type'],
    ['a change of a secret', 'PUT', `${inDefault}/secrets/mine`, 'can only read resources of this type'],
    ['a configmap of its pod', 'GET', `${inDefault}/configmaps/mine`, undefined],
    ['a configmap of another’s pod', 'GET', `${inDefault}/configmaps/other`, noRelation],
    ['its pod', 'GET', `${inDefault}/pods/web`, undefined],
    ['another’s pod', 'GET', `${inDefault}/pods/db`, noRelation],
    ['its pods', 'GET', `/api/v1/pods?${ownPods}`, undefined],
    [
      'another’s pods',
      'GET',
      '/api/v1/pods?fieldSelector=spec.nodeName%3Dn2',
      'can only list/watch pods with spec.nodeName field selector',
    ],
    ['all pods', 'GET', '/api/v1/pods', 'can only list/watch pods with spec.nodeName field selector'],
    [
      'pods that are not its own',
      'GET',
      '/api/v1/pods?fieldSelector=spec.nodeName%21%3Dn1',
      'can only list/watch pods with spec.nodeName field selector',
    ],
    [
      'its pods, and a selector that cannot be read',
      'GET',
      '/api/v1/pods?fieldSelector=spec.nodeName%3Dn1%2C%3D%3D%3D',
      'can only list/watch pods with spec.nodeName field selector',
    ],
    ['a change of a pod', 'PUT', `${inDefault}/pods/web`, 'in API group "" in the namespace "default"'],
    [
      'exec in its own pod',
      'POST',
      `${inDefault}/pods/web/exec`,
      'in API group "" in the namespace "default"',
    ],
    ['a binding', 'POST', `${inDefault}/pods/web/binding`, 'in API group "" in the namespace "default"'],
    [
      'an account',
      'GET',
      `${inDefault}/serviceaccounts`,
      'can only create tokens for individual service accounts',
    ],
    ['a claim of nobody', 'GET', `${inDefault}/persistentvolumeclaims/data`, noRelation],
    ['all volumes', 'GET', '/api/v1/persistentvolumes', 'can only get individual resources of this type'],
    [
      'another’s lease',
      'GET',
      '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n2',
      'can only access node lease with the same name as the requesting node',
    ],
    [
      'leases elsewhere',
      'GET',
      '/apis/coordination.k8s.io/v1/namespaces/default/leases/n1',
      'can only access leases in the "kube-node-lease" system namespace',
    ],
    [
      'all leases',
      'GET',
      '/apis/coordination.k8s.io/v1/leases',
      'can only get, create, update, patch, or delete a node lease',
    ],
    [
      'another’s CSINode',
      'GET',
      '/apis/storage.k8s.io/v1/csinodes/n2',
      'can only access CSINode with the same name as the requesting node',
    ],
    ['a node’s end', 'DELETE', '/api/v1/nodes/n1', 'in API group "" at the cluster scope'],
    ['a node’s proxy', 'GET', '/api/v1/nodes/n2/proxy', 'in API group "" at the cluster scope'],
    ['nodes', 'GET', '/api/v1/nodes', undefined],
    ['services', 'GET', '/api/v1/services', undefined],
    [
      'a service’s change',
      'PUT',
      `${inDefault}/services/kubernetes`,
      'in API group "" in the namespace "default"',
    ],
    [
      'a service’s status',
      'PUT',
      `${inDefault}/services/kubernetes/status`,
      'in API group "" in the namespace "default"',
    ],
    ['endpoint slices', 'GET', '/apis/discovery.k8s.io/v1/endpointslices', undefined],
    [
      'an endpoint slice of its own making',
      'POST',
      '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
      'in API group "discovery.k8s.io" in the namespace "default"',
    ],
    ['namespaces', 'GET', '/api/v1/namespaces', undefined],
    ['deployments', 'GET', '/apis/apps/v1/deployments', 'in API group "apps" at the cluster scope'],
    [
      'roles',
      'GET',
      '/apis/rbac.authorization.k8s.io/v1/clusterroles',
      'in API group "rbac.authorization.k8s.io" at the cluster scope',
    ],
    ['runtime classes', 'GET', '/apis/node.k8s.io/v1/runtimeclasses', undefined],
    [
      'its requests for certificates',
      'GET',
      '/apis/certificates.k8s.io/v1/certificatesigningrequests',
      undefined,
    ],
    ['discovery', 'GET', '/api', undefined],
    ['metrics', 'GET', '/metrics', 'cannot get path "/metrics"'],
  ];
  for (const [name, method, url, why] of cases)
    test(`${name}: ${why === undefined ? 'yes' : 'no'}`, async () => {
      if (url.includes('watch=1')) {
        const { allowed } = await ask(url);
        assert.equal(allowed, true);
        return;
      }
      const { status, body } = await server.call(method, url, { user: n1 });
      if (why === undefined) assert.equal(status, 200, JSON.stringify(body));
      else {
        assert.equal(status, 403, JSON.stringify(body));
        assert.ok(body.message.endsWith(why), body.message);
      }
    });

  /** A stream is not opened: only whether it would be. */
  const ask = async (url: string) => {
    const { attributesOf } = await import('../attributes.ts');
    const { parseRequest } = await import('../../request-info.ts');
    return server.server.backend.authorizer.authorize(attributesOf(n1, parseRequest('GET', url)));
  };

  test('who is among the nodes without being one gets nowhere', async () => {
    const user = { name: 'jane', groups: ['system:nodes', 'system:authenticated'] };
    const { body } = await server.call('GET', `${inDefault}/secrets/mine`, { user });
    assert.equal(
      body.message,
      'secrets "mine" is forbidden: User "jane" cannot get resource "secrets" in API group "" in the namespace "default": unknown node for user "jane"',
    );
  });

  test('what belonged to a pod is out of reach when the pod is gone', async () => {
    const url = `${inDefault}/secrets/other`;
    assert.equal((await server.call('GET', url, { user: userOf('n2') })).status, 200);
    await server.call('DELETE', `${inDefault}/pods/db?gracePeriodSeconds=0`);
    assert.equal((await server.call('GET', url, { user: userOf('n2') })).status, 403);
  });
});
