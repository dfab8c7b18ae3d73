/**
 * Who somebody is and what they may: what the reviews say is what then happens. What is asked for: subjectreviews.go,
 * selfsubjectreviews.go and node_authz.go in test/e2e/auth of Kubernetes. Every node's rule has its case in
 * src/apiserver/authorization/node and src/apiserver/admission/node-restriction.test.ts; here is the way by impersonation.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { make } from '../../../src/apiserver/rest/testing.ts';
import { startTestServer, type TestServer } from '../../../src/apiserver/test-server.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';
const secrets = '/api/v1/namespaces/default/secrets';
const pods = '/api/v1/namespaces/default/pods';
const authorization = '/apis/authorization.k8s.io/v1';

describe('who may what', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  /** As test-server's user, who may act as anybody, acting as somebody. Of one header there is one value here. */
  const acting = (headers: Record<string, string>) => (method: string, url: string, body?: object) =>
    server.call(method, url, { headers, body });

  test('what a review says of an account is what happens to it', async () => {
    const user = 'system:serviceaccount:default:e2e';
    const groups = ['system:authenticated', 'system:serviceaccounts', 'system:serviceaccounts:default'];
    const resourceAttributes = {
      verb: 'list',
      resource: 'configmaps',
      namespace: 'default',
      version: 'v1',
    };
    const spec = { user, groups, uid: 'its-uid', resourceAttributes };
    const review = await server.call('POST', `${authorization}/subjectaccessreviews`, { body: { spec } });
    const local = await server.call('POST', `${authorization}/namespaces/default/localsubjectaccessreviews`, {
      body: { metadata: { namespace: 'default' }, spec },
    });
    assert.deepEqual([review.status, local.status], [201, 201]);
    assert.deepEqual([review.body.status, local.body.status], [{ allowed: false }, { allowed: false }]);
    const as = acting({ 'impersonate-user': user, 'impersonate-uid': 'its-uid' });
    assert.equal((await as('GET', configMaps)).status, 403);
    // And where it may.
    const version = { user, groups, nonResourceAttributes: { path: '/version', verb: 'get' } };
    const other = await server.call('POST', `${authorization}/subjectaccessreviews`, {
      body: { spec: version },
    });
    assert.equal(other.body.status.allowed, true);
    assert.equal((await as('GET', '/version')).status, 200);
  });

  test('who acts as somebody is told to be them, in every particular', async () => {
    const as = acting({
      'impersonate-user': 'jane-doe',
      'impersonate-uid': 'uniq-id',
      'impersonate-group': 'developers',
      'impersonate-extra-known-languages': 'python',
    });
    const { status, body } = await as('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {});
    assert.deepEqual(
      [status, body.status],
      [
        201,
        {
          userInfo: {
            username: 'jane-doe',
            uid: 'uniq-id',
            groups: ['developers', 'system:authenticated'],
            extra: { 'known-languages': ['python'] },
          },
        },
      ],
    );
  });

  describe('a node', () => {
    const node = acting({ 'impersonate-user': 'system:node:n1', 'impersonate-group': 'system:nodes' });
    before(async () => {
      for (const name of ['n1', 'n2']) await make(server, '/api/v1/nodes', { metadata: { name } });
      await make(server, secrets, { metadata: { name: 'there' }, data: { data: 'eA==' } });
      await make(server, configMaps, { metadata: { name: 'there' }, data: { data: 'x' } });
    });

    for (const [method, url, body] of [
      ['GET', `${secrets}/nowhere`],
      ['GET', `${secrets}/there`],
      ['GET', `${configMaps}/nowhere`],
      ['GET', `${configMaps}/there`],
      ['POST', '/api/v1/nodes', { metadata: { name: 'foo' } }],
      ['DELETE', '/api/v1/nodes/foo'],
      ['DELETE', '/api/v1/nodes/n2'],
      ['GET', secrets],
    ] as const)
      test(`is refused ${method} ${url}`, async () => {
        const answer = await node(method, url, body);
        assert.deepEqual([answer.status, answer.body.reason], [403, 'Forbidden'], answer.text);
      });

    test('reads a Secret as soon as one of its pods names it', async () => {
      await make(server, secrets, { metadata: { name: 'named' }, data: { data: 'eA==' } });
      assert.equal((await node('GET', `${secrets}/named`)).status, 403);
      await make(server, pods, {
        metadata: { name: 'pause' },
        spec: {
          nodeName: 'n1',
          containers: [{ name: 'pause', image: 'x' }],
          volumes: [{ name: 'named', secret: { secretName: 'named' } }],
        },
      });
      assert.equal((await node('GET', `${secrets}/named`)).status, 200);
    });
  });
});
