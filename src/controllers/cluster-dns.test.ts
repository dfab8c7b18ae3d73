import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTestWorld, type TestWorld } from '../../test/client/world.ts';
import { clusterDns, dnsPortAnnotation } from './cluster-dns.ts';

describe("the Service of the nodes' DNS servers", () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = await startTestWorld({ controllers: [clusterDns(['10.96.0.0/16'])] });
    await world.settle();
  });
  afterEach(() => world.close());

  const at = { namespace: 'kube-system', name: 'kube-dns' };
  const services = () => world.client.of('Service');

  async function addNode(name: string, address: string, options: { port?: string; ready?: string } = {}) {
    const { port = '53', ready = 'True' } = options;
    const annotations: Record<string, string> = port === '' ? {} : { [dnsPortAnnotation]: port };
    await world.client.of('Node').create({ metadata: { name, annotations } });
    await setStatus(name, address, ready);
  }
  async function setStatus(name: string, address: string, ready: string): Promise<void> {
    const node = await world.client.of('Node').get({ name });
    const addresses = [{ type: 'InternalIP', address }];
    const conditions = [{ type: 'Ready', status: ready }];
    await world.client.of('Node').updateStatus({ ...node, status: { addresses, conditions } });
    await world.settle();
  }
  async function slices() {
    const { items } = await world.client.of('EndpointSlice').list({ namespace: 'kube-system' });
    return items.map(({ metadata, endpoints = [], ports = [] }) => [
      metadata.name,
      ports.map(({ protocol, port }) => `${protocol} ${port}`).join(', '),
      ...endpoints.map(({ addresses, nodeName, conditions }) =>
        [nodeName, ...addresses, conditions?.ready].join(' '),
      ),
    ]);
  }

  test('nothing before the first node with one', async () => {
    await addNode('plain', '172.30.0.9', { port: '' });
    await addNode('wrong', '172.30.0.8', { port: '70000' });
    await assert.rejects(services().get(at), { reason: 'NotFound' });
  });

  test('has the tenth address, and every node as an endpoint for its own pods', async () => {
    await addNode('node-2', '172.30.0.3', { ready: 'False' });
    await addNode('node-1', '172.30.0.2');
    const { spec } = await services().get(at);
    const { clusterIP, internalTrafficPolicy, selector } = spec ?? {};
    assert.deepEqual([clusterIP, internalTrafficPolicy, selector], ['10.96.0.10', 'Local', undefined]);
    assert.deepEqual(await slices(), [
      ['kube-dns-ipv4-53', 'UDP 53, TCP 53', 'node-1 172.30.0.2 true', 'node-2 172.30.0.3 true'],
    ]);
  });

  test('a silent node is not ready, a node that goes is left out, another port has a slice of its own', async () => {
    await addNode('node-1', '172.30.0.2');
    await addNode('node-2', '172.30.0.3', { port: '5353' });
    await setStatus('node-1', '172.30.0.2', 'Unknown');
    assert.deepEqual(await slices(), [
      ['kube-dns-ipv4-53', 'UDP 53, TCP 53', 'node-1 172.30.0.2 false'],
      ['kube-dns-ipv4-5353', 'UDP 5353, TCP 5353', 'node-2 172.30.0.3 true'],
    ]);
    await world.client.of('Node').delete({ name: 'node-2' });
    await world.settle();
    assert.deepEqual(await slices(), [['kube-dns-ipv4-53', 'UDP 53, TCP 53', 'node-1 172.30.0.2 false']]);
  });

  test('what somebody changed is put right; a Service of their own is left to them', async () => {
    await addNode('node-1', '172.30.0.2');
    await world.client.of('EndpointSlice').delete({ ...at, name: 'kube-dns-ipv4-53' });
    await world.settle();
    assert.equal((await slices()).length, 1);
    const patch = { spec: { selector: { 'k8s-app': 'their-dns' } } };
    await services().patch(at, { type: 'merge', patch });
    await world.settle();
    assert.deepEqual(await slices(), []);
  });
});
