import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from './test-server.ts';

describe('who may ask', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const someone = { name: 'jane', groups: ['system:authenticated'] };
  const cases: [
    name: string,
    method: string,
    url: string,
    user: typeof someone | undefined,
    status: number,
    message?: string,
  ][] = [
    ['anyone asks for health', 'GET', '/livez', undefined, 200],
    ['anyone asks for the version', 'GET', '/version', undefined, 200],
    [
      'a stranger lists pods',
      'GET',
      '/api/v1/pods',
      undefined,
      403,
      'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope',
    ],
    [
      'a stranger discovers',
      'GET',
      '/apis',
      undefined,
      403,
      'forbidden: User "system:anonymous" cannot get path "/apis"',
    ],
    ['a user discovers', 'GET', '/apis', someone, 200],
    [
      'a user lists deployments',
      'GET',
      '/apis/apps/v1/namespaces/default/deployments',
      someone,
      403,
      'deployments.apps is forbidden: User "jane" cannot list resource "deployments" in API group "apps" in the namespace "default"',
    ],
    [
      'a user reads a name',
      'GET',
      '/api/v1/namespaces/default/pods/x',
      someone,
      403,
      'pods "x" is forbidden: User "jane" cannot get resource "pods" in API group "" in the namespace "default"',
    ],
    ['a user scrapes', 'GET', '/metrics', someone, 403, 'forbidden: User "jane" cannot get path "/metrics"'],
  ];
  for (const [name, method, url, user, status, message] of cases)
    test(`${name}: ${status}`, async () => {
      const answer = await server.call(method, url, { user });
      assert.equal(answer.status, status);
      if (message !== undefined) assert.equal(answer.body.message, message);
    });

  test('a token is not known yet', async () => {
    const { status, body } = await server.call('GET', '/api/v1/pods', {
      user: undefined,
      headers: { authorization: 'Bearer x' },
    });
    assert.deepEqual([status, body.reason], [401, 'Unauthorized']);
  });

  test('who am I, and what may I', async () => {
    const who = await server.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      body: {},
      user: someone,
    });
    assert.deepEqual(who.body.status.userInfo, { username: 'jane', groups: ['system:authenticated'] });
    const may = await server.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      body: { spec: { resourceAttributes: { verb: 'list', resource: 'pods' } } },
      user: someone,
    });
    assert.equal(may.body.status.allowed, false);
  });
});

describe('two servers on one store', () => {
  test('never give out an address or a port twice, and see what the other wrote', async () => {
    const one = await startTestServer({ seed: 7 });
    // The same seed: both draw the same addresses and ports in the same order.
    const two = await startTestServer({ store: one.store, seed: 7 });
    const url = '/api/v1/namespaces/default/services';
    const body = (name: string) => ({
      metadata: { name },
      spec: { type: 'NodePort', ports: [{ port: 80 }] },
    });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        (index % 2 === 0 ? one : two).call('POST', url, { body: body(`s${index}`) }),
      ),
    );
    assert.deepEqual(
      answers.map((answer) => answer.status),
      answers.map(() => 201),
    );
    const { body: listed } = await two.call('GET', url);
    const services = listed.items.filter(
      (item: { metadata: { name: string } }) => item.metadata.name !== 'kubernetes',
    );
    assert.equal(services.length, 40);
    assert.equal(
      new Set(services.map((item: { spec: { clusterIP: string } }) => item.spec.clusterIP)).size,
      40,
    );
    assert.equal(
      new Set(
        services.map((item: { spec: { ports: { nodePort: number }[] } }) => item.spec.ports[0]?.nodePort),
      ).size,
      40,
    );
    await one.server.close();
    await two.close();
  });
});
