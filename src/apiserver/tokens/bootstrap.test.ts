import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { make } from '../rest/testing.ts';
import { startTestServer } from '../test-server.ts';
import { checkBootstrapToken, isBootstrapToken } from './bootstrap.ts';

const now = Date.UTC(2026, 0, 1);
const token = 'abcdef.0123456789abcdef';
const data = {
  'token-id': 'abcdef',
  'token-secret': '0123456789abcdef',
  'usage-bootstrap-authentication': 'true',
};

function check(shown: string, changes: Record<string, string | undefined> = {}, more: object = {}) {
  const texts = Object.entries({ ...data, ...changes }).filter(([, value]) => value !== undefined);
  const secret = {
    metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(
      texts.map(([key, value]) => [key, Buffer.from(value as string).toString('base64')]),
    ),
    ...more,
  };
  const lookup = (_of: object, namespace: string, name: string) =>
    namespace === 'kube-system' && name === 'bootstrap-token-abcdef' ? secret : undefined;
  return checkBootstrapToken(shown, { lookup: lookup as never, now });
}

const joining = {
  name: 'system:bootstrap:abcdef',
  groups: ['system:bootstrappers', 'system:authenticated'],
};

describe('a bootstrap token stands for who joins', () => {
  const good: [name: string, changes: Record<string, string>, groups: string[]][] = [
    ['as it is', {}, ['system:bootstrappers']],
    ['that expires later', { expiration: '2026-01-01T00:00:01Z' }, ['system:bootstrappers']],
    [
      'with groups of its own',
      { 'auth-extra-groups': 'system:bootstrappers:workers, system:bootstrappers:a:b-1' },
      ['system:bootstrappers', 'system:bootstrappers:a:b-1', 'system:bootstrappers:workers'],
    ],
  ];
  for (const [name, changes, groups] of good)
    test(name, () =>
      assert.deepEqual(check(token, changes), { ...joining, groups: [...groups, 'system:authenticated'] }),
    );

  const bad: [name: string, shown: string, changes: Record<string, string | undefined>, more?: object][] = [
    ['another secret', 'abcdef.0123456789abcdee', {}],
    ['another id', 'abcdeg.0123456789abcdef', {}],
    ['no token at all', 'abcdef', {}],
    ['an id that is not the Secret’s', token, { 'token-id': 'abcdeg' }],
    ['a Secret without a secret', token, { 'token-secret': undefined }],
    ['a token that has expired', token, { expiration: '2026-01-01T00:00:00Z' }],
    ['a token that expires nobody knows when', token, { expiration: 'tomorrow' }],
    ['a token for something else', token, { 'usage-bootstrap-authentication': undefined }],
    ['a token that wants another group', token, { 'auth-extra-groups': 'system:masters' }],
    ['a group that begins like one', token, { 'auth-extra-groups': 'system:bootstrappers:' }],
    ['a Secret of another type', token, {}, { type: 'Opaque' }],
    [
      'a Secret that is going',
      token,
      {},
      {
        metadata: { name: 'x', deletionTimestamp: '2026-01-01T00:00:00Z' },
      },
    ],
  ];
  for (const [name, shown, changes, more] of bad)
    test(`but not ${name}`, () => assert.equal(check(shown, changes, more), undefined));
});

test('what is not of its form is another token', () => {
  assert.deepEqual([token, 'abcdef.x', 'ABCDEF.0123456789abcdef', 'a.b.c'].map(isBootstrapToken), [
    true,
    false,
    false,
    false,
  ]);
});

test('who shows it may ask for a certificate, and look at nothing', async () => {
  const server = await startTestServer();
  try {
    await make(server, '/api/v1/namespaces/kube-system/secrets', {
      metadata: { name: 'bootstrap-token-abcdef' },
      type: 'bootstrap.kubernetes.io/token',
      stringData: data,
    });
    const call = (url: string, authorization: string) =>
      server.call('GET', url, { user: undefined, headers: { authorization } });
    const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
    assert.equal((await call(requests, `Bearer ${token}`)).status, 200);
    assert.equal((await call(requests, `Bearer ${token.slice(0, -1)}0`)).status, 401);
    const { status, body } = await call('/api/v1/secrets', `Bearer ${token}`);
    assert.deepEqual(
      [status, body.message],
      [
        403,
        'secrets is forbidden: User "system:bootstrap:abcdef" cannot list resource "secrets" in API group "" at the cluster scope',
      ],
    );
    await server.call('DELETE', '/api/v1/namespaces/kube-system/secrets/bootstrap-token-abcdef');
    assert.equal((await call(requests, `Bearer ${token}`)).status, 401);
  } finally {
    await server.close();
  }
});
