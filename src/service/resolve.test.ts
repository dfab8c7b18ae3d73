import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Endpoint, EndpointSlice, ServiceSpec } from '../kinds/generated/types.ts';
import { serviceKeyOf } from './endpoint-candidates.ts';
import {
  countLocalReady,
  familiesOf,
  proxyNameLabel,
  resolve,
  resolvePort,
  type ServiceShape,
  shapeOf,
} from './resolve.ts';
import {
  at,
  bothHints,
  draining,
  gone,
  http,
  nodeA,
  nodes,
  serviceOf,
  sliceOf,
  unready,
  up,
  zones,
} from './resolve-fixture.ts';

describe('a whole Service', () => {
  test('every port in every family, the primary family first', () => {
    const dual = serviceOf({
      ipFamilies: ['IPv6', 'IPv4'],
      ports: [http, { name: 'dns', port: 53, protocol: 'UDP' }],
    });
    const found = resolve(dual, { slices: [], node: nodeA });
    assert.deepEqual(
      found.map(({ family, port }) => `${family} ${port.name}`),
      ['IPv6 http', 'IPv6 dns', 'IPv4 http', 'IPv4 dns'],
    );
  });

  test('families: as named, else those of the addresses', () => {
    assert.deepEqual(familiesOf(serviceOf({ ipFamilies: ['IPv6'] })), ['IPv6']);
    const unnamed = serviceOf({ ipFamilies: [], clusterIPs: ['fd00::1', '10.96.0.1'] });
    assert.deepEqual(familiesOf(unnamed), ['IPv6', 'IPv4']);
    assert.deepEqual(familiesOf(serviceOf({ ipFamilies: [], clusterIPs: ['None'] })), []);
    assert.deepEqual(familiesOf({ metadata: {} }), []);
  });

  const shapes: [string, ServiceShape, ServiceSpec, Record<string, string>?][] = [
    ['with an address', 'virtual', {}],
    ['headless', 'headless', { clusterIP: 'None' }],
    ['a name elsewhere', 'externalName', { type: 'ExternalName', clusterIP: '' }],
    ['not yet given an address', 'pending', { clusterIP: '' }],
    ["another proxy's", 'otherProxy', {}, { [proxyNameLabel]: '' }],
    ['labelled as headless', 'otherProxy', {}, { 'service.kubernetes.io/headless': '' }],
  ];
  for (const [name, want, spec, labels] of shapes) {
    test(`shape: ${name}`, () => {
      const service = serviceOf(spec);
      assert.equal(shapeOf({ ...service, metadata: { ...service.metadata, labels } }), want);
    });
  }

  test('slices that are for another proxy do not count, unless the Service is', () => {
    const slice = sliceOf([at('10.244.0.2', 'a')]);
    const foreign = sliceOf([at('10.244.0.9', 'a')]);
    foreign.metadata.labels = { ...foreign.metadata.labels, [proxyNameLabel]: 'mesh' };
    const addresses = (labels: Record<string, string>) => {
      const service = serviceOf({ ports: [http] });
      const labelled = { ...service, metadata: { ...service.metadata, labels } };
      return resolve(labelled, { slices: [slice, foreign], node: nodeA }).flatMap(({ cluster }) =>
        cluster.endpoints.map(({ address }) => address),
      );
    };
    assert.deepEqual(addresses({}), ['10.244.0.2']);
    assert.deepEqual(addresses({ [proxyNameLabel]: 'mesh' }), ['10.244.0.2', '10.244.0.9']);
  });

  test('the health check counts local pods that are ready, each once, and no terminating ones', () => {
    const service = serviceOf({ ports: [http, { name: 'https', port: 443 }] });
    const ports = [
      { name: 'http', port: 8080 },
      { name: 'https', port: 8443 },
    ];
    const count = (...endpoints: Endpoint[]) =>
      countLocalReady(resolve(service, { slices: [sliceOf(endpoints, { ports })], node: nodeA }));
    assert.equal(count(at('10.244.0.2', 'a'), at('10.244.0.3', 'a'), at('10.244.1.2', 'b')), 2);
    assert.equal(count(at('10.244.0.2', 'a', { conditions: draining }), at('10.244.1.2', 'b')), 0);
  });

  test('a slice says whose it is by its label', () => {
    assert.equal(serviceKeyOf(sliceOf([])), 'default/web');
    assert.equal(serviceKeyOf(sliceOf([], { metadata: { labels: {} } })), '');
  });
});

