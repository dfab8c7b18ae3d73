import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { make, pod, verdict } from '../rest/testing.ts';
import { type Answer, startTestServer, type TestServer } from '../test-server.ts';

const issuer = 'https://kubernetes.default.svc.cluster.local';
const makeKey = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();

const accounts = '/api/v1/namespaces/default/serviceaccounts';
const pods = '/api/v1/namespaces/default/pods';
const secrets = '/api/v1/namespaces/default/secrets';
const nodes = '/api/v1/nodes';
const reviews = '/apis/authentication.k8s.io/v1/tokenreviews';
const selfReviews = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

// biome-ignore lint/suspicious/noExplicitAny: claims are looked into
const decode = (part: string | undefined): any => JSON.parse(Buffer.from(part ?? '', 'base64url').toString());

describe('tokens of service accounts', () => {
  let server: TestServer;
  // biome-ignore lint/suspicious/noExplicitAny: as the server answers
  let robot: any;
  before(async () => {
    server = await startTestServer({ serviceAccounts: { issuer, privateKey: makeKey() } });
    robot = await make(server, accounts, { metadata: { name: 'robot' } });
    await make(server, accounts, { metadata: { name: 'default' } });
  });
  after(() => server.close());

  const ask = (spec: object = {}, account = 'robot', metadata: object = {}) =>
    server.call('POST', `${accounts}/${account}/token`, {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata, spec },
    });
  const tokenFor = async (spec: object = {}, account = 'robot'): Promise<string> => {
    const answer = await ask(spec, account);
    assert.equal(answer.status, 201, answer.text);
    return answer.body.status.token;
  };
  const as = (token: string, method: string, url: string, body?: object): Promise<Answer> =>
    server.call(method, url, { user: undefined, headers: { authorization: `Bearer ${token}` }, body });
  const isKnown = async (token: string) => (await as(token, 'GET', '/version')).status === 200;
  const bound = (kind: string, name: string, more: object = {}) => ({
    boundObjectRef: { apiVersion: 'v1', kind, name, ...more },
  });

  test('an answer as upstream gives it', async () => {
    const { status, body } = await ask();
    const { token, ...rest } = body.status;
    const now = `${new Date(server.clock.now()).toISOString().slice(0, 19)}Z`;
    const later = `${new Date(server.clock.now() + 3_600_000).toISOString().slice(0, 19)}Z`;
    assert.deepEqual(
      [status, { ...body, status: rest }],
      [
        201,
        {
          kind: 'TokenRequest',
          apiVersion: 'authentication.k8s.io/v1',
          metadata: { name: 'robot', namespace: 'default', creationTimestamp: now },
          spec: { audiences: [issuer], expirationSeconds: 3600, boundObjectRef: null },
          status: { expirationTimestamp: later },
        },
      ],
    );
    const [header, payload] = token.split('.').slice(0, 2).map(decode);
    const seconds = Math.floor(server.clock.now() / 1000);
    assert.equal(header.alg, 'ES256');
    assert.match(payload.jti, /^[0-9a-f-]{36}$/);
    assert.deepEqual(
      { ...payload, jti: '' },
      {
        aud: [issuer],
        exp: seconds + 3600,
        iat: seconds,
        iss: issuer,
        jti: '',
        'kubernetes.io': {
          namespace: 'default',
          serviceaccount: { name: 'robot', uid: robot.metadata.uid },
        },
        nbf: seconds,
        sub: 'system:serviceaccount:default:robot',
      },
    );
  });

  test('the published key verifies it', async () => {
    const token = await tokenFor();
    const discovery = await server.call('GET', '/.well-known/openid-configuration');
    assert.deepEqual(discovery.body, {
      issuer,
      jwks_uri: 'https://172.30.0.1:6443/openid/v1/jwks',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    });
    const keys = await server.call('GET', '/openid/v1/jwks');
    assert.equal(keys.headers['content-type'], 'application/jwk-set+json');
    const [header, payload, signature] = token.split('.');
    const [key] = keys.body.keys;
    assert.equal(decode(header).kid, key.kid);
    const publicKey = createPublicKey({ key, format: 'jwk' });
    const isGood = verify(
      'sha256',
      Buffer.from(`${header}.${payload}`),
      { key: publicKey, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature ?? '', 'base64url'),
    );
    assert.equal(isGood, true);
  });

  test('whoever shows it is the account, and may do what everybody may', async () => {
    const token = await tokenFor();
    const { body, status } = await as(token, 'POST', selfReviews, {});
    assert.deepEqual(
      [status, body.status.userInfo],
      [
        201,
        {
          username: 'system:serviceaccount:default:robot',
          uid: robot.metadata.uid,
          groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
          extra: {
            'authentication.kubernetes.io/credential-id': [`JTI=${decode(token.split('.')[1]).jti}`],
          },
        },
      ],
    );
    assert.equal((await as(token, 'GET', '/api/v1')).status, 200);
    assert.equal((await as(token, 'GET', '/openid/v1/jwks')).status, 200);
    assert.deepEqual(verdict(await as(token, 'GET', pods)), [
      403,
      'Forbidden',
      'pods is forbidden: User "system:serviceaccount:default:robot" cannot list resource "pods" in API group "" in the namespace "default"',
    ]);
  });

  test('a pod’s token says where the pod is; for its node it lasts a year', async () => {
    await make(server, nodes, { metadata: { name: 'node-1' } });
    const made = await make(server, pods, pod('web', { serviceAccountName: 'robot', nodeName: 'node-1' }));
    const token = await tokenFor({ ...bound('Pod', 'web'), expirationSeconds: 3607 });
    const payload = decode(token.split('.')[1]);
    assert.deepEqual(payload['kubernetes.io'].pod, { name: 'web', uid: made.metadata.uid });
    assert.equal(payload['kubernetes.io'].node.name, 'node-1');
    assert.equal(payload['kubernetes.io'].warnafter, payload.iat + 3607);
    assert.equal(payload.exp - payload.iat, 365 * 24 * 3600);
    const { body } = await as(token, 'POST', selfReviews, {});
    assert.deepEqual(Object.keys(body.status.userInfo.extra).sort(), [
      'authentication.kubernetes.io/credential-id',
      'authentication.kubernetes.io/node-name',
      'authentication.kubernetes.io/node-uid',
      'authentication.kubernetes.io/pod-name',
      'authentication.kubernetes.io/pod-uid',
    ]);
    await server.call('DELETE', `${pods}/web?gracePeriodSeconds=0`);
    assert.equal(await isKnown(token), false);
  });

  test('it ends with its time, its account and what it is bound to', async () => {
    await make(server, accounts, { metadata: { name: 'brief' } });
    await make(server, secrets, { metadata: { name: 'seal' } });
    await make(server, nodes, { metadata: { name: 'node-2' } });
    const [timed, ofAccount, ofSecret, ofNode] = await Promise.all([
      tokenFor({ expirationSeconds: 600 }),
      tokenFor({}, 'brief'),
      tokenFor(bound('Secret', 'seal')),
      tokenFor(bound('Node', 'node-2')),
    ]);
    const all = [timed, ofAccount, ofSecret, ofNode];
    assert.deepEqual(await Promise.all(all.map(isKnown)), [true, true, true, true]);
    await server.call('DELETE', `${accounts}/brief`);
    await server.call('DELETE', `${secrets}/seal`);
    await server.call('DELETE', `${nodes}/node-2`);
    assert.deepEqual(await Promise.all(all.map(isKnown)), [true, false, false, false]);
    // Another account of the same name is another account.
    await make(server, accounts, { metadata: { name: 'brief' } });
    assert.equal(await isKnown(ofAccount), false);
    server.clock.advance(599_000);
    assert.equal(await isKnown(timed), true);
    server.clock.advance(1000);
    assert.equal(await isKnown(timed), false);
  });

  describe('refused', () => {
    test('what is no token of this server', async () => {
      const token = await tokenFor();
      const [header = '', payload = '', signature = ''] = token.split('.');
      const none = Buffer.from('{"alg":"none"}').toString('base64url');
      const altered = Buffer.from(JSON.stringify({ ...decode(payload), sub: 'x' })).toString('base64url');
      const other = await startTestServer({ serviceAccounts: { issuer, privateKey: makeKey() } });
      await make(other, accounts, { metadata: { name: 'robot' } });
      const foreign = (await other.call('POST', `${accounts}/robot/token`, { body: {} })).body.status.token;
      await other.close();
      const forElsewhere = await tokenFor({ audiences: ['vault'] });
      const bad = {
        empty: '',
        word: 'x',
        'no signature': `${header}.${payload}.`,
        'algorithm none': `${none}.${payload}.`,
        altered: `${header}.${altered}.${signature}`,
        'signed by another server': foreign,
        'for another audience': forElsewhere,
        long: 'x'.repeat(20_000),
      };
      for (const [name, each] of Object.entries(bad)) {
        const answer = await as(each, 'GET', '/version');
        assert.deepEqual([name, ...verdict(answer)], [name, 401, 'Unauthorized', 'Unauthorized']);
      }
    });

    const cases: Record<string, [spec: object, account: string, metadata: object, expected: unknown[]]> = {
      'too short': [
        { expirationSeconds: 60 },
        'robot',
        {},
        [
          422,
          'Invalid',
          'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes',
        ],
      ],
      'too long': [
        { expirationSeconds: 2 ** 32 + 1 },
        'robot',
        {},
        [
          422,
          'Invalid',
          'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
        ],
      ],
      'no such account': [{}, 'nobody', {}, [404, 'NotFound', 'serviceaccounts "nobody" not found']],
      'another name in the body': [
        {},
        'robot',
        { name: 'else' },
        [
          422,
          'Invalid',
          'TokenRequest.authentication.k8s.io "robot" is invalid: metadata.name: Invalid value: "else": must match the service account name if specified',
        ],
      ],
      'bound to nothing': [bound('Pod', 'gone'), 'robot', {}, [404, 'NotFound', 'pods "gone" not found']],
      'bound to what cannot be': [
        bound('ConfigMap', 'x'),
        'robot',
        {},
        [400, 'BadRequest', 'cannot bind token to object of type /v1, Kind=ConfigMap'],
      ],
      'bound to somebody else’s pod': [
        bound('Pod', 'others'),
        'robot',
        {},
        [
          400,
          'BadRequest',
          'cannot bind token for serviceaccount "robot" to pod running with different serviceaccount name.',
        ],
      ],
      'bound to one that was replaced': [
        bound('Pod', 'others', { uid: 'old' }),
        'default',
        {},
        [
          409,
          'Conflict',
          'Operation cannot be fulfilled on Pod "others": the UID in the bound object reference (old) does not match the UID in record. The object might have been deleted and then recreated',
        ],
      ],
    };
    before(() => make(server, pods, pod('others', {})));
    for (const [name, [spec, account, metadata, expected]] of Object.entries(cases))
      test(name, async () => assert.deepEqual(verdict(await ask(spec, account, metadata)), expected));
  });

  describe('TokenReview', () => {
    const review = (spec: object) => server.call('POST', reviews, { body: { spec } });

    test('of a good one', async () => {
      const token = await tokenFor({ audiences: ['vault', issuer] });
      const { body } = await review({ token, audiences: ['vault', 'else'] });
      assert.deepEqual(
        [body.status.authenticated, body.status.user.username, body.status.audiences],
        [true, 'system:serviceaccount:default:robot', ['vault']],
      );
    });

    test('of one for others', async () => {
      const { body } = await review({ token: await tokenFor(), audiences: ['vault'] });
      assert.deepEqual(body.status, {
        user: {},
        error: `[invalid bearer token, token audiences ["${issuer}"] is invalid for the target audiences ["vault"]]`,
      });
    });

    test('of none', async () => {
      assert.deepEqual((await review({ token: 'x' })).body.status, {
        user: {},
        error: 'invalid bearer token',
      });
      assert.deepEqual(verdict(await review({ token: '' })), [
        400,
        'BadRequest',
        'token is required for TokenReview in authentication',
      ]);
    });
  });
});

test('a server without a key gives no tokens', async () => {
  const server = await startTestServer();
  await make(server, accounts, { metadata: { name: 'robot' } });
  assert.equal((await server.call('POST', `${accounts}/robot/token`, { body: {} })).status, 404);
  assert.equal((await server.call('GET', '/openid/v1/jwks')).status, 404);
  await server.close();
});
