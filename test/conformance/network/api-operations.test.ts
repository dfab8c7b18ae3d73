/**
 * What every client may do with the objects of the network: discovery, all verbs, watches, status. Sources of what is
 * asked: test/e2e/network/endpointslice.go, ingress.go, ingressclass.go, service_cidrs.go and
 * netpol/network_policy_api.go of kubernetes/kubernetes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startNetworkLab } from './lab.ts';

interface Resource {
  readonly group: 'networking.k8s.io' | 'discovery.k8s.io';
  readonly plural: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  /** Three objects, without what is common to all of them. */
  readonly objects: readonly object[];
  readonly status?: object;
}

const label = { 'special-label': 'api-operations' };
const selector = 'labelSelector=special-label%3Dapi-operations';
const generated = [0, 1, 2].map(() => ({ metadata: { generateName: 'e2e-example-', labels: label } }));

const withSpec = (spec: object): object[] => generated.map((each) => ({ ...each, spec }));

const address = (name: string): object => ({
  metadata: { name, labels: label },
  spec: { parentRef: { group: 'mygroup', resource: 'myresources', namespace: 'foo', name: 'bar' } },
});

const resources: readonly Resource[] = [
  {
    ...{ group: 'discovery.k8s.io', plural: 'endpointslices', kind: 'EndpointSlice', isNamespaced: true },
    objects: generated.map((each) => ({
      ...each,
      addressType: 'IPv4',
      endpoints: [{ addresses: ['1.2.3.4', '5.6.7.8'] }, { addresses: ['2.2.3.4', '6.6.7.8'] }],
    })),
  },
  {
    ...{ group: 'networking.k8s.io', plural: 'ingresses', kind: 'Ingress', isNamespaced: true },
    objects: withSpec({ defaultBackend: { service: { name: 'default-backend', port: { number: 80 } } } }),
    status: { loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } },
  },
  {
    ...{ group: 'networking.k8s.io', plural: 'ingressclasses', kind: 'IngressClass', isNamespaced: false },
    objects: withSpec({ controller: 'example.com/controller' }),
  },
  {
    ...{ group: 'networking.k8s.io', plural: 'networkpolicies', kind: 'NetworkPolicy', isNamespaced: true },
    objects: withSpec({
      podSelector: { matchLabels: { 'pod-name': 'test-pod' } },
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { 'ns-name': 'pod-b' } } }] }],
      egress: [{ ports: [{ protocol: 'TCP', port: 32_000, endPort: 32_768 }] }],
    }),
  },
  {
    ...{ group: 'networking.k8s.io', plural: 'ipaddresses', kind: 'IPAddress', isNamespaced: false },
    objects: ['255.255.255.255', '203.0.113.1', 'fe80::42:1dff:fe84:f9e2'].map(address),
  },
  {
    ...{ group: 'networking.k8s.io', plural: 'servicecidrs', kind: 'ServiceCIDR', isNamespaced: false },
    objects: withSpec({ cidrs: ['203.0.113.0/24'] }),
    status: {
      conditions: [
        {
          ...{ type: 'Wanted', status: 'True', reason: 'E2E', message: 'as asked' },
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    },
  },
];

const namesOf = ({ items }: { items: { metadata: { name: string } }[] }): string[] =>
  items.map(({ metadata }) => metadata.name).sort();

for (const { group, plural, kind, isNamespaced, objects, status } of resources)
  describe(kind, () => {
    const root = `/apis/${group}/v1`;
    const url = isNamespaced ? `${root}/namespaces/default/${plural}` : `${root}/${plural}`;

    test('is discovered', async (t) => {
      const lab = await startNetworkLab(t);
      const { groups } = await lab.call('GET', '/apis');
      const versions = ({ versions: all }: { versions: { version: string }[] }) =>
        all.map(({ version }) => version);
      const found = groups.find(({ name }: { name: string }) => name === group);
      assert.deepEqual(versions(found), ['v1']);
      assert.deepEqual(versions(await lab.call('GET', `/apis/${group}`)), ['v1']);
      const { resources: listed } = await lab.call('GET', root);
      const named = (name: string) => listed.find((each: { name: string }) => each.name === name);
      const { verbs } = named(plural);
      assert.deepEqual(
        [named(plural).kind, named(plural).namespaced, [...verbs].sort()],
        [
          kind,
          isNamespaced,
          ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
        ],
      );
      if (status !== undefined)
        assert.deepEqual([...named(`${plural}/status`).verbs].sort(), ['get', 'patch', 'update']);
    });

    test('is created, read, watched, changed and deleted', async (t) => {
      const lab = await startNetworkLab(t);
      const made = [];
      for (const object of objects) made.push(await lab.call('POST', url, object));
      const [first, ...others] = made;
      const { name } = first.metadata;
      const one = `${url}/${name}`;
      await lab.rest();
      assert.equal((await lab.call('GET', one)).metadata.uid, first.metadata.uid);
      const list = await lab.call('GET', `${url}?${selector}`);
      assert.deepEqual(namesOf(list), made.map(({ metadata }) => metadata.name).sort());
      assert.deepEqual(namesOf(await lab.call('GET', `${root}/${plural}?${selector}`)), namesOf(list));
      const from = `${selector}&watch=true&resourceVersion=${list.metadata.resourceVersion}`;
      const watches = [
        await lab.server.watch(`${url}?${from}`),
        await lab.server.watch(`${root}/${plural}?${from}`),
      ];

      const annotations = { patched: 'true' };
      const patched = await lab.call('PATCH merge', one, { metadata: { annotations } });
      assert.equal(patched.metadata.annotations.patched, 'true');
      assert.ok(Number(patched.metadata.resourceVersion) > Number(first.metadata.resourceVersion));
      const updated = await lab.call('PUT', one, {
        ...patched,
        metadata: { ...patched.metadata, annotations: { ...annotations, updated: 'true' } },
      });
      assert.deepEqual(updated.metadata.annotations, { ...annotations, updated: 'true' });
      let writes = 2;
      if (status !== undefined) {
        const body = { metadata: { annotations: { patchedstatus: 'true' } }, status };
        const told = await lab.call('PATCH merge', `${one}/status`, body);
        assert.deepEqual([told.status, told.metadata.annotations.patchedstatus], [status, 'true']);
        assert.deepEqual((await lab.call('GET', `${one}/status`)).status, status);
        const emptied = await lab.call('PUT', `${one}/status`, { ...told, status: {} });
        assert.notDeepEqual(emptied.status ?? {}, status);
        writes += 2;
      }
      for (const watch of watches) {
        await watch.until(writes);
        watch.stop();
        const seen = watch.events.slice(0, writes).map(({ type, object }) => [type, object.metadata.name]);
        assert.deepEqual(seen, Array(writes).fill(['MODIFIED', name]));
      }

      await lab.call('DELETE', one);
      await lab.rest();
      await assert.rejects(lab.call('GET', one), /not found/);
      const left = await lab.call('GET', `${url}?${selector}`);
      assert.deepEqual(namesOf(left), others.map(({ metadata }) => metadata.name).sort());
      await lab.call('DELETE', `${url}?${selector}`);
      await lab.rest();
      assert.deepEqual(namesOf(await lab.call('GET', `${url}?${selector}`)), []);
    });
  });
