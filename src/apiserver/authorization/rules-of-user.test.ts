import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bootstrapRules } from './bootstrap-rules.ts';
import { bootstrapRulesOf } from './rules-of-user.ts';

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
