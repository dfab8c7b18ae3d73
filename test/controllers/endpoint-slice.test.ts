/** EndpointSlices and Endpoints of Services, against the API server, with replica sets of pods behind them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { endpointSlice } from '../../src/controllers/endpoint-slice.ts';
import { endpointSliceMirroring } from '../../src/controllers/endpoint-slice-mirroring.ts';
import { endpoints } from '../../src/controllers/endpoints.ts';
import { replicaSet } from '../../src/controllers/replica-set.ts';
import { startCluster, type TestCluster, template } from './cluster.ts';

const web = (replicas: number) => ({
  metadata: { name: 'web' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template({ app: 'web' }) },
});

const service = (spec: object) => ({
  metadata: { name: 'web', labels: { team: 'blue' } },
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...spec },
});

async function addresses(cluster: TestCluster): Promise<string[][]> {
  const slices = await cluster.list('EndpointSlice');
  return slices
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'web')
    .map(({ endpoints }) =>
      (endpoints ?? [])
        .map(({ addresses: [first], conditions }) => `${first} ${JSON.stringify(conditions?.ready)}`)
        .sort(),
    );
}

describe('the slices of a Service', () => {
  test('start empty, are written over, and say all of a pod', async () => {
    const cluster = await startCluster({ controllers: [replicaSet, endpointSlice] });
    const created = await cluster.create('Service', service({}));
    await cluster.settle();
    const [empty] = (await cluster.list('EndpointSlice')).filter(({ metadata }) =>
      metadata.name?.startsWith('web'),
    );
    assert.deepEqual([empty?.endpoints, empty?.ports], [null, null]);
    await cluster.create('ReplicaSet', web(1));
    await cluster.settle();
    await cluster.kubelet();
    const [pod] = await cluster.list('Pod');
    const slice = await cluster.get('EndpointSlice', empty?.metadata.name ?? '');
    const { name, uid, namespace } = pod?.metadata ?? {};
    assert.deepEqual(
      {
        labels: slice.metadata.labels,
        annotations: slice.metadata.annotations,
        ownerReferences: slice.metadata.ownerReferences,
        addressType: slice.addressType,
        endpoints: slice.endpoints,
        ports: slice.ports,
      },
      {
        labels: {
          team: 'blue',
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z' },
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'Service',
            name: 'web',
            uid: created.metadata.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
        addressType: 'IPv4',
        endpoints: [
          {
            addresses: [pod?.status?.podIP],
            conditions: { ready: true, serving: true, terminating: false },
            targetRef: { kind: 'Pod', namespace, name, uid },
            nodeName: 'node-a',
            zone: 'zone-a',
          },
        ],
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      },
    );
    const writes = cluster.controllers.map(({ counts }) => counts.writes);
    await cluster.advance(30_000);
    assert.deepEqual(
      cluster.controllers.map(({ counts }) => counts.writes),
      writes,
      'settled',
    );
    await cluster.close();
  });

  test('follow pods that become unready, terminate and go', async () => {
    const cluster = await startCluster({ controllers: [replicaSet, endpointSlice] });
    await cluster.create('Service', service({}));
    await cluster.create('ReplicaSet', web(2));
    await cluster.settle();
    await cluster.kubelet();
    assert.deepEqual(await addresses(cluster), [['10.244.0.1 true', '10.244.0.2 true']]);
    const [first] = await cluster.list('Pod');
    await cluster.run(first as never, { ready: false });
    await cluster.settle();
    assert.deepEqual((await addresses(cluster)).flat().sort(), ['10.244.0.1 false', '10.244.0.2 true']);
    await cluster.patch('ReplicaSet', 'web', { spec: { replicas: 1 } });
    await cluster.settle();
    const slices = await cluster.list('EndpointSlice');
    const going = slices
      .flatMap(({ endpoints }) => endpoints ?? [])
      .find(({ conditions }) => conditions?.terminating);
    assert.deepEqual(going?.conditions, { ready: false, serving: false, terminating: true });
    await cluster.kubelet();
    assert.deepEqual(await addresses(cluster), [['10.244.0.2 true']]);
    await cluster.close();
  });

  test('go to and fro by labels: blue, green', async () => {
    const cluster = await startCluster({ controllers: [replicaSet, endpointSlice] });
    const colour = (name: string) => ({
      metadata: { name },
      spec: { replicas: 3, selector: { matchLabels: { demo: name } }, template: template({ demo: name }) },
    });
    const label = async (name: string, method: string | null) => {
      for (const pod of await cluster.list('Pod'))
        if (pod.metadata.labels?.demo === name)
          await cluster.patch('Pod', pod.metadata.name ?? '', { metadata: { labels: { method } } });
      await cluster.settle();
    };
    await cluster.create('Service', service({ selector: { method: 'blue-green' } }));
    await cluster.create('ReplicaSet', colour('blue-rs'));
    await cluster.settle();
    await cluster.kubelet();
    assert.deepEqual(await addresses(cluster), [[]], 'no pod has the label yet');
    await label('blue-rs', 'blue-green');
    const blue = ['10.244.0.1 true', '10.244.0.2 true', '10.244.0.3 true'];
    assert.deepEqual(await addresses(cluster), [blue]);
    await cluster.create('ReplicaSet', colour('green-rs'));
    await cluster.settle();
    await cluster.kubelet();
    assert.deepEqual(await addresses(cluster), [blue]);
    await label('green-rs', 'blue-green');
    const green = ['10.244.0.4 true', '10.244.0.5 true', '10.244.0.6 true'];
    assert.deepEqual(await addresses(cluster), [[...blue, ...green]]);
    await label('blue-rs', null);
    assert.deepEqual(await addresses(cluster), [green]);
    assert.equal((await cluster.list('Pod')).length, 6, 'the label is not the replica sets business');
    await cluster.close();
  });
});

describe('the Endpoints of a Service', () => {
  test('come, follow readiness, and go with the Service', async () => {
    const cluster = await startCluster({ controllers: [replicaSet, endpoints] });
    await cluster.create('Service', service({}));
    await cluster.create('ReplicaSet', web(2));
    await cluster.settle();
    await cluster.kubelet();
    const [first, second] = await cluster.list('Pod');
    await cluster.run(first as never, { ready: false });
    await cluster.settle();
    const found = await cluster.get('Endpoints', 'web');
    const { name, uid, namespace } = second?.metadata ?? {};
    assert.deepEqual(found.metadata.labels, {
      team: 'blue',
      'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
    });
    assert.equal(found.subsets?.length, 1);
    assert.deepEqual(found.subsets?.[0]?.addresses, [
      {
        ip: second?.status?.podIP,
        nodeName: second?.spec?.nodeName,
        targetRef: { kind: 'Pod', namespace, name, uid },
      },
    ]);
    assert.deepEqual(
      found.subsets?.[0]?.notReadyAddresses?.map(({ ip }) => ip),
      [first?.status?.podIP],
    );
    assert.deepEqual(found.subsets?.[0]?.ports, [{ name: 'http', port: 8080, protocol: 'TCP' }]);
    const writes = cluster.controllers.map(({ counts }) => counts.writes);
    await cluster.advance(30_000);
    assert.deepEqual(
      cluster.controllers.map(({ counts }) => counts.writes),
      writes,
      'settled',
    );
    await cluster.client.of('Service').delete({ namespace: 'default', name: 'web' });
    await cluster.settle();
    const left = (await cluster.list('Endpoints')).map(({ metadata }) => metadata.name);
    assert.deepEqual(left, ['kubernetes'], 'those of the API server are not touched');
    await cluster.close();
  });

  test('that somebody wrote are mirrored, and are left alone', async () => {
    const cluster = await startCluster({ controllers: [endpoints, endpointSlice, endpointSliceMirroring] });
    await cluster.create('Endpoints', {
      metadata: { name: 'web', labels: { by: 'hand' } },
      subsets: [
        {
          addresses: [{ ip: '192.0.2.1' }],
          notReadyAddresses: [{ ip: '192.0.2.2' }],
          ports: [{ name: 'http', port: 9376 }],
        },
      ],
    });
    await cluster.settle();
    assert.deepEqual(await addresses(cluster), [], 'there is no Service yet');
    const { selector: _none, ...spec } = service({}).spec;
    await cluster.create('Service', { ...service({}), spec });
    await cluster.settle();
    assert.deepEqual(await addresses(cluster), [['192.0.2.1 true', '192.0.2.2 false']]);
    await cluster.patch('Endpoints', 'web', { metadata: { annotations: { note: 'mirrored' } } });
    await cluster.settle();
    const [slice] = (await cluster.list('EndpointSlice')).filter(
      ({ metadata }) => metadata.labels?.by === 'hand',
    );
    assert.deepEqual(slice?.metadata.annotations, { note: 'mirrored' });
    assert.equal(slice?.metadata.ownerReferences?.[0]?.kind, 'Endpoints');
    const writes = cluster.controllers.map(({ counts }) => counts.writes);
    await cluster.advance(30_000);
    assert.deepEqual(
      cluster.controllers.map(({ counts }) => counts.writes),
      writes,
      'settled',
    );
    const skip = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
    await cluster.patch('Endpoints', 'web', { metadata: { labels: skip } });
    await cluster.settle();
    assert.deepEqual(await addresses(cluster), []);
    await cluster.close();
  });
});
