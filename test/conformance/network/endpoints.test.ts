/**
 * Endpoints and EndpointSlices of pods, and those that somebody writes. Sources of what is asked:
 * test/e2e/network/endpoints.go, endpointslice.go, endpointslicemirroring.go and service.go of kubernetes/kubernetes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type NetworkLab, startNetworkLab } from './lab.ts';

const namespaced = '/api/v1/namespaces/default';
const services = `${namespaced}/services`;
const endpoints = `${namespaced}/endpoints`;
const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';

interface SlicePart {
  readonly addressType: string;
  readonly ports: { name: string; port: number; protocol: string }[] | null;
  readonly endpoints: { addresses: string[]; targetRef?: { name: string; uid: string } }[] | null;
}

const slicesOf = async (lab: NetworkLab, service: string): Promise<SlicePart[]> =>
  (await lab.call('GET', `${slices}?labelSelector=kubernetes.io/service-name%3D${service}`)).items;

/** `web-1 http:8080/TCP`, sorted: who answers at which port. */
async function shownSlices(lab: NetworkLab, service: string): Promise<string[]> {
  const found = await slicesOf(lab, service);
  const lines = found.flatMap(({ endpoints: list, ports }) =>
    (list ?? []).flatMap(({ addresses, targetRef }) =>
      (ports ?? []).map(
        ({ name, port, protocol }) => `${targetRef?.name ?? addresses[0]} ${name}:${port}/${protocol}`,
      ),
    ),
  );
  return lines.sort();
}

async function shownEndpoints(lab: NetworkLab, service: string): Promise<string[]> {
  const { subsets = [] } = await lab.call('GET', `${endpoints}/${service}`);
  interface Subset {
    addresses?: { ip: string; targetRef?: { name: string } }[];
    notReadyAddresses?: { ip: string; targetRef?: { name: string } }[];
    ports?: { name?: string; port: number; protocol: string }[];
  }
  const lines = (subsets as Subset[]).flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }) =>
    [...addresses, ...notReadyAddresses].flatMap(({ ip, targetRef }) =>
      ports.map(({ name = '', port, protocol }) => `${targetRef?.name ?? ip} ${name}:${port}/${protocol}`),
    ),
  );
  return lines.sort();
}

/** Both say the same. */
async function shown(lab: NetworkLab, service: string): Promise<string[]> {
  await lab.rest();
  const lines = await shownSlices(lab, service);
  assert.deepEqual(await shownEndpoints(lab, service), lines);
  return lines;
}

