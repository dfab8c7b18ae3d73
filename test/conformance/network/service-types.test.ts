/**
 * A Service changes its type and its ports, and its traffic follows. Source of what is asked: test/e2e/network/service.go
 * and loadbalancer.go of kubernetes/kubernetes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NetworkLab, nodeAddress, nodeNames, startNetworkLab } from './lab.ts';

const services = '/api/v1/namespaces/default/services';
const labels = { app: 'web' };
const ports = [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 9376 }];
const both = ['web-1', 'web-2'];

async function startWeb(t: Parameters<typeof startNetworkLab>[0]): Promise<NetworkLab> {
  const lab = await startNetworkLab(t);
  await lab.pod('web-1', { labels });
  await lab.pod('web-2', { labels, node: 'node-b' });
  await lab.pod('client');
  return lab;
}

/** As a client changes it: everything that was read is sent again, with what differs. */
async function change(lab: NetworkLab, name: string, spec: object) {
  const found = await lab.call('GET', `${services}/${name}`);
  const changed = await lab.call('PUT', `${services}/${name}`, {
    ...found,
    spec: { ...found.spec, ...spec },
  });
  await lab.rest();
  return changed;
}

test('between ExternalName, NodePort and ClusterIP', async (t) => {
  const lab = await startWeb(t);
  const fromPod = (address: string) => lab.answering(address, { from: 'client', port: 80 });
  const made = await lab.call('POST', services, {
    metadata: { name: 'web' },
    spec: { type: 'ExternalName', externalName: 'foo.example.com', selector: labels },
  });
  assert.deepEqual(made.spec, {
    type: 'ExternalName',
    externalName: 'foo.example.com',
    selector: labels,
    sessionAffinity: 'None',
  });

  const open = await change(lab, 'web', { type: 'NodePort', externalName: '', ports });
  const [{ nodePort }] = open.spec.ports;
  assert.deepEqual(fromPod(open.spec.clusterIP), both);
  for (const node of nodeNames)
    assert.deepEqual(lab.answering(nodeAddress[node], { from: 'outside', port: nodePort }), both);

  const named = await change(lab, 'web', {
    ...{ type: 'ExternalName', externalName: 'bar.example.com', clusterIP: '' },
    ports: [{ ...ports[0], nodePort: 0 }],
  });
  assert.deepEqual(named.spec, {
    ...{ type: 'ExternalName', externalName: 'bar.example.com', selector: labels, ports },
    sessionAffinity: 'None',
  });
  assert.deepEqual(fromPod(open.spec.clusterIP), ['silence']);
  assert.deepEqual(lab.answering(nodeAddress['node-a'], { from: 'outside', port: nodePort }), ['refused']);

  const again = await change(lab, 'web', { type: 'ClusterIP', externalName: '' });
  assert.deepEqual(fromPod(again.spec.clusterIP), both);
  await change(lab, 'web', { type: 'ExternalName', externalName: 'foo.example.com', clusterIP: '' });
  assert.deepEqual(fromPod(again.spec.clusterIP), ['silence']);
});

for (const protocol of ['tcp', 'udp'] as const)
  test(`from ClusterIP to LoadBalancer and back, ${protocol}`, async (t) => {
    const lab = await startWeb(t);
    const port = { ...ports[0], protocol: protocol.toUpperCase() };
    const reach = (address: string, number: number) =>
      lab.answering(address, { from: 'outside', port: number, protocol, via: 'node-a' });
    const atNode = (number: number) => reach(nodeAddress['node-b'], number);
    await lab.call('POST', services, {
      metadata: { name: 'web' },
      spec: { selector: labels, ports: [port] },
    });
    await lab.rest();

    const open = await change(lab, 'web', { type: 'NodePort' });
    const first = open.spec.ports[0].nodePort;
    assert.deepEqual(atNode(first), both);
    const second = first === 30_000 ? 30_001 : first - 1;
    await change(lab, 'web', { ports: [{ ...port, nodePort: second }] });
    assert.deepEqual([atNode(first), atNode(second)], [['refused'], both]);

    const shown = await change(lab, 'web', { type: 'LoadBalancer' });
    assert.equal(shown.spec.ports[0].nodePort, second);
    const { status } = await lab.call('GET', `${services}/web`);
    const [{ ip }] = status.loadBalancer.ingress;
    assert.deepEqual([reach(ip, 80), atNode(second)], [both, both]);
    const third = second === 32_767 ? 32_766 : second + 1;
    await change(lab, 'web', {
      ports: [{ ...port, port: 81, nodePort: third === first ? third + 1 : third }],
    });
    const moved = await lab.call('GET', `${services}/web`);
    assert.deepEqual(moved.status.loadBalancer.ingress, status.loadBalancer.ingress);
    assert.deepEqual([reach(ip, 80), reach(ip, 81)], [['silence'], both]);

    const closed = await change(lab, 'web', {
      type: 'ClusterIP',
      ports: [{ ...port, port: 81, nodePort: 0 }],
    });
    const last = moved.spec.ports[0].nodePort;
    assert.deepEqual([reach(ip, 81), atNode(last)], [['silence'], ['refused']]);
    assert.deepEqual(lab.answering(closed.spec.clusterIP, { from: 'client', port: 81, protocol }), both);
    const gone = await lab.call('GET', `${services}/web`);
    assert.deepEqual(gone.status, { loadBalancer: {} });
  });

test('a node port is kept where a port of the other protocol and of the same number comes to it', async (t) => {
  const lab = await startWeb(t);
  await lab.call('POST', services, { metadata: { name: 'web' }, spec: { selector: labels, ports } });
  const two = [
    { name: 'tcp-port', port: 80, protocol: 'TCP', targetPort: 9376 },
    { name: 'udp-port', port: 80, protocol: 'UDP', targetPort: 9377 },
  ];
  const { spec } = await change(lab, 'web', { type: 'NodePort', ports: two });
  const [tcp, udp] = spec.ports;
  const at = (port: number, protocol: 'tcp' | 'udp') =>
    lab.ask(nodeAddress['node-a'], { from: 'node-a', port, protocol }).replace(/^web-\d| from .*/g, '');
  assert.deepEqual([at(tcp.nodePort, 'tcp'), at(udp.nodePort, 'udp')], [':9376', ':9377']);
});

test('ports that are added and taken away', async (t) => {
  const lab = await startWeb(t);
  const { spec } = await lab.call('POST', services, {
    metadata: { name: 'web' },
    spec: { type: 'NodePort', selector: labels, ports },
  });
  await lab.rest();
  const more = [spec.ports[0], { name: 'more', port: 81, protocol: 'TCP', targetPort: 9377 }];
  const grown = await change(lab, 'web', { ports: more });
  const numbers = grown.spec.ports.map(({ nodePort }: { nodePort: number }) => nodePort);
  assert.equal(numbers[0], spec.ports[0].nodePort);
  const at = (port: number) => lab.answering(nodeAddress['node-a'], { from: 'outside', port });
  assert.deepEqual(numbers.map(at), [both, both]);
  await change(lab, 'web', { ports: [grown.spec.ports[1]] });
  assert.deepEqual(numbers.map(at), [['refused'], both]);
  assert.deepEqual(lab.answering(spec.clusterIP, { from: 'client', port: 80 }), ['refused']);
});
