import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { StatusError } from '../../kinds/status.ts';
import type { Attributes, Authorizer } from '../authorization/attributes.ts';
import type { UserInfo } from '../request.ts';
import { startTestServer, type TestServer } from '../test-server.ts';
import { impersonatedUser } from './impersonation.ts';

const root: UserInfo = {
  name: 'root',
  groups: ['system:masters', 'system:authenticated'],
  uid: 'u-0',
  extra: { from: ['a certificate'] },
};

/** Keeps what it was asked. */
function authorizerThat(allowed: (attributes: Attributes) => boolean) {
  const asked: string[] = [];
  const authorizer: Authorizer = {
    authorize(attributes) {
      const { verb, group, resource, subresource, namespace, name } = attributes;
      asked.push([verb, group, resource, subresource, namespace, name].join(' '));
      return { allowed: allowed(attributes), reason: '' };
    },
  };
  return { authorizer, asked };
}

describe('who acts as somebody else', () => {
  const cases: [name: string, headers: Record<string, string>, expected: UserInfo, asked: string[]][] = [
    ['nobody else', { accept: '*/*' }, root, []],
    [
      'a user is authenticated; nothing of the requestor is left',
      { 'impersonate-user': 'ada' },
      { name: 'ada', groups: ['system:authenticated'] },
      ['impersonate  users   ada'],
    ],
    [
      'a user with groups',
      { 'impersonate-user': 'ada', 'impersonate-group': 'dev, ops' },
      { name: 'ada', groups: ['dev', 'ops', 'system:authenticated'] },
      ['impersonate  users   ada', 'impersonate  groups   dev', 'impersonate  groups   ops'],
    ],
    [
      'the group of everybody is not named twice',
      { 'impersonate-user': 'ada', 'impersonate-group': 'system:authenticated' },
      { name: 'ada', groups: ['system:authenticated'] },
      ['impersonate  users   ada', 'impersonate  groups   system:authenticated'],
    ],
    [
      'who is named a stranger is one',
      { 'impersonate-user': 'ada', 'impersonate-group': 'system:unauthenticated' },
      { name: 'ada', groups: ['system:unauthenticated'] },
      ['impersonate  users   ada', 'impersonate  groups   system:unauthenticated'],
    ],
    [
      'anonymous is a stranger',
      { 'impersonate-user': 'system:anonymous' },
      { name: 'system:anonymous', groups: ['system:unauthenticated'] },
      ['impersonate  users   system:anonymous'],
    ],
    [
      'a service account has its groups',
      { 'impersonate-user': 'system:serviceaccount:shop:robot' },
      {
        name: 'system:serviceaccount:shop:robot',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
      },
      ['impersonate  serviceaccounts  shop robot'],
    ],
    [
      'a service account with other groups has those alone',
      { 'impersonate-user': 'system:serviceaccount:shop:robot', 'impersonate-group': 'dev' },
      { name: 'system:serviceaccount:shop:robot', groups: ['dev', 'system:authenticated'] },
      ['impersonate  serviceaccounts  shop robot', 'impersonate  groups   dev'],
    ],
    [
      'what only looks like a service account is a user',
      { 'impersonate-user': 'system:serviceaccount:Shop:robot' },
      { name: 'system:serviceaccount:Shop:robot', groups: ['system:authenticated'] },
      ['impersonate  users   system:serviceaccount:Shop:robot'],
    ],
    [
      'uid and extra',
      {
        'impersonate-user': 'ada',
        'impersonate-uid': 'u-1',
        'impersonate-extra-example.org%2fscopes': 'view, edit',
        'impersonate-extra-100%': 'x',
      },
      {
        name: 'ada',
        groups: ['system:authenticated'],
        uid: 'u-1',
        extra: { '100%': ['x'], 'example.org/scopes': ['view', 'edit'] },
      },
      [
        'impersonate  users   ada',
        'impersonate authentication.k8s.io userextras 100%  x',
        'impersonate authentication.k8s.io userextras example.org/scopes  view',
        'impersonate authentication.k8s.io userextras example.org/scopes  edit',
        'impersonate authentication.k8s.io uids   u-1',
      ],
    ],
    [
      'names are UTF-8',
      { 'impersonate-user': Buffer.from('Åsa').toString('latin1') },
      { name: 'Åsa', groups: ['system:authenticated'] },
      ['impersonate  users   Åsa'],
    ],
    [
      'a key of the language is plain data',
      { 'impersonate-user': 'ada', 'impersonate-extra-__proto__': 'x' },
      {
        name: 'ada',
        groups: ['system:authenticated'],
        extra: JSON.parse('{"__proto__":["x"]}') as Record<string, string[]>,
      },
      ['impersonate  users   ada', 'impersonate authentication.k8s.io userextras __proto__  x'],
    ],
  ];
  for (const [name, headers, expected, questions] of cases)
    test(name, () => {
      const { authorizer, asked } = authorizerThat(() => true);
      assert.deepEqual(impersonatedUser(root, { headers, authorizer }), expected);
      assert.deepEqual(asked, questions);
    });

  const refusals: [name: string, headers: Record<string, string>, may: string[], message: string][] = [
    [
      'the user',
      { 'impersonate-user': 'ada' },
      [],
      'users "ada" is forbidden: User "root" cannot impersonate resource "users" in API group "" at the cluster scope',
    ],
    [
      'one group of two',
      { 'impersonate-user': 'ada', 'impersonate-group': 'dev,system:masters' },
      ['ada', 'dev'],
      'groups "system:masters" is forbidden: User "root" cannot impersonate resource "groups" in API group "" at the cluster scope',
    ],
    [
      'a service account',
      { 'impersonate-user': 'system:serviceaccount:shop:robot' },
      [],
      'serviceaccounts "robot" is forbidden: User "root" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "shop"',
    ],
    [
      'extra',
      { 'impersonate-user': 'ada', 'impersonate-extra-scopes': 'view' },
      ['ada'],
      'userextras.authentication.k8s.io "view" is forbidden: User "root" cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope',
    ],
  ];
  for (const [name, headers, may, message] of refusals)
    test(`must be allowed ${name}`, () => {
      const { authorizer } = authorizerThat(({ name: who = '' }) => may.includes(who));
      assert.throws(
        () => impersonatedUser(root, { headers, authorizer }),
        (error: unknown) =>
          error instanceof StatusError && error.httpCode === 403 && error.message === message,
      );
    });

  test('groups of nobody are a mistake', () => {
    const { authorizer } = authorizerThat(() => true);
    const headers = { 'impersonate-group': 'dev', 'impersonate-uid': 'u-1' };
    assert.throws(
      () => impersonatedUser(root, { headers, authorizer }),
      new StatusError(
        500,
        'InternalError',
        'Internal error occurred: requested [Group dev, UID u-1] without impersonating a user',
        { causes: [{ message: 'requested [Group dev, UID u-1] without impersonating a user' }] },
      ),
    );
  });
});

describe('acting as somebody else, through the server', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());
  const pods = '/api/v1/namespaces/default/pods';
  const as = (user: UserInfo, headers: Record<string, string>) => server.call('GET', pods, { user, headers });

  test('an administrator who acts as a user may do no more than that user', async () => {
    const { status, body } = await as(root, { 'impersonate-user': 'ada' });
    assert.deepEqual(
      [status, body.message],
      [
        403,
        'pods is forbidden: User "ada" cannot list resource "pods" in API group "" in the namespace "default"',
      ],
    );
  });

  test('an administrator may act as another one', async () => {
    const headers = { 'impersonate-user': 'ada', 'impersonate-group': 'system:masters' };
    assert.equal((await as(root, headers)).status, 200);
  });

  test('nobody else may act as one', async () => {
    const headers = { 'impersonate-user': 'root', 'impersonate-group': 'system:masters' };
    for (const user of [
      { name: 'ada', groups: ['system:authenticated'] },
      { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] },
      { name: 'system:anonymous', groups: ['system:unauthenticated'] },
    ])
      assert.equal((await as(user, headers)).status, 403, user.name);
  });
});
