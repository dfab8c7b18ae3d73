import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createManualClock } from '../lib/manual-clock.ts';
import { seededRandom } from '../lib/random.ts';
import { createMemoryStore } from '../store/memory.ts';
import { type ControlPlaneOptions, startControlPlane } from './control-plane.ts';
import type { ApiServer } from './server.ts';

const start = (options: Partial<ControlPlaneOptions> = {}) =>
  startControlPlane({
    store: createMemoryStore(),
    clock: createManualClock(),
    random: seededRandom(1),
    serviceCIDRs: ['10.96.0.0/16'],
    nodePortRange: '30000-32767',
    advertise: undefined,
    platform: 'linux/amd64',
    runtime: 'node',
    ...options,
  });

async function call(server: ApiServer, method: string, url: string, body?: object) {
  const response = await server.handle({
    method,
    url,
    headers: {},
    body: body === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(body)),
    user: { name: 'root', groups: ['system:masters'] },
    signal: new AbortController().signal,
  });
  const text = typeof response.body === 'function' ? assert.fail() : Buffer.concat(response.body).toString();
  return { status: response.status, text };
}

const services = '/api/v1/namespaces/default/services';
const kubernetes = async (server: ApiServer) =>
  JSON.parse((await call(server, 'GET', `${services}/kubernetes`)).text);

describe('two address families', () => {
  const cidrs = ['10.96.0.0/16', 'fd00:10:96::/112'];

  test('the first is the cluster’s own; a Service may have both', async () => {
    const server = await start({ serviceCIDRs: cidrs });
    assert.deepEqual((await kubernetes(server)).spec.clusterIPs, ['10.96.0.1']);
    const { status, text } = await call(server, 'POST', services, {
      metadata: { name: 'web' },
      spec: { ipFamilyPolicy: 'PreferDualStack', ports: [{ port: 80 }] },
    });
    const { spec } = JSON.parse(text);
    assert.deepEqual([status, spec.ipFamilies], [201, ['IPv4', 'IPv6']]);
    assert.match(spec.clusterIPs[0], /^10\.96\./);
    assert.match(spec.clusterIPs[1], /^fd00:10:96::/);
    const cidr = await call(server, 'GET', '/apis/networking.k8s.io/v1/servicecidrs/kubernetes');
    assert.deepEqual(JSON.parse(cidr.text).spec.cidrs, cidrs);
    await server.close();
  });

  test('IPv6 first', async () => {
    const server = await start({ serviceCIDRs: [...cidrs].reverse() });
    const { spec } = await kubernetes(server);
    assert.deepEqual([spec.clusterIPs, spec.ipFamilies], [['fd00:10:96::1'], ['IPv6']]);
    await server.close();
  });
});

test('a server that nobody in the cluster can reach has a Service and no endpoints', async () => {
  const server = await start();
  assert.deepEqual((await kubernetes(server)).spec.clusterIPs, ['10.96.0.1']);
  const endpoints = '/api/v1/namespaces/default/endpoints/kubernetes';
  assert.equal((await call(server, 'GET', endpoints)).status, 404);
  await server.close();
});

describe('options that cannot be used are refused before anything is written', () => {
  const cases: [name: string, options: Partial<ControlPlaneOptions>, code: string][] = [
    ['no range', { serviceCIDRs: [] }, 'BAD_SERVICE_CIDR'],
    ['what is no network', { serviceCIDRs: ['10.96.0.0'] }, 'BAD_SERVICE_CIDR'],
    ['two ranges of one family', { serviceCIDRs: ['10.96.0.0/16', '10.97.0.0/16'] }, 'BAD_SERVICE_CIDR'],
    ['ports that are none', { nodePortRange: '0-99999' }, 'BAD_NODE_PORT_RANGE'],
  ];
  for (const [name, options, code] of cases)
    test(name, async () => {
      const store = createMemoryStore();
      await assert.rejects(start({ ...options, store }), { code });
      assert.equal((await store.range({ from: 'x', limit: 0 })).revision, 1);
    });
});

test('health tells when the store is gone; liveness does not restart the server for it', async () => {
  const store = createMemoryStore();
  const server = await start({ store });
  assert.deepEqual(await call(server, 'GET', '/readyz'), { status: 200, text: 'ok' });
  await store.close();
  assert.equal((await call(server, 'GET', '/livez')).text, 'ok');
  const { status, text } = await call(server, 'GET', '/readyz');
  assert.deepEqual(
    [status, text],
    [500, '[+]ping ok\n[-]store failed: reason withheld\nreadyz check failed\n'],
  );
  const write = await call(server, 'POST', '/api/v1/namespaces', { metadata: { name: 'late' } });
  assert.deepEqual([write.status, JSON.parse(write.text).reason], [503, 'ServiceUnavailable']);
  await server.close();
});

test('commits are timed for /metrics', async () => {
  const server = await start();
  const count = async () =>
    Number(
      /^wherry_store_commit_duration_seconds_count (\d+)$/m.exec(
        (await call(server, 'GET', '/metrics')).text,
      )?.[1],
    );
  const before = await count();
  await call(server, 'POST', '/api/v1/namespaces', { metadata: { name: 'one' } });
  assert.equal(await count(), before + 1);
  await server.close();
});

test('closed, it ends its watches and leaves the store open', async () => {
  const store = createMemoryStore();
  const server = await start({ store });
  const response = await server.handle({
    method: 'GET',
    url: '/api/v1/pods?watch=true',
    headers: {},
    body: new Uint8Array(),
    user: { name: 'root', groups: ['system:masters'] },
    signal: new AbortController().signal,
  });
  let ended = 0;
  if (typeof response.body !== 'function') assert.fail('not a stream');
  response.body({ write: () => {}, pendingBytes: () => 0, end: () => ended++ });
  await new Promise((resolve) => setImmediate(resolve));
  await server.close();
  assert.equal(ended, 1);
  assert.ok((await store.range({ from: 'x', limit: 0 })).revision > 1);
  await store.close();
});
