/**
 * Who answers for a Service: pods that come and go, are ready or not, end slowly, are on this node or another; labels
 * that hand a Service to others. Source of what is asked: test/e2e/network/service.go and pod_lifecycle.go of
 * kubernetes/kubernetes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type NetworkLab, nodeAddress, startNetworkLab } from './lab.ts';

const services = '/api/v1/namespaces/default/services';
const labels = { app: 'web' };
const ports = [{ port: 80, targetPort: 9376 }];

async function expose(lab: NetworkLab, name: string, spec: object = {}, metadata: object = {}) {
  const made = await lab.call('POST', services, {
    metadata: { name, ...metadata },
    spec: { selector: labels, ports, ...spec },
  });
  await lab.rest();
  return made;
}

const asking = (lab: NetworkLab, address: string, from = 'client') =>
  lab.answering(address, { from, port: 80 });

describe('labels that hand a Service to somebody else', () => {
  for (const label of ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless'])
    test(label, async (t) => {
      const lab = await startNetworkLab(t);
      await lab.pod('web-1', { labels });
      await lab.pod('client');
      const value = label.endsWith('headless') ? '' : 'foo-bar';
      const own = await expose(lab, 'own');
      const handed = await expose(lab, 'handed', {}, { labels: { [label]: value } });
      const from = ['client', 'node-a', 'node-b'];
      const reached = (address: string) => from.map((each) => asking(lab, address, each).join());
      assert.deepEqual(reached(own.spec.clusterIP), ['web-1', 'web-1', 'web-1']);
      assert.deepEqual(reached(handed.spec.clusterIP), ['silence', 'silence', 'silence']);
      const relabel = async (to: string | null) => {
        await lab.call('PATCH', `${services}/own`, { metadata: { labels: { [label]: to } } });
        await lab.rest();
      };
      await relabel(value);
      assert.deepEqual(reached(own.spec.clusterIP), ['silence', 'silence', 'silence']);
      await relabel(null);
      assert.deepEqual(reached(own.spec.clusterIP), ['web-1', 'web-1', 'web-1']);
    });
});

test('Services go down, come up and are made again, each for itself', async (t) => {
  const lab = await startNetworkLab(t);
  await lab.pod('web-1', { labels });
  await lab.pod('client');
  const [one, two] = [await expose(lab, 'one'), await expose(lab, 'two')];
  await lab.call('DELETE', `${services}/one`);
  await lab.rest();
  assert.deepEqual(
    [asking(lab, one.spec.clusterIP), asking(lab, two.spec.clusterIP)],
    [['silence'], ['web-1']],
  );
  const again = await expose(lab, 'one', { clusterIP: one.spec.clusterIP });
  assert.equal(again.spec.clusterIP, one.spec.clusterIP);
  assert.deepEqual(asking(lab, one.spec.clusterIP), ['web-1']);
});

test('no endpoint, none that lives: refused at once, also at the node port', async (t) => {
  const lab = await startNetworkLab(t);
  await lab.pod('client');
  const { spec } = await expose(lab, 'web', { type: 'NodePort' });
  const refused = () =>
    ['client', 'node-a', 'node-b'].map((from) => [
      asking(lab, spec.clusterIP, from).join(),
      lab.ask(nodeAddress['node-a'], { from, port: spec.ports[0].nodePort }),
    ]);
  const none = Array(3).fill(['refused', 'refused']);
  assert.deepEqual(refused(), none);
  await lab.pod('web-1', { labels });
  await lab.rest();
  assert.deepEqual(asking(lab, spec.clusterIP), ['web-1']);
  const status = { phase: 'Failed', reason: 'Evicted' };
  await lab.call('PATCH', '/api/v1/namespaces/default/pods/web-1/status', { status });
  await lab.rest();
  assert.deepEqual(refused(), none);
});

test('a pod that reaches itself, and pods that see who asks', async (t) => {
  const lab = await startNetworkLab(t);
  const web = await lab.pod('web-1', { labels });
  const client = await lab.pod('client', { node: 'node-b' });
  const { spec } = await expose(lab, 'web');
  assert.match(lab.ask(spec.clusterIP, { from: 'web-1', port: 80 }), /^web-1:9376 from /);
  assert.equal(
    lab.ask(spec.clusterIP, { from: 'client', port: 80 }),
    `web-1:9376 from ${client.status?.podIP}`,
  );
  assert.notEqual(web.status?.podIP, client.status?.podIP);
});

test('unready and terminating pods, where they are to be published and where not', async (t) => {
  const lab = await startNetworkLab(t);
  await lab.pod('web-1', { labels, ready: false });
  await lab.pod('client');
  await lab.pod('elsewhere', { node: 'node-b' });
  const plain = await expose(lab, 'plain', { type: 'NodePort' });
  const open = await expose(lab, 'open', { type: 'NodePort', publishNotReadyAddresses: true });
  const reached = ({ spec }: typeof plain) =>
    ['client', 'elsewhere', 'node-a', 'node-b'].flatMap((from) => [
      asking(lab, spec.clusterIP, from).join(),
      lab.answering(nodeAddress['node-b'], { from, port: spec.ports[0].nodePort }).join(),
    ]);
  const [none, served] = [Array(8).fill('refused'), Array(8).fill('web-1')];
  assert.deepEqual([reached(plain), reached(open)], [none, served]);
  await lab.terminate('web-1');
  await lab.rest();
  assert.deepEqual([reached(plain), reached(open)], [none, served]);
  await lab.call('PATCH', `${services}/open`, { spec: { publishNotReadyAddresses: false } });
  await lab.call('PATCH', `${services}/plain`, { spec: { publishNotReadyAddresses: true } });
  await lab.rest();
  assert.deepEqual([reached(plain), reached(open)], [served, none]);
});

describe('pods that end slowly answer when nobody else does', () => {
  const policies = {
    'internalTrafficPolicy Cluster': { type: 'ClusterIP' },
    'internalTrafficPolicy Local': { type: 'ClusterIP', internalTrafficPolicy: 'Local' },
    'externalTrafficPolicy Cluster': { type: 'NodePort' },
    'externalTrafficPolicy Local': { type: 'NodePort', externalTrafficPolicy: 'Local' },
  } as const;
  for (const [name, policy] of Object.entries(policies))
    test(name, async (t) => {
      const lab = await startNetworkLab(t);
      await lab.pod('ending', { labels });
      await lab.pod('near');
      await lab.pod('far', { node: 'node-b' });
      const { spec } = await expose(lab, 'web', policy);
      const door =
        policy.type === 'ClusterIP'
          ? { near: spec.clusterIP, far: spec.clusterIP, port: 80, clients: ['near', 'far'] }
          : {
              ...{ near: nodeAddress['node-a'], far: nodeAddress['node-b'] },
              ...{ port: spec.ports[0].nodePort, clients: ['outside', 'outside'] },
            };
      const reached = () => [
        lab.answering(door.near, { from: door.clients[0] as string, port: door.port }).join(),
        lab.answering(door.far, { from: door.clients[1] as string, port: door.port }).join(),
      ];
      const isLocal = name.endsWith('Local');
      const apart = isLocal ? ['ending', 'silence'] : ['ending', 'ending'];
      assert.deepEqual(reached(), apart);
      await lab.terminate('ending');
      await lab.rest();
      assert.deepEqual(reached(), apart);
      await lab.pod('fresh', { labels, node: 'node-b' });
      await lab.rest();
      assert.deepEqual(reached(), isLocal ? ['ending', 'fresh'] : ['fresh', 'fresh']);
    });
});

test('a load balancer’s health check fails where pods only end, and its port goes with its policy', async (t) => {
  const lab = await startNetworkLab(t);
  await lab.pod('web-1', { labels });
  const { spec } = await expose(lab, 'web', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
  const ask = (node: 'node-a' | 'node-b', port = spec.healthCheckNodePort) => {
    const answered = { status: 0, body: '' };
    const response = {
      setHeader() {
        return response;
      },
      writeHead(status: number) {
        answered.status = status;
        return response;
      },
      end(body: string) {
        answered.body = body;
        return response;
      },
    };
    lab.health[node].get(port)?.({ method: 'GET', url: '/' } as never, response as never);
    return answered.status;
  };
  assert.deepEqual([ask('node-a'), ask('node-b')], [200, 503]);
  await lab.terminate('web-1');
  await lab.rest();
  assert.deepEqual([ask('node-a'), ask('node-b')], [503, 503]);
  const patched = await lab.call('PATCH', `${services}/web`, { spec: { externalTrafficPolicy: 'Cluster' } });
  await lab.rest();
  assert.equal(patched.spec.healthCheckNodePort, undefined);
  assert.deepEqual([lab.health['node-a'].size, lab.health['node-b'].size], [0, 0]);
  const back = await lab.call('PATCH', `${services}/web`, { spec: { externalTrafficPolicy: 'Local' } });
  await lab.rest();
  assert.ok(lab.health['node-b'].has(back.spec.healthCheckNodePort));
});

test('externalTrafficPolicy is switched to and fro at a node port', async (t) => {
  const lab = await startNetworkLab(t);
  await lab.pod('web-1', { labels, node: 'node-b' });
  await lab.pod('client');
  const { spec } = await expose(lab, 'web', { type: 'NodePort', externalTrafficPolicy: 'Local' });
  const port = spec.ports[0].nodePort;
  const reached = () => [
    ...(['node-a', 'node-b'] as const).map((node) => lab.ask(nodeAddress[node], { from: 'outside', port })),
    ...['client', 'node-a'].map((from) => lab.ask(nodeAddress['node-a'], { from, port })),
  ];
  const local = ['silence', 'web-1:9376 from 172.30.0.9'];
  const inside = ['web-1:9376 from 10.244.0.11', 'web-1:9376 from 172.30.0.2'];
  assert.deepEqual(reached(), [...local, ...inside]);
  await lab.call('PATCH', `${services}/web`, { spec: { externalTrafficPolicy: 'Cluster' } });
  await lab.rest();
  const cluster = ['web-1:9376 from 172.30.0.2', 'web-1:9376 from 172.30.0.9'];
  assert.deepEqual(reached(), [...cluster, ...inside]);
  await lab.call('PATCH', `${services}/web`, { spec: { externalTrafficPolicy: 'Local' } });
  await lab.rest();
  assert.deepEqual(reached(), [...local, ...inside]);
});
