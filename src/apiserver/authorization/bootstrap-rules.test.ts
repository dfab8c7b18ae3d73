import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { anonymous, type UserInfo } from '../request.ts';
import { parseRequest } from '../request-info.ts';
import { attributesOf, refusal } from './attributes.ts';
import { authorizeByBootstrapRules, bootstrapRules, bootstrapRulesOf } from './bootstrap-rules.ts';

const admin: UserInfo = { name: 'root', groups: ['system:masters', 'system:authenticated'] };
const jane: UserInfo = { name: 'jane', groups: ['system:authenticated'] };

describe('who may do what', () => {
  const cases: [name: string, user: UserInfo, method: string, url: string, allowed: boolean][] = [
    ['an admin lists secrets', admin, 'GET', '/api/v1/secrets', true],
    ['an admin scrapes', admin, 'GET', '/metrics', true],
    ['anyone asks for health', anonymous, 'GET', '/healthz', true],
    ['a stranger asks for one check', anonymous, 'GET', '/readyz/ping', false],
    ['an admin asks for one check', admin, 'GET', '/readyz/ping', true],
    ['anyone asks for the version', anonymous, 'GET', '/version', true],
    ['anyone, with a slash', anonymous, 'GET', '/version/', true],
    ['a stranger posts to health', anonymous, 'POST', '/healthz', false],
    ['a stranger asks for what begins like health', anonymous, 'GET', '/healthzz', false],
    ['a stranger discovers', anonymous, 'GET', '/api', false],
    ['a stranger lists', anonymous, 'GET', '/api/v1/namespaces', false],
    [
      'a stranger asks about himself',
      anonymous,
      'POST',
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      false,
    ],
    ['a user discovers the core group', jane, 'GET', '/api/v1', true],
    ['a user discovers a group', jane, 'GET', '/apis/apps/v1', true],
    ['a user reads the OpenAPI document', jane, 'GET', '/openapi/v3/apis/apps/v1', true],
    ['a user scrapes', jane, 'GET', '/metrics', false],
    ['a user lists', jane, 'GET', '/api/v1/namespaces/default/pods', false],
    [
      'a user asks about herself',
      jane,
      'POST',
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      true,
    ],
    ['a user asks who she is', jane, 'POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', true],
    ['a user asks about others', jane, 'POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', false],
    [
      'a group that only looks like it',
      { name: 'x', groups: ['System:Masters'] },
      'GET',
      '/api/v1/pods',
      false,
    ],
    ['a name that looks like a group', { name: 'system:masters', groups: [] }, 'GET', '/api/v1/pods', false],
  ];
  for (const [name, user, method, url, allowed] of cases)
    test(`${name}: ${allowed ? 'yes' : 'no'}`, () =>
      assert.equal(
        authorizeByBootstrapRules(attributesOf(user, parseRequest(method, url))).allowed,
        allowed,
      ));
});

describe('a refusal in upstream’s words', () => {
  const cases: [name: string, method: string, url: string, message: string][] = [
    [
      'a list of a whole cluster',
      'GET',
      '/api/v1/pods',
      'pods is forbidden: User "jane" cannot list resource "pods" in API group "" at the cluster scope',
    ],
    [
      'one object',
      'DELETE',
      '/apis/apps/v1/namespaces/default/deployments/web',
      'deployments.apps "web" is forbidden: User "jane" cannot delete resource "deployments" in API group "apps" in the namespace "default"',
    ],
    [
      'a subresource',
      'PATCH',
      '/apis/apps/v1/namespaces/default/deployments/web/scale',
      'deployments.apps "web" is forbidden: User "jane" cannot patch resource "deployments/scale" in API group "apps" in the namespace "default"',
    ],
    [
      'a watch',
      'GET',
      '/api/v1/namespaces/default/pods?watch=true',
      'pods is forbidden: User "jane" cannot watch resource "pods" in API group "" in the namespace "default"',
    ],
    ['a path', 'GET', '/metrics?x=y', 'forbidden: User "jane" cannot get path "/metrics"'],
  ];
  for (const [name, method, url, message] of cases)
    test(name, () => {
      const error = refusal(attributesOf(jane, parseRequest(method, url)), '');
      assert.deepEqual([error.httpCode, error.reason, error.message], [403, 'Forbidden', message]);
    });

  test('with a reason, when there is one', () => {
    const error = refusal(attributesOf(jane, parseRequest('GET', '/x')), 'it is late');
    assert.equal(error.message, 'forbidden: User "jane" cannot get path "/x": it is late');
  });

  test('names what it was about for programs', () => {
    const error = refusal(
      attributesOf(jane, parseRequest('GET', '/apis/apps/v1/namespaces/a/deployments/b')),
      '',
    );
    assert.deepEqual(error.details, { name: 'b', group: 'apps', kind: 'deployments' });
  });
});

const publicPaths = ['/healthz', '/livez', '/readyz', '/version', '/version/'];
const everything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
const requests = {
  verbs: ['create', 'get', 'list', 'watch'],
  apiGroups: ['certificates.k8s.io'],
  resources: ['certificatesigningrequests'],
};

describe('the rules that are listed for a user', () => {
  const cases: [name: string, groups: string[], resources: string[][], paths: string[][]][] = [
    ['nobody', ['system:unauthenticated'], [], [publicPaths]],
    [
      'a user',
      ['system:authenticated'],
      [['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['selfsubjectreviews']],
      [
        [
          ...['/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez'],
          ...['/openapi', '/openapi/*', '/readyz', '/version', '/version/'],
        ],
        publicPaths,
      ],
    ],
    ['a node that joins', ['system:bootstrappers'], [requests.resources], []],
    [
      'a service account, of its own group',
      ['system:serviceaccounts'],
      [],
      [
        [
          '/.well-known/openid-configuration',
          '/.well-known/openid-configuration/',
          '/openid/v1/jwks',
          '/openid/v1/jwks/',
        ],
      ],
    ],
    ['an administrator', ['system:masters'], [everything.resources], [['*']]],
  ];
  for (const [name, groups, resources, paths] of cases)
    test(name, () => {
      const rules = bootstrapRulesOf({ name, groups });
      assert.deepEqual(
        rules.resourceRules.map((rule) => rule.resources),
        resources,
      );
      assert.deepEqual(
        rules.nonResourceRules.map((rule) => rule.nonResourceURLs),
        paths,
      );
    });

  for (const [name, groups] of cases)
    test(`${name} may do what is listed`, () => {
      const user = { name, groups };
      const concrete = (value: string) => value.replace('*', 'x');
      const { resourceRules, nonResourceRules } = bootstrapRulesOf(user);
      for (const { verbs, apiGroups = [], resources = [] } of resourceRules)
        for (const verb of verbs)
          for (const resource of resources) {
            const asked = { user, verb, group: concrete(apiGroups[0] ?? ''), resource, subresource: '' };
            assert.ok(bootstrapRules.authorize(asked).allowed, `${verb} ${resource}`);
          }
      for (const { nonResourceURLs = [] } of nonResourceRules)
        for (const url of nonResourceURLs)
          assert.ok(bootstrapRules.authorize({ user, verb: 'get', path: concrete(url) }).allowed, url);
    });
});