describe('of pods', () => {
  test('a selector that matches nothing has empty ones, which go with their Service', async (t) => {
    const lab = await startNetworkLab(t);
    await lab.call('POST', services, {
      metadata: { name: 'empty' },
      spec: { selector: { no: 'body' }, ports: [{ name: 'example', port: 80 }] },
    });
    assert.deepEqual(await shown(lab, 'empty'), []);
    const [slice, ...more] = await slicesOf(lab, 'empty');
    assert.deepEqual([slice?.endpoints ?? [], slice?.ports ?? [], more], [[], [], []]);
    await lab.call('DELETE', `${services}/empty`);
    await assert.rejects(lab.call('GET', `${endpoints}/empty`), /endpoints "empty" not found/);
    await lab.advance(90_000);
    assert.deepEqual(await slicesOf(lab, 'empty'), []);
  });

  test('ports by number and by name, of pods that are not ready, and made again when deleted', async (t) => {
    const lab = await startNetworkLab(t);
    const unready = { ready: false };
    await lab.pod('pod1', {
      ...unready,
      labels: { pod1: 'on', shared: 'on' },
      ports: { 'example-name': 3000 },
    });
    await lab.pod('pod2', {
      ...unready,
      labels: { pod2: 'on', shared: 'on' },
      ports: { 'example-name': 3001, other: 3002 },
    });
    const expose = (name: string, selector: object, port: object) =>
      lab.call('POST', services, {
        metadata: { name },
        spec: { selector, publishNotReadyAddresses: true, ports: [{ port: 80, ...port }] },
      });
    await expose('by-number', { pod1: 'on' }, { name: 'example', targetPort: 3000 });
    await expose('by-name', { shared: 'on' }, { name: 'http', targetPort: 'example-name' });
    await expose('no-match', { pod3: 'on' }, { name: 'none', targetPort: 8080 });
    assert.deepEqual(await shown(lab, 'by-number'), ['pod1 example:3000/TCP']);
    const both = ['pod1 http:3000/TCP', 'pod2 http:3001/TCP'];
    assert.deepEqual(await shown(lab, 'by-name'), both);
    assert.equal((await slicesOf(lab, 'by-name')).length, 2);
    assert.deepEqual(await shown(lab, 'no-match'), []);
    await lab.call('DELETE', `${slices}?labelSelector=kubernetes.io/service-name%3Dby-name`);
    assert.deepEqual(await shown(lab, 'by-name'), both);
    await lab.call('DELETE', `${endpoints}/by-name`);
    assert.deepEqual(await shown(lab, 'by-name'), both);
  });

  test('they follow pods that come and go, each at its own ports', async (t) => {
    const lab = await startNetworkLab(t);
    const labels = { app: 'multi' };
    const made = await lab.call('POST', services, {
      metadata: { name: 'multi' },
      spec: {
        selector: labels,
        ports: [
          { name: 'portname1', port: 80, targetPort: 'svc1' },
          { name: 'portname2', port: 81, targetPort: 'svc2' },
        ],
      },
    });
    await lab.pod('client');
    const reach = (port: number) => lab.answering(made.spec.clusterIP, { from: 'client', port }).join();
    assert.deepEqual([await shown(lab, 'multi'), reach(80), reach(81)], [[], 'refused', 'refused']);
    await lab.pod('pod1', { labels, ports: { svc1: 100 } });
    assert.deepEqual(await shown(lab, 'multi'), ['pod1 portname1:100/TCP']);
    await lab.pod('pod2', { labels, ports: { svc2: 101 }, node: 'node-b' });
    assert.deepEqual(await shown(lab, 'multi'), ['pod1 portname1:100/TCP', 'pod2 portname2:101/TCP']);
    assert.deepEqual([reach(80), reach(81)], ['pod1', 'pod2']);
    for (const name of ['pod1', 'pod2']) {
      await lab.call('DELETE', `${namespaced}/pods/${name}`, { gracePeriodSeconds: 0 });
      await shown(lab, 'multi');
    }
    assert.deepEqual([await shown(lab, 'multi'), reach(80), reach(81)], [[], 'refused', 'refused']);
  });

  test('one number for two protocols, each with pods of its own', async (t) => {
    const lab = await startNetworkLab(t);
    const labels = { app: 'both' };
    const port = (protocol: string, targetPort: string) => ({
      ...{ name: `${protocol.toLowerCase()}-port`, port: 80, protocol, targetPort },
    });
    const { spec } = await lab.call('POST', services, {
      metadata: { name: 'both' },
      spec: { selector: labels, ports: [port('TCP', 'tcp'), port('UDP', 'udp')] },
    });
    await lab.pod('client');
    await lab.pod('pod1', { labels, ports: { tcp: 8080 } });
    await lab.pod('pod2', { labels, ports: { udp: 8080 }, node: 'node-b' });
    assert.deepEqual(await shown(lab, 'both'), ['pod1 tcp-port:8080/TCP', 'pod2 udp-port:8080/UDP']);
    const reach = (protocol: 'tcp' | 'udp') =>
      lab.answering(spec.clusterIP, { from: 'client', port: 80, protocol }).join();
    assert.deepEqual([reach('tcp'), reach('udp')], ['pod1', 'pod2']);
    // One of them goes: by replacing the list, the other is untouched.
    const found = await lab.call('GET', `${services}/both`);
    await lab.call('PUT', `${services}/both`, {
      ...found,
      spec: { ...found.spec, ports: [port('UDP', 'udp')] },
    });
    assert.deepEqual(await shown(lab, 'both'), ['pod2 udp-port:8080/UDP']);
    assert.deepEqual([reach('tcp'), reach('udp')], ['refused', 'pod2']);
    // As strategic merge patches name ports by number alone, the protocol of the only one is changed.
    await lab.call('PATCH strategic', `${services}/both`, { spec: { ports: [port('TCP', 'tcp')] } });
    const { ports } = (await lab.call('GET', `${services}/both`)).spec;
    assert.deepEqual(
      ports.map(({ name, protocol }: { name: string; protocol: string }) => `${name} ${protocol}`),
      ['tcp-port TCP'],
    );
    assert.deepEqual(await shown(lab, 'both'), ['pod1 tcp-port:8080/TCP']);
    assert.deepEqual([reach('tcp'), reach('udp')], ['pod1', 'refused']);
  });

  test('several Services select the same pods', async (t) => {
    const lab = await startNetworkLab(t);
    const labels = { app: 'shared' };
    await lab.pod('pod1', { labels });
    await lab.pod('client');
    const addresses = [];
    for (const name of ['one', 'two']) {
      const { spec } = await lab.call('POST', services, {
        metadata: { name },
        spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
      });
      addresses.push(spec.clusterIP);
    }
    await lab.rest();
    const reach = (address: string) => lab.answering(address, { from: 'client', port: 80 }).join();
    assert.deepEqual(addresses.map(reach), ['pod1', 'pod1']);
    await lab.call('DELETE', `${services}/one`);
    await lab.rest();
    assert.deepEqual(addresses.map(reach), ['silence', 'pod1']);
  });
});

