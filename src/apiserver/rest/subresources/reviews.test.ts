import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { UserInfo } from '../../request.ts';
import { startTestServer, type TestServer } from '../../test-server.ts';
import { verdict } from '../testing.ts';

const jane: UserInfo = { name: 'jane', groups: ['dev', 'system:authenticated'], uid: 'u-1' };
const admin: UserInfo = { name: 'root', groups: ['system:masters', 'system:authenticated'] };
const authorization = '/apis/authorization.k8s.io/v1';
const authentication = '/apis/authentication.k8s.io/v1';

describe('reviews', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const ask = (url: string, spec: object | undefined, user: UserInfo = admin) =>
    server.call('POST', url, { body: { metadata: {}, ...(spec === undefined ? {} : { spec }) }, user });
  const listPods = { verb: 'list', resource: 'pods', namespace: 'default' };

  const questions: [name: string, url: string, spec: object, user: UserInfo, allowed: boolean][] = [
    ['an admin may list pods', 'selfsubjectaccessreviews', { resourceAttributes: listPods }, admin, true],
    ['a stranger may not', 'selfsubjectaccessreviews', { resourceAttributes: listPods }, jane, false],
    [
      'a user may discover',
      'selfsubjectaccessreviews',
      { nonResourceAttributes: { verb: 'get', path: '/apis' } },
      jane,
      true,
    ],
    [
      'a user may not scrape',
      'selfsubjectaccessreviews',
      { nonResourceAttributes: { verb: 'get', path: '/metrics' } },
      jane,
      false,
    ],
    [
      'about somebody else, by groups',
      'subjectaccessreviews',
      { user: 'x', groups: ['system:masters'], resourceAttributes: listPods },
      admin,
      true,
    ],
    [
      'about somebody else, by name alone',
      'subjectaccessreviews',
      { user: 'root', resourceAttributes: listPods },
      admin,
      false,
    ],
  ];
  for (const [name, plural, spec, user, allowed] of questions)
    test(`${name}: ${allowed}`, async () => {
      const { status, body } = await ask(`${authorization}/${plural}`, spec, user);
      assert.deepEqual([status, body.status.allowed], [201, allowed]);
      assert.deepEqual(body.spec, spec);
    });

  test('in a namespace, about that namespace only', async () => {
    const url = `${authorization}/namespaces/default/localsubjectaccessreviews`;
    const spec = { user: 'x', groups: ['system:masters'], resourceAttributes: listPods };
    const { status, body } = await ask(url, spec);
    assert.deepEqual([status, body.status.allowed], [201, true]);
    const elsewhere = { ...spec, resourceAttributes: { ...listPods, namespace: 'kube-system' } };
    assert.deepEqual(verdict(await ask(url, elsewhere)), [
      422,
      'Invalid',
      '.authorization.k8s.io "" is invalid: spec.resourceAttributes.namespace: Invalid value: "kube-system": must match metadata.namespace',
    ]);
  });

  test('about a node’s pods, by what is selected', async () => {
    const spec = { user: 'system:node:n1', groups: ['system:nodes'] };
    const may = async (fieldSelector: object | undefined) => {
      const resourceAttributes = { verb: 'list', resource: 'pods', ...(fieldSelector && { fieldSelector }) };
      const { body } = await ask(`${authorization}/subjectaccessreviews`, { ...spec, resourceAttributes });
      return body.status;
    };
    assert.deepEqual(await may({ rawSelector: 'spec.nodeName=n1' }), { allowed: true });
    const own = [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }];
    assert.deepEqual(await may({ requirements: own }), { allowed: true });
    const refused = { allowed: false, reason: 'can only list/watch pods with spec.nodeName field selector' };
    assert.deepEqual(await may(undefined), refused);
    for (const requirement of [
      { key: 'spec.nodeName', operator: 'In', values: ['n1', 'n2'] },
      { key: 'spec.nodeName', operator: 'NotIn', values: ['n1'] },
      { key: 'spec.nodeName=n1,x', operator: 'In', values: ['y'] },
    ])
      assert.deepEqual(await may({ requirements: [requirement] }), refused);
  });

  const incomplete: [name: string, plural: string, spec: object, message: string][] = [
    [
      'no question',
      'selfsubjectaccessreviews',
      {},
      'spec.resourceAttributes: Invalid value: "null": exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ],
    [
      'nobody to ask about',
      'subjectaccessreviews',
      { resourceAttributes: listPods },
      'spec.user: Invalid value: "": at least one of user or group must be specified',
    ],
  ];
  for (const [name, plural, spec, message] of incomplete)
    test(`${name} is refused`, async () => {
      const answer = await ask(`${authorization}/${plural}`, spec);
      assert.deepEqual(verdict(answer), [422, 'Invalid', `.authorization.k8s.io "" is invalid: ${message}`]);
    });

  test('what may I: in which namespace', async () => {
    const { status, body } = await ask(`${authorization}/selfsubjectrulesreviews`, {});
    assert.deepEqual([status, body.message], [400, 'no namespace on request']);
  });

  test('who am I', async () => {
    const { status, body } = await ask(`${authentication}/selfsubjectreviews`, undefined, jane);
    assert.deepEqual(
      [status, body],
      [
        201,
        {
          kind: 'SelfSubjectReview',
          apiVersion: 'authentication.k8s.io/v1',
          metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
          status: {
            userInfo: { username: 'jane', groups: ['dev', 'system:authenticated'], uid: 'u-1' },
          },
        },
      ],
    );
  });

  test('what may I', async () => {
    const url = `${authorization}/selfsubjectrulesreviews`;
    const all = await ask(url, { namespace: 'default' });
    const everything = {
      resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
      nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
    };
    const ofJane = (await ask(url, { namespace: 'default' }, jane)).body.status;
    assert.deepEqual(all.body.status, {
      resourceRules: [...everything.resourceRules, ...ofJane.resourceRules],
      nonResourceRules: [...everything.nonResourceRules, ...ofJane.nonResourceRules],
      incomplete: false,
    });
    const { body } = await ask(url, { namespace: 'default' }, jane);
    // Each rule it names holds: what it lists is what is then allowed.
    for (const { verbs, nonResourceURLs } of body.status.nonResourceRules)
      for (const path of nonResourceURLs.filter((each: string) => !each.includes('*'))) {
        assert.deepEqual(verbs, ['get']);
        const { status } = await server.call('GET', path, { user: jane });
        assert.notEqual(status, 403, path);
      }
    for (const { apiGroups, resources } of body.status.resourceRules)
      for (const resource of resources) {
        const { status } = await server.call('POST', `/apis/${apiGroups[0]}/v1/${resource}`, {
          body: { spec: { namespace: 'default', nonResourceAttributes: { path: '/', verb: 'get' } } },
          user: jane,
        });
        assert.notEqual(status, 403, resource);
      }
  });

  test('no token is known', async () => {
    const { status, body } = await ask(`${authentication}/tokenreviews`, { token: 'x' });
    assert.deepEqual([status, body.status.authenticated ?? false], [201, false]);
  });

  test('a question is answered, not kept: it can only be created', async () => {
    const url = `${authorization}/selfsubjectaccessreviews`;
    const { revision } = await server.store.range({ from: 'x', limit: 0 });
    await ask(url, { resourceAttributes: listPods });
    assert.equal((await server.store.range({ from: 'x', limit: 0 })).revision, revision);
    const list = await server.call('GET', url);
    assert.deepEqual(verdict(list).slice(0, 2), [405, 'MethodNotAllowed']);
  });

  test('only who may do everything may ask about others', async () => {
    const { status } = await ask(
      `${authorization}/subjectaccessreviews`,
      { user: 'x', resourceAttributes: listPods },
      jane,
    );
    assert.equal(status, 403);
  });
});
