/**
 * Accounts, their tokens, and what pods get of them. What is asked for: test/e2e/auth/service_accounts.go of Kubernetes; that
 * tokens arrive in containers, with their owners and modes, is shown on nodes (test/node, src/kubelet/volumes).
 */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { importJWK, jwtVerify } from 'jose';
import { make } from '../../../src/apiserver/rest/testing.ts';
import { startTestServer, type TestServer } from '../../../src/apiserver/test-server.ts';
import { inProcessTransport } from '../../../src/client/in-process.ts';
import { serviceAccount } from '../../../src/controllers/service-account.ts';
import { controllerManagerUser, startControllers } from '../../../src/controllers/start.ts';
import type { Container, Pod } from '../../../src/kinds/generated/types.ts';
import { silentLogger } from '../../../src/lib/log.ts';
import { seededRandom } from '../../../src/lib/random.ts';

const issuer = 'https://kubernetes.default.svc.cluster.local';
const accounts = '/api/v1/namespaces/default/serviceaccounts';
const pods = '/api/v1/namespaces/default/pods';
const reviews = '/apis/authentication.k8s.io/v1/tokenreviews';
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const strategic = { 'content-type': 'application/strategic-merge-patch+json' };

describe('service accounts', () => {
  let server: TestServer;
  const stopping = new AbortController();
  let stopped: Promise<unknown>;
  before(async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    server = await startTestServer({ serviceAccounts: { issuer, privateKey: pem } });
    ({ stopped } = startControllers({
      transport: inProcessTransport(server.server.handle, { user: controllerManagerUser }),
      clock: server.clock,
      random: seededRandom(2),
      log: silentLogger,
      signal: stopping.signal,
      controllers: [serviceAccount],
    }));
    for (let turn = 0; (await server.call('GET', `${accounts}/default`)).status !== 200; turn++) {
      assert.ok(turn < 10_000, 'the default account does not come');
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  after(async () => {
    stopping.abort();
    await stopped;
    await server?.close();
  });

  test('no token is made unasked', async () => {
    const { body } = await server.call('GET', `${accounts}/default`);
    assert.equal(body.secrets, undefined);
    assert.deepEqual((await server.call('GET', '/api/v1/secrets')).body.items, []);
  });

  describe('a pod mounts a token', () => {
    const cases: [account: boolean | undefined, pod: boolean | undefined, mounted: boolean][] = [
      [undefined, undefined, true],
      [true, undefined, true],
      [false, undefined, false],
      [undefined, true, true],
      [true, true, true],
      [false, true, true],
      [undefined, false, false],
      [true, false, false],
      [false, false, false],
    ];
    const said = (value: boolean | undefined) => (value === undefined ? 'says nothing' : `says ${value}`);
    for (const [account, pod, mounted] of cases)
      test(`its account ${said(account)}, it ${said(pod)}: ${mounted}`, async () => {
        const name = `mount-${account}-${pod}`.replace(/undefined/g, 'unsaid');
        await make(server, accounts, {
          metadata: { name },
          ...(account !== undefined && { automountServiceAccountToken: account }),
        });
        const made = (await make(server, pods, {
          metadata: { name },
          spec: {
            serviceAccountName: name,
            containers: [{ name: 'main', image: 'x' }],
            ...(pod !== undefined && { automountServiceAccountToken: pod }),
          },
        })) as Pod;
        const mounts = made.spec?.containers.flatMap(({ volumeMounts = [] }: Container) => volumeMounts);
        assert.equal(mounts?.some((mount) => mount.mountPath === mountPath) ?? false, mounted);
      });
  });

  test('from its making to its end, watched', async () => {
    const selector = 'labelSelector=watched%3Dtrue';
    const watch = await server.watch(`${accounts}?watch=true&${selector}`);
    const made = await make(server, accounts, { metadata: { name: 'watched', labels: { watched: 'true' } } });
    const found = await server.call('GET', `${accounts}/watched`);
    assert.equal(found.body.metadata.uid, made.metadata.uid);
    await server.call('PATCH', `${accounts}/watched`, {
      body: { automountServiceAccountToken: false },
      headers: strategic,
    });
    const { body } = await server.call('GET', `/api/v1/serviceaccounts?${selector}`);
    assert.deepEqual(
      body.items.map((each: { metadata: { name: string }; automountServiceAccountToken: boolean }) => [
        each.metadata.name,
        each.automountServiceAccountToken,
      ]),
      [['watched', false]],
    );
    const replaced = { ...body.items[0], automountServiceAccountToken: true };
    const updated = await server.call('PUT', `${accounts}/watched`, { body: replaced });
    assert.equal(updated.body.automountServiceAccountToken, true);
    assert.equal((await server.call('DELETE', `${accounts}?${selector}`)).status, 200);
    await watch.until(4);
    assert.deepEqual(
      watch.events.map(({ type, object }) => [type, object.automountServiceAccountToken]),
      [
        ['ADDED', undefined],
        ['MODIFIED', false],
        ['MODIFIED', true],
        ['DELETED', true],
      ],
    );
    watch.stop();
  });

  test('a token asked for with nothing is reviewed as its account', async () => {
    await make(server, accounts, { metadata: { name: 'asked' } });
    const answer = await server.call('POST', `${accounts}/asked/token`, { body: {} });
    assert.equal(answer.status, 201, answer.text);
    const { token } = answer.body.status;
    const review = await server.call('POST', reviews, { body: { spec: { token } } });
    const { authenticated, error, user } = review.body.status;
    assert.deepEqual(
      { authenticated, error, username: user.username, groups: user.groups },
      {
        authenticated: true,
        error: undefined,
        username: 'system:serviceaccount:default:asked',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
      },
    );
  });

  test('a stranger verifies a token for it by what the issuer publishes', async () => {
    const audience = 'oidc-discovery-test';
    await make(server, accounts, { metadata: { name: 'verified' } });
    const pod = await make(server, pods, {
      metadata: { name: 'verified' },
      spec: { serviceAccountName: 'verified', containers: [{ name: 'main', image: 'x' }] },
    });
    const asked = await server.call('POST', `${accounts}/verified/token`, {
      body: {
        spec: {
          audiences: [audience],
          expirationSeconds: 600,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'verified', uid: pod.metadata.uid },
        },
      },
    });
    const user = { name: 'system:serviceaccount:default:verified', groups: ['system:serviceaccounts'] };
    const published = async (path: string) => (await server.call('GET', path, { user })).body;
    const discovery = await published('/.well-known/openid-configuration');
    assert.equal(discovery.issuer, issuer);
    const { keys } = await published(new URL(discovery.jwks_uri).pathname);
    const { payload } = await jwtVerify(asked.body.status.token, await importJWK(keys[0]), {
      issuer,
      audience,
      algorithms: discovery.id_token_signing_alg_values_supported,
      currentDate: new Date(server.clock.now()),
    });
    assert.deepEqual(
      [payload.sub, (payload['kubernetes.io'] as { pod: object }).pod],
      [user.name, { name: 'verified', uid: pod.metadata.uid }],
    );
    assert.equal(createPublicKey({ key: keys[0], format: 'jwk' }).asymmetricKeyType, 'ec');
    // The API server is another audience.
    const review = await server.call('POST', reviews, { body: { spec: { token: asked.body.status.token } } });
    assert.equal(review.body.status.authenticated, undefined);
  });
});
