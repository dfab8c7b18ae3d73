import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseRequest } from '../request-info.ts';
import { attributesOf } from './attributes.ts';
import { rulesAllow } from './rules.ts';

const jane = { name: 'jane', groups: [] };
const of = (verbs: string[], apiGroups: string[], resources: string[], resourceNames?: string[]) => ({
  verbs,
  apiGroups,
  resources,
  ...(resourceNames && { resourceNames }),
});

describe('a rule allows', () => {
  const cases: [
    name: string,
    rule: Parameters<typeof rulesAllow>[0][number],
    method: string,
    url: string,
    allowed: boolean,
  ][] = [
    ['what it names', of(['get'], [''], ['pods']), 'GET', '/api/v1/namespaces/a/pods/b', true],
    ['no other verb', of(['get'], [''], ['pods']), 'DELETE', '/api/v1/namespaces/a/pods/b', false],
    ['no other group', of(['get'], ['apps'], ['pods']), 'GET', '/api/v1/namespaces/a/pods/b', false],
    ['no other resource', of(['get'], [''], ['pods']), 'GET', '/api/v1/namespaces/a/services/b', false],
    ['no subresource', of(['get'], [''], ['pods']), 'GET', '/api/v1/namespaces/a/pods/b/log', false],
    [
      'the subresource it names',
      of(['get'], [''], ['pods/log']),
      'GET',
      '/api/v1/namespaces/a/pods/b/log',
      true,
    ],
    ['but not its owner', of(['get'], [''], ['pods/log']), 'GET', '/api/v1/namespaces/a/pods/b', false],
    [
      'a subresource of anything',
      of(['get'], ['*'], ['*/scale']),
      'GET',
      '/apis/apps/v1/namespaces/a/deployments/b/scale',
      true,
    ],
    [
      'but no other',
      of(['get'], ['*'], ['*/scale']),
      'GET',
      '/apis/apps/v1/namespaces/a/deployments/b/status',
      false,
    ],
    ['everything', of(['*'], ['*'], ['*']), 'GET', '/api/v1/namespaces/a/pods/b/log', true],
    ['the name it names', of(['get'], [''], ['pods'], ['b']), 'GET', '/api/v1/namespaces/a/pods/b', true],
    ['no other name', of(['get'], [''], ['pods'], ['b']), 'GET', '/api/v1/namespaces/a/pods/c', false],
    [
      'no list, when it has names',
      of(['list'], [''], ['pods'], ['b']),
      'GET',
      '/api/v1/namespaces/a/pods',
      false,
    ],
    [
      'a list of the one name',
      of(['list'], [''], ['pods'], ['b']),
      'GET',
      '/api/v1/namespaces/a/pods?fieldSelector=metadata.name%3Db',
      true,
    ],
    ['a path', { verbs: ['get'], nonResourceURLs: ['/metrics'] }, 'GET', '/metrics', true],
    ['no other path', { verbs: ['get'], nonResourceURLs: ['/metrics'] }, 'GET', '/metrics/a', false],
    ['what a path begins with', { verbs: ['get'], nonResourceURLs: ['/logs/*'] }, 'GET', '/logs/a/b', true],
    ['any path', { verbs: ['get'], nonResourceURLs: ['*'] }, 'GET', '/x', true],
    ['no path by a resource', of(['*'], ['*'], ['*']), 'GET', '/x', false],
  ];
  for (const [name, rule, method, url, allowed] of cases)
    test(`${name}: ${allowed ? 'yes' : 'no'}`, () =>
      assert.equal(rulesAllow([rule], attributesOf(jane, parseRequest(method, url))), allowed));
});