const sliceOf = (name: string, more: object) => ({
  metadata: { name, labels: { 'kubernetes.io/service-name': 'custom' } },
  addressType: 'IPv4',
  ...more,
});

describe('written by hand', () => {
  async function startCustom(t: Parameters<typeof startNetworkLab>[0]) {
    const lab = await startNetworkLab(t);
    await lab.pod('pod1', { node: 'node-b' });
    await lab.pod('pod2');
    await lab.pod('client');
    const { spec } = await lab.call('POST', services, {
      metadata: { name: 'custom' },
      spec: {
        ports: [
          { name: 'port80', port: 80 },
          { name: 'port81', port: 81 },
        ],
      },
    });
    const addressOf = async (name: string): Promise<string> =>
      (await lab.call('GET', `${namespaced}/pods/${name}`)).status.podIP;
    const reach = (port: number) =>
      [
        ...new Set(
          Array.from({ length: 40 }, () =>
            lab.ask(spec.clusterIP, { from: 'client', port }).replace(/ from .*/, ''),
          ),
        ),
      ].sort();
    return { lab, reach, ips: [await addressOf('pod1'), await addressOf('pod2')] as const };
  }

  test('several addresses in several slices', async (t) => {
    const { lab, reach, ips } = await startCustom(t);
    for (const [index, ip] of ips.entries())
      await lab.call(
        'POST',
        slices,
        sliceOf(`custom-${index}`, {
          endpoints: [{ addresses: [ip] }],
          ports: [
            { name: 'port80', port: 8090 },
            { name: 'port81', port: 9090 },
          ],
        }),
      );
    await lab.rest();
    assert.deepEqual(reach(80), ['pod1:8090', 'pod2:8090']);
    assert.deepEqual(reach(81), ['pod1:9090', 'pod2:9090']);
    await lab.call('DELETE', `${slices}/custom-0`);
    await lab.rest();
    assert.deepEqual([reach(80), reach(81)], [['pod2:8090'], ['pod2:9090']]);
  });

  test('several ports in several slices', async (t) => {
    const { lab, reach, ips } = await startCustom(t);
    const wanted = [
      { name: 'port80', port: 8090 },
      { name: 'port81', port: 9090 },
    ];
    for (const [index, ip] of ips.entries())
      await lab.call(
        'POST',
        slices,
        sliceOf(`custom-${index}`, { endpoints: [{ addresses: [ip] }], ports: [wanted[index]] }),
      );
    await lab.rest();
    assert.deepEqual([reach(80), reach(81)], [['pod1:8090'], ['pod2:9090']]);
  });

  test('one address with two ports in two subsets of Endpoints is mirrored and reached', async (t) => {
    const { lab, reach, ips } = await startCustom(t);
    const subset = (name: string, port: number) => ({
      addresses: [{ ip: ips[0] }],
      ports: [{ name, port }],
    });
    await lab.call('POST', endpoints, {
      metadata: { name: 'custom' },
      subsets: [subset('port80', 8090), subset('port81', 9090)],
    });
    await lab.rest();
    assert.deepEqual([reach(80), reach(81)], [['pod1:8090'], ['pod1:9090']]);
    await lab.call('DELETE', `${endpoints}/custom`);
    await lab.rest();
    assert.deepEqual([await slicesOf(lab, 'custom'), reach(80)], [[], ['refused']]);
  });

  test('mirrored through create, update and delete', async (t) => {
    const lab = await startNetworkLab(t);
    await lab.call('POST', services, {
      metadata: { name: 'custom' },
      spec: { ports: [{ name: 'example', port: 80 }] },
    });
    const object = (ip: string) => ({
      metadata: { name: 'custom' },
      subsets: [{ ports: [{ port: 80 }], addresses: [{ ip }] }],
    });
    const mirrored = async () => {
      await lab.rest();
      return (await slicesOf(lab, 'custom')).map(({ endpoints: list, ports }) => [
        list?.map(({ addresses }) => addresses),
        ports,
      ]);
    };
    const ports = [{ name: '', port: 80, protocol: 'TCP' }];
    await lab.call('POST', endpoints, object('10.1.2.3'));
    assert.deepEqual(await mirrored(), [[[['10.1.2.3']], ports]]);
    await lab.call('PUT', `${endpoints}/custom`, object('10.2.3.4'));
    assert.deepEqual(await mirrored(), [[[['10.2.3.4']], ports]]);
    await lab.call('DELETE', `${endpoints}/custom`);
    assert.deepEqual(await mirrored(), []);
  });

  test('the life of an Endpoints object, as a watch sees it', async (t) => {
    const lab = await startNetworkLab(t);
    const selector = 'labelSelector=test-endpoint-static%3Dtrue';
    const before = await lab.call('GET', `/api/v1/endpoints?${selector}`);
    const watch = await lab.server.watch(
      `${endpoints}?watch=1&${selector}&resourceVersion=${before.metadata.resourceVersion}`,
    );
    await lab.call('POST', endpoints, {
      metadata: { name: 'testservice', labels: { 'test-endpoint-static': 'true' } },
      subsets: [{ addresses: [{ ip: '10.0.0.24' }], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }],
    });
    const { items } = await lab.call('GET', `/api/v1/endpoints?${selector}`);
    assert.equal(items.length, 1);
    const [{ metadata, ...rest }] = items;
    await lab.call('PUT', `${endpoints}/testservice`, {
      ...rest,
      metadata: { ...metadata, labels: { ...metadata.labels, 'test-service': 'updated' } },
    });
    const patched = await lab.call('PATCH strategic', `${endpoints}/testservice`, {
      metadata: { labels: { 'test-service': 'patched' } },
      subsets: [{ addresses: [{ ip: '10.0.0.25' }], ports: [{ name: 'http-test', port: 8080 }] }],
    });
    assert.deepEqual(patched.subsets, [
      { addresses: [{ ip: '10.0.0.25' }], ports: [{ name: 'http-test', port: 8080, protocol: 'TCP' }] },
    ]);
    await lab.call('DELETE', `${endpoints}?${selector}`);
    await watch.until(4);
    watch.stop();
    assert.deepEqual(
      watch.events.map(({ type, object }) => `${type} ${object.metadata.labels['test-service']}`),
      ['ADDED undefined', 'MODIFIED updated', 'MODIFIED patched', 'DELETED patched'],
    );
    await assert.rejects(lab.call('GET', `${endpoints}/testservice`), /not found/);
  });
});
