/**
 * A client that keeps sending datagrams from one port is led on when the endpoints change: the kernel’s memory of its
 * flow is no obstacle. Source of what is asked: test/e2e/network/conntrack.go of kubernetes/kubernetes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type NetworkLab, nodeAddress, startNetworkLab } from './lab.ts';

const services = '/api/v1/namespaces/default/services';
const pods = '/api/v1/namespaces/default/pods';
const labels = { app: 'udp' };
const port = { name: 'udp', protocol: 'UDP', port: 80, targetPort: 8080 };
/** The client's own port, which stays. */
const sport = 12_345;

async function start(
  t: Parameters<typeof startNetworkLab>[0],
  { type, from }: { type: string; from: string },
) {
  const lab: NetworkLab = await startNetworkLab(t);
  await lab.pod('client');
  const { spec } = await lab.call('POST', services, {
    metadata: { name: 'udp' },
    spec: { type, selector: labels, ports: [port] },
  });
  await lab.rest();
  const door =
    type === 'NodePort'
      ? { address: nodeAddress['node-a'], port: spec.ports[0].nodePort }
      : { address: spec.clusterIP, port: 80 };
  const send = () =>
    lab.ask(door.address, { from, port: door.port, protocol: 'udp', sport }).replace(/ from .*/, '');
  return { lab, send };
}

const ways = {
  'a pod, by the cluster IP': { type: 'ClusterIP', from: 'client' },
  'a process of the node, by the cluster IP': { type: 'ClusterIP', from: 'node-a' },
  'a pod, by a node port': { type: 'NodePort', from: 'client' },
  'a machine outside, by a node port': { type: 'NodePort', from: 'outside' },
};

for (const [name, way] of Object.entries(ways))
  describe(name, () => {
    test('server pods are replaced', async (t) => {
      const { lab, send } = await start(t, way);
      assert.equal(send(), 'refused');
      await lab.pod('backend-1', { labels, node: 'node-b' });
      await lab.rest();
      for (let count = 0; count < 5; count++) assert.equal(send(), 'backend-1:8080');
      await lab.pod('backend-2', { labels });
      await lab.call('DELETE', `${pods}/backend-1`, { gracePeriodSeconds: 0 });
      await lab.rest();
      for (let count = 0; count < 5; count++) assert.equal(send(), 'backend-2:8080');
    });

    test('a server that becomes ready while the client sends', async (t) => {
      const { lab, send } = await start(t, way);
      await lab.pod('backend-1', { labels, node: 'node-b', ready: false });
      await lab.rest();
      for (let count = 0; count < 3; count++) assert.equal(send(), 'refused');
      await lab.setReady('backend-1', true);
      await lab.rest();
      assert.equal(send(), 'backend-1:8080');
    });

    test('the target port changes', async (t) => {
      const { lab, send } = await start(t, way);
      await lab.pod('backend-1', { labels, node: 'node-b' });
      await lab.rest();
      assert.equal(send(), 'backend-1:8080');
      const { spec } = await lab.call('GET', `${services}/udp`);
      const ports = [{ ...spec.ports[0], targetPort: 9090 }];
      await lab.call('PATCH merge', `${services}/udp`, { spec: { ports } });
      await lab.rest();
      assert.equal(send(), 'backend-1:9090');
    });
  });
