import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../test-server.ts';
import { configMaps, deployment, deployments, make, pod, pods } from './testing.ts';

describe('the options of a delete', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  const remove = (url: string, body?: unknown) => server.call('DELETE', url, { body });
  const options = (more: object) => ({ kind: 'DeleteOptions', apiVersion: 'v1', ...more });

  const policies: [
    name: string,
    query: string,
    body: object | undefined,
    finalizers: string[] | undefined,
  ][] = [
    ['by query', '?propagationPolicy=Foreground', undefined, ['foregroundDeletion']],
    ['in the body', '', options({ propagationPolicy: 'Orphan' }), ['orphan']],
    ['the old way, true', '?orphanDependents=true', undefined, ['orphan']],
    ['the old way, in the body', '', options({ orphanDependents: true }), ['orphan']],
    [
      'a body beside a query: the body alone counts',
      '?propagationPolicy=Foreground',
      options({ propagationPolicy: 'Orphan' }),
      ['orphan'],
    ],
  ];
  for (const [name, query, body, finalizers] of policies)
    test(`propagation ${name}`, async () => {
      await make(server, deployments, deployment('web'));
      const answer = await remove(`${deployments}/web${query}`, body);
      assert.deepEqual([answer.status, answer.body.metadata.finalizers], [200, finalizers]);
    });

  for (const [name, query, body] of [
    ['Background', '?propagationPolicy=Background', undefined],
    ['the old way, false', '', options({ orphanDependents: false })],
    ['none', '', undefined],
  ] as const)
    test(`propagation ${name}: it goes at once`, async () => {
      await make(server, deployments, deployment('web'));
      assert.equal((await remove(`${deployments}/web${query}`, body)).body.status, 'Success');
      assert.equal((await server.call('GET', `${deployments}/web`)).status, 404);
    });

  const graces: [name: string, query: string, body: object | undefined, seconds: number][] = [
    ['the pod’s own', '', undefined, 30],
    ['by query', '?gracePeriodSeconds=5', undefined, 5],
    ['in the body', '', options({ gracePeriodSeconds: 7 }), 7],
    ['below nothing is one second', '?gracePeriodSeconds=-1', undefined, 1],
  ];
  for (const [name, query, body, seconds] of graces)
    test(`grace: ${name}`, async () => {
      await make(server, pods, pod('p', { nodeName: 'n1' }));
      const answer = await remove(`${pods}/p${query}`, body);
      assert.equal(answer.body.metadata.deletionGracePeriodSeconds, seconds);
    });

  const refusals: [name: string, query: string, body: unknown, status: number][] = [
    ['a policy that is none', '?propagationPolicy=Sideways', undefined, 422],
    ['both ways of saying it', '', options({ propagationPolicy: 'Orphan', orphanDependents: true }), 422],
    ['a grace that is no number', '?gracePeriodSeconds=soon', undefined, 400],
    ['a dry run that is none', '', options({ dryRun: ['Some'] }), 422],
    ['a body of another kind', '', { kind: 'ConfigMap', apiVersion: 'v1' }, 400],
    ['a body that is no JSON', '', '{', 400],
    ['a list', '', '[]', 400],
    ['a wrong type', '', options({ gracePeriodSeconds: 'soon' }), 400],
    ['the uid of another', '', options({ preconditions: { uid: 'other' } }), 409],
    ['a version that is past', '', options({ preconditions: { resourceVersion: '1' } }), 409],
  ];
  for (const [name, query, body, status] of refusals)
    test(`refuses ${name}, and deletes nothing`, async () => {
      await make(server, configMaps, { metadata: { name: 'a' } });
      const answer = await remove(`${configMaps}/a${query}`, body);
      assert.equal(answer.status, status, answer.text);
      assert.equal((await server.call('GET', `${configMaps}/a`)).status, 200);
    });

  test('in YAML; what is neither is refused', async () => {
    await make(server, pods, pod('p', { nodeName: 'n1' }));
    const send = (type: string) =>
      server.call('DELETE', `${pods}/p`, {
        body: 'gracePeriodSeconds: 8',
        headers: { 'content-type': type },
      });
    const refused = await send('text/plain');
    assert.deepEqual([refused.status, refused.body.reason], [415, 'UnsupportedMediaType']);
    const answer = await send('application/yaml');
    assert.deepEqual(
      [answer.status, answer.body.metadata?.deletionGracePeriodSeconds],
      [200, 8],
      answer.text,
    );
  });

  test('in protobuf, as kubectl delete sends them', async () => {
    await make(server, pods, pod('p', { nodeName: 'n1' }));
    // The envelope (k8s\0, runtime.Unknown) around DeleteOptions with field 1, gracePeriodSeconds, at 9.
    const type = Buffer.from('\x0a\x02v1\x12\x0dDeleteOptions', 'latin1');
    const raw = Buffer.from([0x08, 9]);
    const body = Buffer.concat([
      Buffer.from('k8s\0', 'latin1'),
      Buffer.from([0x0a, type.length]),
      type,
      Buffer.from([0x12, raw.length]),
      raw,
    ]);
    const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' };
    const answer = await server.call('DELETE', `${pods}/p`, { body, headers });
    assert.deepEqual(
      [answer.status, answer.body.metadata?.deletionGracePeriodSeconds],
      [200, 9],
      answer.text,
    );
  });
});
