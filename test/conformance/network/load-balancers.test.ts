/**
 * Services of type LoadBalancer, each at an address of its own. Source of what is asked: test/e2e/network/loadbalancer.go
 * and service.go of kubernetes/kubernetes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type NetworkLab, outsideAddress, startNetworkLab } from './lab.ts';

const services = '/api/v1/namespaces/default/services';
const labels = { app: 'web' };

async function start(t: Parameters<typeof startNetworkLab>[0], spec: object) {
  const lab: NetworkLab = await startNetworkLab(t);
  await lab.pod('web-1', { labels });
  await lab.pod('web-2', { labels });
  await lab.pod('web-3', { labels, node: 'node-b' });
  await lab.pod('client', { node: 'node-b' });
  await lab.call('POST', services, {
    metadata: { name: 'web' },
    spec: { type: 'LoadBalancer', selector: labels, ports: [{ port: 80, targetPort: 9376 }], ...spec },
  });
  await lab.rest();
  const { spec: made, status } = await lab.call('GET', `${services}/web`);
  const [{ ip }] = status.loadBalancer.ingress as [{ ip: string }];
  const change = async (patch: object) => {
    const changed = await lab.call('PATCH merge', `${services}/web`, { spec: patch });
    await lab.rest();
    return changed.spec;
  };
  const reach = (from = 'outside', more: object = {}) =>
    lab.answering(ip, { from, port: 80, via: 'node-a', ...more }).join();
  return { lab, made, ip, change, reach };
}

test('one number, two protocols: one node port and one address for both, also from inside', async (t) => {
  const ports = ['TCP', 'UDP'].map((protocol) => ({ name: protocol.toLowerCase(), port: 80, protocol }));
  const { made, reach } = await start(t, { ports });
  assert.equal(made.ports[0].nodePort, made.ports[1].nodePort);
  for (const protocol of ['tcp', 'udp'])
    for (const from of ['outside', 'client', 'node-b'])
      assert.equal(reach(from, { protocol }), 'web-1,web-2,web-3');
});

test('source ranges are narrowed, moved and taken away', async (t) => {
  const { reach, change } = await start(t, { loadBalancerSourceRanges: ['192.0.2.0/24'] });
  assert.equal(reach(), 'silence');
  await change({ loadBalancerSourceRanges: ['192.0.2.0/24', `${outsideAddress}/32`] });
  assert.equal(reach(), 'web-1,web-2,web-3');
  await change({ loadBalancerSourceRanges: null });
  assert.equal(reach(), 'web-1,web-2,web-3');
});

describe('session affinity', () => {
  for (const policy of ['Cluster', 'Local'])
    test(`externalTrafficPolicy ${policy}: on, and off again`, async (t) => {
      const { reach, change } = await start(t, {
        externalTrafficPolicy: policy,
        sessionAffinity: 'ClientIP',
      });
      const all = policy === 'Local' ? ['web-1', 'web-2'] : ['web-1', 'web-2', 'web-3'];
      assert.ok(all.includes(reach()));
      await change({ sessionAffinity: 'None' });
      assert.equal(reach(), all.join());
      await change({ sessionAffinity: 'ClientIP' });
      const kept = reach();
      assert.ok(all.includes(kept));
      assert.equal(reach(), kept);
    });
});

test('externalTrafficPolicy Local keeps the client’s address, and pods may ask from anywhere', async (t) => {
  const { lab, ip, reach, change } = await start(t, { externalTrafficPolicy: 'Local' });
  assert.equal(reach(), 'web-1,web-2');
  assert.equal(reach('client'), 'web-1,web-2,web-3');
  const seen = () => lab.ask(ip, { from: 'outside', port: 80, via: 'node-a' }).replace(/.* from /, '');
  assert.equal(seen(), outsideAddress);
  await change({ externalTrafficPolicy: 'Cluster' });
  assert.equal(reach(), 'web-1,web-2,web-3');
});

test('no endpoints: refused, not left to wait', async (t) => {
  const { lab, reach, change } = await start(t, { selector: { app: 'nobody' } });
  assert.equal(reach(), 'refused');
  await change({ selector: labels });
  assert.equal(reach(), 'web-1,web-2,web-3');
  await lab.call('DELETE', `${services}/web`);
  await lab.rest();
  assert.equal(reach(), 'silence');
});

test('allocateLoadBalancerNodePorts false: reached without node ports, and those that are there stay', async (t) => {
  const { made, reach, change } = await start(t, { allocateLoadBalancerNodePorts: false });
  assert.equal(made.ports[0].nodePort, undefined);
  assert.equal(reach(), 'web-1,web-2,web-3');
  const given = await change({ allocateLoadBalancerNodePorts: true });
  assert.ok(given.ports[0].nodePort >= 30_000);
  const kept = await change({ allocateLoadBalancerNodePorts: false });
  assert.equal(kept.ports[0].nodePort, given.ports[0].nodePort);
});