const anyEndpoint: fc.Arbitrary<Endpoint> = fc.record(
  {
    addresses: fc.constantFrom(['10.244.0.2'], ['10.244.0.3'], ['10.244.1.2'], ['127.0.0.1'], ['10.244.1.3']),
    nodeName: fc.constantFrom('a', 'b', 'c'),
    conditions: fc.constantFrom(up, unready, draining, gone, {}),
    hints: fc.constantFrom(
      zones('east').hints,
      zones('west').hints,
      bothHints('east', 'a').hints,
      nodes('b').hints,
      {},
    ),
  },
  { requiredKeys: ['addresses'] },
);
const anySlices = fc.array(
  fc.tuple(
    fc.array(anyEndpoint, { maxLength: 6 }),
    fc.constantFrom(8080, 9090),
    fc.constantFrom('http', 'other'),
  ),
  { maxLength: 4 },
);
const anyPolicies = fc.record({
  internalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
  externalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
});

const built = (input: [Endpoint[], number, string][]): EndpointSlice[] =>
  input.map(([endpoints, port, name], index) =>
    sliceOf(endpoints, { ports: [{ name, port, protocol: 'TCP' }], metadata: { name: `web-${index}` } }),
  );

describe('resolving any slices', () => {
  const resolved = (spec: ServiceSpec, all: EndpointSlice[]) =>
    resolvePort(serviceOf(spec), http, { slices: all, node: nodeA, family: 'IPv4' });

  test('does not depend on the order of slices and endpoints', () => {
    fc.assert(
      fc.property(anySlices, anyPolicies, (input, spec) => {
        const turned = built(input)
          .map((slice) => ({ ...slice, endpoints: [...(slice.endpoints ?? [])].reverse() }))
          .reverse();
        assert.deepEqual(resolved(spec, turned), resolved(spec, built(input)));
      }),
      { interruptAfterTimeLimit: 3000 },
    );
  });

  test('keeps to its promises', () => {
    fc.assert(
      fc.property(anySlices, anyPolicies, (input, spec) => {
        const { cluster, local, internal, external } = resolved(spec, built(input));
        const keys = cluster.endpoints.map(({ address, port }) => `${address} ${port}`);
        assert.equal(new Set(keys).size, keys.length, 'each endpoint once');
        for (const set of [cluster, local]) {
          const states = new Set(set.endpoints.map(({ state }) => state));
          assert.ok(states.size <= 1 && !states.has('NotReady'), 'ready ones, or else only terminating ones');
          for (const { address } of set.endpoints) assert.notEqual(address, '127.0.0.1');
        }
        assert.ok(local.endpoints.every(({ isLocal }) => isLocal));
        const count = (of: typeof cluster) => of.endpoints.length + of.leftOut.length;
        assert.equal(count(cluster), count(local), 'every candidate is in a set or has a reason');
        for (const route of [internal, external]) {
          if (route.verdict === 'forward') assert.ok(route.set.endpoints.length > 0);
          if (route.verdict === 'reject')
            assert.equal(cluster.endpoints.length, 0, 'rejected when nobody could answer');
          if (route.verdict === 'drop') assert.ok(route.policy === 'Local' && local.endpoints.length === 0);
        }
      }),
      { interruptAfterTimeLimit: 3000 },
    );
  });
});
