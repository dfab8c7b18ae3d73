/** `?dryRun=All` on every verb: the answer is as if, the store is as it was. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Answer, startTestServer, type TestServer } from '../test-server.ts';
import {
  applyPatch,
  configMaps,
  deployment,
  deployments,
  jsonPatch,
  make,
  mergePatch,
  pod,
  pods,
  strategicPatch,
} from './testing.ts';

const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
const services = '/api/v1/namespaces/default/services';

describe('a dry run', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
    await make(server, configMaps, { metadata: { name: 'a', labels: { app: 'web' } }, data: { x: '1' } });
    await make(server, configMaps, { metadata: { name: 'held', finalizers: ['example.com/hold'] } });
    await make(server, deployments, deployment('web'));
    await make(server, pods, pod('p', { nodeName: 'n1' }));
  });
  afterEach(() => server.close());

  const newest = async () => (await server.store.range({ from: 'x', limit: 0 })).revision;
  const data = ({ body }: Answer) => body.data;
  const spec = (x: string) => ({ metadata: { name: 'a' }, data: { x } });

  type Case = [
    name: string,
    method: string,
    url: string,
    sent: { body?: unknown; headers?: Record<string, string> },
    status: number,
    shows: (answer: Answer) => unknown,
    expected: unknown,
  ];
  const cases: Case[] = [
    [
      'create',
      'POST',
      configMaps,
      { body: { metadata: { name: 'b' }, data: { x: '1' } } },
      201,
      data,
      { x: '1' },
    ],
    [
      'create with a drawn name',
      'POST',
      configMaps,
      { body: { metadata: { generateName: 'b-' } } },
      201,
      ({ body }) => /^b-.{5}$/.test(body.metadata.name),
      true,
    ],
    [
      'create of a Service',
      'POST',
      services,
      { body: { metadata: { name: 's' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } } },
      201,
      ({ body }) => [body.spec.clusterIP.startsWith('10.96.'), body.spec.ports[0].nodePort >= 30_000],
      [true, true],
    ],
    ['update', 'PUT', `${configMaps}/a`, { body: spec('2') }, 200, data, { x: '2' }],
    [
      'update that creates',
      'PUT',
      `${leases}/l`,
      { body: { metadata: { name: 'l' }, spec: { holderIdentity: 'me' } } },
      201,
      ({ body }) => body.spec.holderIdentity,
      'me',
    ],
    [
      'merge patch',
      'PATCH',
      `${configMaps}/a`,
      { body: { data: { y: '2' } }, headers: mergePatch },
      200,
      data,
      { x: '1', y: '2' },
    ],
    [
      'strategic patch',
      'PATCH',
      `${configMaps}/a`,
      { body: { data: { x: null } }, headers: strategicPatch },
      200,
      data,
      undefined,
    ],
    [
      'JSON patch',
      'PATCH',
      `${configMaps}/a`,
      { body: [{ op: 'replace', path: '/data/x', value: '3' }], headers: jsonPatch },
      200,
      data,
      { x: '3' },
    ],
    [
      'apply',
      'PATCH',
      `${configMaps}/a?fieldManager=mine&force=true`,
      { body: { apiVersion: 'v1', kind: 'ConfigMap', ...spec('4') }, headers: applyPatch },
      200,
      data,
      { x: '4' },
    ],
    [
      'status',
      'PATCH',
      `${deployments}/web/status`,
      { body: { status: { replicas: 4 } }, headers: mergePatch },
      200,
      ({ body }) => body.status.replicas,
      4,
    ],
    [
      'a new generation',
      'PATCH',
      `${deployments}/web`,
      { body: { spec: { replicas: 4 } }, headers: mergePatch },
      200,
      ({ body }) => body.metadata.generation,
      2,
    ],
    [
      'delete',
      'DELETE',
      `${configMaps}/a`,
      {},
      200,
      ({ body }) => [body.kind, body.details.name],
      ['Status', 'a'],
    ],
    [
      'delete, by its body',
      'DELETE',
      `${configMaps}/held`,
      { body: { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['All'] } },
      200,
      ({ body }) => body.metadata.deletionTimestamp,
      '2026-01-01T00:00:00Z',
    ],
    [
      'delete of a pod with grace',
      'DELETE',
      `${pods}/p`,
      {},
      200,
      ({ body }) => body.metadata.deletionGracePeriodSeconds,
      30,
    ],
    [
      'deletecollection',
      'DELETE',
      `${configMaps}?labelSelector=app%3Dweb`,
      {},
      200,
      ({ body }) => body.items.map((item: { metadata: { name: string } }) => item.metadata.name),
      ['a'],
    ],
  ];
  for (const [name, method, url, sent, status, shows, expected] of cases)
    test(name, async () => {
      const stream = await server.watch(`/api/v1/configmaps?watch=1&resourceVersion=${await newest()}`);
      const before = await newest();
      const inBody = name.endsWith('by its body');
      const query = inBody ? '' : `${url.includes('?') ? '&' : '?'}dryRun=All`;
      const answer = await server.call(method, url + query, sent);
      assert.equal(answer.status, status, answer.text);
      assert.deepEqual(shows(answer), expected);
      assert.equal(await newest(), before);
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(stream.events, []);
    });

  const refusals: [name: string, method: string, url: string, body: unknown, status: number][] = [
    ['of a name that is taken', 'POST', configMaps, spec('1'), 409],
    ['of a stale version', 'PUT', `${configMaps}/a`, { metadata: { name: 'a', resourceVersion: '1' } }, 409],
    ['of what is not there', 'PUT', `${configMaps}/none`, { metadata: { name: 'none' } }, 404],
    ['of an invalid object', 'POST', configMaps, { metadata: { name: 'Upper' } }, 422],
    ['in no namespace', 'POST', '/api/v1/namespaces/none/configmaps', spec('1'), 404],
    ['of a delete of what is not there', 'DELETE', `${configMaps}/none`, undefined, 404],
  ];
  for (const [name, method, url, body, status] of refusals)
    test(`is refused as the real one: ${name}`, async () => {
      const dry = await server.call(method, `${url}?dryRun=All`, { body });
      const real = await server.call(method, url, { body });
      assert.deepEqual([dry.status, dry.body], [status, real.body]);
    });

  test('takes no address and no port: they can be had afterwards', async () => {
    const body = {
      metadata: { name: 's' },
      spec: { type: 'NodePort', clusterIP: '10.96.5.5', ports: [{ port: 80, nodePort: 30_555 }] },
    };
    assert.equal((await server.call('POST', `${services}?dryRun=All`, { body })).status, 201);
    const { spec: real } = await make(server, services, body);
    assert.deepEqual([real.clusterIP, real.ports[0].nodePort], ['10.96.5.5', 30_555]);
    const other = { ...body, metadata: { name: 'other' } };
    assert.equal((await server.call('POST', `${services}?dryRun=All`, { body: other })).status, 422);
  });
});
