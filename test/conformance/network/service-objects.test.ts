/**
 * Services as objects: the API server's own, a status from others, lists, collections. Source of what is asked:
 * test/e2e/network/service.go of kubernetes/kubernetes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNetworkLab } from './lab.ts';

const services = '/api/v1/namespaces/default/services';

test('the API server’s own Service, its Endpoints and its EndpointSlices', async (t) => {
  const lab = await startNetworkLab(t);
  const { spec } = await lab.call('GET', `${services}/kubernetes`);
  assert.deepEqual(spec.ports, [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }]);
  const { subsets } = await lab.call('GET', '/api/v1/namespaces/default/endpoints/kubernetes');
  const { items } = await lab.call(
    'GET',
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io/service-name=kubernetes',
  );
  assert.deepEqual(
    subsets,
    items.map((slice: { endpoints: { addresses: string[] }[]; ports: object[] }) => ({
      addresses: slice.endpoints.map(({ addresses: [ip] }) => ({ ip })),
      ports: slice.ports,
    })),
  );
  assert.equal(subsets.length, 1);
});

test('a status that others write is kept and watched', async (t) => {
  const lab = await startNetworkLab(t);
  const name = `${services}/status-test`;
  const labels = { 'test-service-static': 'true' };
  const selector = 'labelSelector=test-service-static%3Dtrue';
  const { metadata } = await lab.call('GET', `/api/v1/services?${selector}`);
  const watch = await lab.server.watch(
    `${services}?watch=true&${selector}&resourceVersion=${metadata.resourceVersion}`,
  );
  await lab.call('POST', services, {
    metadata: { name: 'status-test', labels },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: 'example.com/theirs',
      ports: [{ name: 'http', port: 80 }],
    },
  });
  const { items } = await lab.call('GET', `/api/v1/services?${selector}`);
  assert.deepEqual(
    items.map((each: { metadata: { name: string } }) => each.metadata.name),
    ['status-test'],
  );
  assert.deepEqual((await lab.call('GET', `${name}/status`)).status, { loadBalancer: {} });

  const ingress = [{ ip: '203.0.113.1', ipMode: 'VIP' }];
  const patched = await lab.call('PATCH merge', `${name}/status`, {
    metadata: { annotations: { patchedstatus: 'true' } },
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } },
  });
  assert.deepEqual(patched.status, { loadBalancer: { ingress } });
  assert.equal(patched.metadata.annotations.patchedstatus, 'true');
  const conditions = [
    {
      ...{ type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' },
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ];
  const updated = await lab.call('PUT', `${name}/status`, {
    ...patched,
    spec: { ...patched.spec, ports: [{ port: 1 }] },
    status: { ...patched.status, conditions },
  });
  assert.deepEqual(updated.status, { conditions, loadBalancer: { ingress } });
  assert.equal(updated.spec.ports[0].port, 80);
  await lab.call('PATCH strategic', name, { metadata: { labels: { 'test-service': 'patched' } } });
  await lab.call('DELETE', name);
  await watch.until(5);
  watch.stop();
  assert.deepEqual(
    watch.events.map(({ type, object }) => [
      type,
      object.status.loadBalancer.ingress?.[0].ip,
      object.status.conditions?.[0].reason,
      object.metadata.labels['test-service'],
    ]),
    [
      ['ADDED', undefined, undefined, undefined],
      ['MODIFIED', '203.0.113.1', undefined, undefined],
      ['MODIFIED', '203.0.113.1', 'E2E', undefined],
      ['MODIFIED', '203.0.113.1', 'E2E', 'patched'],
      ['DELETED', '203.0.113.1', 'E2E', 'patched'],
    ],
  );
});

test('a collection of Services is deleted by its label, and what they held is free', async (t) => {
  const lab = await startNetworkLab(t);
  const made = [];
  for (const [name, kind] of [
    ['first', 'doomed'],
    ['second', 'doomed'],
    ['third', 'kept'],
  ])
    made.push(
      await lab.call('POST', services, {
        metadata: { name, labels: { kind } },
        spec: { type: 'NodePort', ports: [{ port: 80 }] },
      }),
    );
  await lab.rest();
  const found = await lab.call('GET', '/api/v1/services?labelSelector=kind');
  assert.equal(found.items.length, 3);
  await lab.call('DELETE', `${services}?labelSelector=kind%3Ddoomed`);
  const left = await lab.call('GET', `${services}?labelSelector=kind`);
  assert.deepEqual(
    left.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
    ['third'],
  );
  const [{ spec }] = made;
  await lab.call('POST', services, {
    metadata: { name: 'fourth' },
    spec: {
      type: 'NodePort',
      clusterIP: spec.clusterIP,
      ports: [{ port: 80, nodePort: spec.ports[0].nodePort }],
    },
  });
});

test('a hundred Services have their endpoints as soon as the control loops have run', async (t) => {
  const lab = await startNetworkLab(t);
  const labels = { app: 'latency' };
  const { status } = await lab.pod('web', { labels });
  for (let count = 0; count < 100; count++)
    await lab.call('POST', services, {
      metadata: { generateName: 'latency-svc-' },
      spec: { selector: labels, ports: [{ port: 80 }] },
    });
  await lab.settle();
  const { items } = await lab.call('GET', '/api/v1/namespaces/default/endpoints');
  const ready = items.filter(
    ({
      metadata,
      subsets = [],
    }: {
      metadata: { name: string };
      subsets?: { addresses: { ip: string }[] }[];
    }) => metadata.name.startsWith('latency-svc-') && subsets[0]?.addresses[0]?.ip === status?.podIP,
  );
  assert.equal(ready.length, 100);
});
