import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from '../lib/manual-clock.ts';
import { seededRandom } from '../lib/random.ts';
import { createMemoryStore } from '../store/memory.ts';
import { bootCluster } from './boot.ts';
import { startControlPlane } from './control-plane.ts';
import { merge } from './rest/testing.ts';
import { startTestServer } from './test-server.ts';

test('a cluster has its namespaces, ranges, classes and the Service of its API from the first moment', async () => {
  const server = await startTestServer();
  const names = async (url: string) =>
    (await server.call('GET', url)).body.items.map(
      (item: { metadata: { name: string } }) => item.metadata.name,
    );
  assert.deepEqual(await names('/api/v1/namespaces'), [
    'default',
    'kube-node-lease',
    'kube-public',
    'kube-system',
  ]);
  assert.deepEqual(await names('/apis/scheduling.k8s.io/v1/priorityclasses'), [
    'system-cluster-critical',
    'system-node-critical',
  ]);
  const cidr = await server.call('GET', '/apis/networking.k8s.io/v1/servicecidrs/kubernetes');
  assert.deepEqual(cidr.body.spec, { cidrs: ['10.96.0.0/16'] });

  const { body: service } = await server.call('GET', '/api/v1/namespaces/default/services/kubernetes');
  assert.deepEqual(
    [service.metadata.labels, service.spec.type, service.spec.clusterIPs, service.spec.selector],
    [{ component: 'apiserver', provider: 'kubernetes' }, 'ClusterIP', ['10.96.0.1'], undefined],
  );
  assert.deepEqual(service.spec.ports, [{ name: 'https', protocol: 'TCP', port: 443, targetPort: 6443 }]);
  const { body: endpoints } = await server.call('GET', '/api/v1/namespaces/default/endpoints/kubernetes');
  assert.deepEqual(endpoints.metadata.labels, { 'endpointslice.kubernetes.io/skip-mirror': 'true' });
  assert.deepEqual(endpoints.subsets, [
    { addresses: [{ ip: '172.30.0.1' }], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] },
  ]);
  const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
  const { body: slice } = await server.call('GET', `${slices}/kubernetes`);
  assert.deepEqual(
    [slice.metadata.labels, slice.addressType, slice.endpoints, slice.ports],
    [
      { 'kubernetes.io/service-name': 'kubernetes' },
      'IPv4',
      [{ addresses: ['172.30.0.1'], conditions: { ready: true } }],
      [{ name: 'https', port: 6443, protocol: 'TCP' }],
    ],
  );
  await server.close();
});

test('a second start changes nothing that people have changed, and says where the server is now', async () => {
  const store = createMemoryStore();
  const first = await startTestServer({ store });
  await merge(first, '/api/v1/namespaces/kube-public', { metadata: { labels: { mine: 'yes' } } });
  await merge(first, '/api/v1/namespaces/default/services/kubernetes', {
    metadata: { labels: { mine: 'yes' } },
  });
  const before = (await first.call('GET', '/api/v1/namespaces')).body.items;
  await first.server.close();

  const clock = createManualClock();
  const second = await startControlPlane({
    store,
    clock,
    random: seededRandom(2),
    serviceCIDRs: ['10.96.0.0/16'],
    nodePortRange: '30000-32767',
    advertise: { address: 'fd00::5', port: 7443 },
    platform: 'linux/amd64',
    runtime: 'node',
  });
  const read = async (url: string) => {
    const response = await second.handle({
      method: 'GET',
      url,
      headers: {},
      body: new Uint8Array(),
      user: { name: 'root', groups: ['system:masters'] },
      signal: new AbortController().signal,
    });
    return typeof response.body === 'function'
      ? assert.fail()
      : JSON.parse(Buffer.concat(response.body).toString());
  };
  assert.deepEqual((await read('/api/v1/namespaces')).items, before);
  const service = await read('/api/v1/namespaces/default/services/kubernetes');
  assert.equal(service.metadata.labels.mine, 'yes');
  assert.deepEqual(service.spec.ports, [{ name: 'https', protocol: 'TCP', port: 443, targetPort: 7443 }]);
  const endpoints = await read('/api/v1/namespaces/default/endpoints/kubernetes');
  assert.deepEqual(endpoints.subsets[0].addresses, [{ ip: 'fd00::5' }]);
  assert.equal(endpoints.subsets[0].ports[0].port, 7443);
  // An address of the other family, which a slice cannot change to.
  const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
  const slice = await read(`${slices}/kubernetes`);
  assert.deepEqual([slice.addressType, slice.endpoints[0].addresses], ['IPv6', ['fd00::5']]);
  await second.close();
  await store.close();
});

test('a start in the same place writes nothing', async () => {
  const store = createMemoryStore();
  const first = await startTestServer({ store });
  const { revision } = await store.range({ from: 'x', limit: 0 });
  const second = await startTestServer({ store });
  assert.equal((await store.range({ from: 'x', limit: 0 })).revision, revision);
  await first.server.close();
  await second.close();
});

test('two servers that start at once on an empty store both come up', async () => {
  const store = createMemoryStore();
  const [one, two] = await Promise.all([startTestServer({ store }), startTestServer({ store })]);
  assert.equal((await one.call('GET', '/api/v1/namespaces')).body.items.length, 4);
  await one.server.close();
  await two.close();
});

test('an object that is refused ends the start, and says which and why', async () => {
  const options = { serviceCIDRs: ['10.96.0.0/16'], apiServiceIP: '10.96.0.1', advertise: undefined };
  const answering =
    (status: number) =>
    async ({ method }: { method: string }) => ({
      status: method === 'GET' ? 404 : status,
      headers: {},
      body: [Buffer.from('{"message":"why"}')],
    });
  await assert.rejects(bootCluster(answering(500), options), {
    code: 'BOOT_FAILED',
    message: 'creating /api/v1/namespaces/default at start failed with 500: {"message":"why"}',
  });
  await assert.rejects(bootCluster(answering(507), options), {
    name: 'UserError',
    code: 'BOOT_FAILED',
    message:
      'cannot write /api/v1/namespaces/default at start: no space is left on the disk that holds the data; free some and start again',
  });
});

test('what somebody deletes of them is back after ten seconds', async () => {
  const server = await startTestServer();
  const url = '/api/v1/namespaces/default/services/kubernetes';
  const { body: before } = await server.call('GET', url);
  await server.call('DELETE', url);
  assert.equal((await server.call('GET', url)).status, 404);
  await server.clock.advance(10_000);
  for (let turn = 0; (await server.call('GET', url)).status === 404 && turn < 1000; turn++)
    await new Promise(setImmediate);
  const { body: after } = await server.call('GET', url);
  assert.deepEqual(after.spec, before.spec);
  assert.notEqual(after.metadata.uid, before.metadata.uid);
  await server.close();
});
