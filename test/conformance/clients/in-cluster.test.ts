/**
 * The JavaScript client as pods use it: the files of a service account, and tokens as they are handed out. What is asked
 * for is in upstream's test/e2e/auth/service_accounts.go and selfsubjectreviews.go.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  ApiException,
  AuthenticationV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  KubeConfig,
  VersionApi,
  WellKnownApi,
} from '@kubernetes/client-node';
import { type ClientCluster, eventually, startClientCluster } from './cluster.ts';

const namespace = 'inside';

describe('the JavaScript client inside a pod', () => {
  let cluster: ClientCluster;
  let core: CoreV1Api;
  let folder: string;
  let account: KubeConfig;
  const environment = { ...process.env };
  before(async () => {
    cluster = await startClientCluster();
    core = cluster.config.makeApiClient(CoreV1Api);
    await core.createNamespace({ body: { metadata: { name: namespace } } });
    await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: 'app' } } });
    const authority = await eventually(() =>
      core.readNamespacedConfigMap({ namespace, name: 'kube-root-ca.crt' }).catch(() => undefined),
    );
    folder = await mkdtemp(path.join(tmpdir(), 'wherry-inside-'));
    const secrets = path.join(folder, 'var/run/secrets/kubernetes.io/serviceaccount');
    await mkdir(secrets, { recursive: true });
    await writeFile(path.join(secrets, 'ca.crt'), authority.data?.['ca.crt'] ?? '');
    await writeFile(path.join(secrets, 'namespace'), namespace);
    await writeFile(path.join(secrets, 'token'), await tokenOf('app'));
    const { hostname, port } = new URL(cluster.server.url);
    Object.assign(process.env, { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port });
    account = new KubeConfig();
    account.loadFromCluster(folder);
  });
  after(async () => {
    for (const name of ['KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT'])
      if (environment[name] === undefined) delete process.env[name];
      else process.env[name] = environment[name];
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function tokenOf(name: string): Promise<string> {
    const { status } = await core.createNamespacedServiceAccountToken({
      namespace,
      name,
      body: { spec: { audiences: [], expirationSeconds: 3600 } },
    });
    assert.ok(status?.expirationTimestamp instanceof Date);
    return status.token ?? '';
  }

  test('its server, its authority, its namespace and its name come from files', async () => {
    assert.equal(account.getContextObject(account.getCurrentContext())?.namespace, namespace);
    const self = account.makeApiClient(AuthenticationV1Api);
    const { status } = await self.createSelfSubjectReview({ body: {} });
    assert.equal(status?.userInfo?.username, `system:serviceaccount:${namespace}:app`);
    assert.deepEqual(status?.userInfo?.groups, [
      'system:serviceaccounts',
      `system:serviceaccounts:${namespace}`,
      'system:authenticated',
    ]);
    assert.equal((await account.makeApiClient(VersionApi).getCode()).major, '1');
  });

  test('it may do what accounts may, and is told what it may not', async () => {
    const inside = account.makeApiClient(CoreV1Api);
    await assert.rejects(inside.listNamespacedPod({ namespace }), (error) => {
      assert.ok(error instanceof ApiException);
      const { message, reason } = JSON.parse(error.body) as { message: string; reason: string };
      assert.deepEqual(
        [error.code, reason, message],
        [
          403,
          'Forbidden',
          `pods is forbidden: User "system:serviceaccount:${namespace}:app" cannot list resource "pods" in API group "" in the namespace "${namespace}"`,
        ],
      );
      return true;
    });
    const asked = await account.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({
      body: { spec: { resourceAttributes: { verb: 'list', resource: 'pods', namespace } } },
    });
    assert.equal(asked.status?.allowed, false);
    // The client's types call it a text.
    const issuer = await account.makeApiClient(WellKnownApi).getServiceAccountIssuerOpenIDConfiguration();
    assert.match((issuer as unknown as { jwks_uri: string }).jwks_uri, /\/openid\/v1\/jwks$/);
  });

  test('a token is good for one who holds it, until its account goes', async () => {
    await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: 'brief' } } });
    const token = await tokenOf('brief');
    const bearer = new KubeConfig();
    const { server, caData } = cluster.config.getCurrentCluster() ?? { server: '' };
    bearer.loadFromClusterAndUser(
      { name: 'c', server, ...(caData === undefined ? {} : { caData }), skipTLSVerify: false },
      { name: 'u', token },
    );
    const self = bearer.makeApiClient(AuthenticationV1Api);
    await self.createSelfSubjectReview({ body: {} });
    const reviewer = cluster.config.makeApiClient(AuthenticationV1Api);
    const reviewed = await reviewer.createTokenReview({ body: { spec: { token } } });
    assert.deepEqual(
      [reviewed.status?.authenticated, reviewed.status?.user?.username],
      [true, `system:serviceaccount:${namespace}:brief`],
    );
    await core.deleteNamespacedServiceAccount({ namespace, name: 'brief' });
    await assert.rejects(
      self.createSelfSubjectReview({ body: {} }),
      (error) => error instanceof ApiException && error.code === 401,
    );
  });
});
