/**
 * Traffic that stays near. Sources of what is asked: test/e2e/network/topology_hints.go and traffic_distribution.go of
 * kubernetes/kubernetes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type NetworkLab, startNetworkLab } from './lab.ts';

const services = '/api/v1/namespaces/default/services';
const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const labels = { app: 'near' };
const auto = { 'service.kubernetes.io/topology-mode': 'Auto' };
const pods = '/api/v1/namespaces/default/pods';

async function expose(lab: NetworkLab, spec: object = {}, annotations: object = {}): Promise<string> {
  const made = await lab.call('POST', services, {
    metadata: { name: 'near', annotations },
    spec: { selector: labels, ports: [{ port: 80, targetPort: 9376 }], ...spec },
  });
  await lab.rest();
  return made.spec.clusterIP;
}

interface Hinted {
  targetRef: { name: string };
  zone: string;
  hints?: { forZones?: { name: string }[]; forNodes?: { name: string }[] };
}

/** `near-1 in zone-a for zone-a` */
async function hinted(lab: NetworkLab): Promise<string[]> {
  const { items } = await lab.call('GET', `${slices}?labelSelector=kubernetes.io/service-name%3Dnear`);
  const all: Hinted[] = items.flatMap(({ endpoints }: { endpoints: Hinted[] }) => endpoints);
  return all
    .map(({ targetRef, zone, hints }) => {
      const wanted = [...(hints?.forZones ?? []), ...(hints?.forNodes ?? [])].map(({ name }) => name);
      return `${targetRef.name} in ${zone} for ${wanted.join() || 'all'}`;
    })
    .sort();
}

async function toldOf(lab: NetworkLab): Promise<string[]> {
  const { items } = await lab.call('GET', '/api/v1/namespaces/default/events');
  return items
    .filter(({ reason }: { reason: string }) => reason.startsWith('TopologyAware'))
    .map((each: Record<string, string>) => `${each.type} ${each.reason} ${each.message}`);
}

describe('topology-mode Auto', () => {
  test('each zone is served by its own, while there are enough', async (t) => {
    const lab = await startNetworkLab(t);
    await lab.pod('near-1', { labels });
    await lab.pod('near-2', { labels, node: 'node-b' });
    await lab.pod('client-a');
    await lab.pod('client-b', { node: 'node-b' });
    const address = await expose(lab, { publishNotReadyAddresses: true }, auto);
    assert.deepEqual(await hinted(lab), ['near-1 in zone-a for zone-a', 'near-2 in zone-b for zone-b']);
    const reached = () =>
      ['client-a', 'client-b'].map((from) => lab.answering(address, { from, port: 80 }).join());
    assert.deepEqual(reached(), ['near-1', 'near-2']);
    const enabled =
      'Normal TopologyAwareHintsEnabled Topology Aware Hints has been enabled, addressType: IPv4';
    assert.deepEqual(await toldOf(lab), [enabled]);

    await lab.call('DELETE', `${pods}/near-2`, { gracePeriodSeconds: 0 });
    await lab.rest();
    assert.deepEqual(await hinted(lab), ['near-1 in zone-a for all']);
    assert.deepEqual(reached(), ['near-1', 'near-1']);
    assert.deepEqual(await toldOf(lab), [
      enabled,
      'Warning TopologyAwareHintsDisabled Insufficient number of endpoints (1 endpoints, 2 zones), addressType: IPv4',
    ]);
  });

  test('a zone of few endpoints is helped out, and a settled cluster is left alone', async (t) => {
    const lab = await startNetworkLab(t);
    for (const name of ['near-1', 'near-2', 'near-3', 'near-4']) await lab.pod(name, { labels });
    await expose(lab, {}, auto);
    const helped = [
      'near-1 in zone-a for zone-b',
      'near-2 in zone-a for zone-b',
      'near-3 in zone-a for zone-a',
      'near-4 in zone-a for zone-a',
    ];
    assert.deepEqual(await hinted(lab), helped);
    const before = lab.server.server.backend.cache.revision;
    await lab.rest();
    assert.equal(lab.server.server.backend.cache.revision, before);
    // Three for each zone: with five there is no fair share.
    await lab.pod('near-5', { labels, node: 'node-b' });
    await lab.rest();
    assert.match((await hinted(lab)).join('; '), /^(near-\d in zone-\w for all(; |$)){5}$/);
    await lab.pod('near-6', { labels, node: 'node-b' });
    await lab.rest();
    assert.deepEqual(await hinted(lab), [
      'near-1 in zone-a for zone-b',
      ...['near-2', 'near-3', 'near-4'].map((name) => `${name} in zone-a for zone-a`),
      ...['near-5', 'near-6'].map((name) => `${name} in zone-b for zone-b`),
    ]);
  });

  test('a node that says nothing of its CPUs ends it, and it begins again without that node', async (t) => {
    const lab = await startNetworkLab(t);
    await lab.pod('near-1', { labels });
    await lab.pod('near-2', { labels, node: 'node-b' });
    await expose(lab, { trafficDistribution: 'PreferSameNode' }, auto);
    const both = ['near-1 in zone-a for zone-a', 'near-2 in zone-b for zone-b'];
    assert.deepEqual(await hinted(lab), both);
    await lab.call('POST', '/api/v1/nodes', {
      metadata: { name: 'node-c' },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
    await lab.rest();
    assert.deepEqual(await hinted(lab), ['near-1 in zone-a for all', 'near-2 in zone-b for all']);
    await lab.call('DELETE', '/api/v1/nodes/node-c');
    await lab.rest();
    assert.deepEqual(await hinted(lab), both);
    // Without the annotation the field has its say.
    await lab.call('PATCH merge', `${services}/near`, { metadata: { annotations: null } });
    await lab.rest();
    assert.deepEqual(await hinted(lab), [
      'near-1 in zone-a for zone-a,node-a',
      'near-2 in zone-b for zone-b,node-b',
    ]);
  });
});

describe('trafficDistribution', () => {
  for (const distribution of ['PreferClose', 'PreferSameZone', 'PreferSameNode'])
    test(`${distribution}: near ones while there are some, else all`, async (t) => {
      const lab = await startNetworkLab(t);
      await lab.pod('near-1', { labels });
      await lab.pod('near-2', { labels });
      await lab.pod('near-3', { labels, node: 'node-b' });
      await lab.pod('client-a');
      await lab.pod('client-b', { node: 'node-b' });
      const address = await expose(lab, { trafficDistribution: distribution });
      const reached = () =>
        ['client-a', 'client-b'].map((from) => lab.answering(address, { from, port: 80 }).join());
      assert.deepEqual(reached(), ['near-1,near-2', 'near-3']);
      await lab.setReady('near-3', false);
      await lab.rest();
      assert.deepEqual(reached(), ['near-1,near-2', 'near-1,near-2']);
      await lab.setReady('near-3', true);
      await lab.call('PATCH merge', `${services}/near`, { spec: { trafficDistribution: null } });
      await lab.rest();
      assert.deepEqual(reached(), ['near-1,near-2,near-3', 'near-1,near-2,near-3']);
    });
});
