/** What the slices of a Service ask for, in a fixed view. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fixedView } from '../client/fixed-view.ts';
import type { Endpoint, EndpointSlice, Node, Pod, Service, ServiceSpec } from '../kinds/generated/types.ts';
import type { KubeObject } from '../kinds/object.ts';
import { findPort, mayBeEndpoint, podAddresses, servicesOnNode, servicesSelecting } from './endpoint-pods.ts';
import { endpointSlice } from './endpoint-slice.ts';
import { sameMap, sliceChanges } from './slice-changes.ts';
import { triggerTime, withTriggerTime } from './trigger-time.ts';

const service = (spec: ServiceSpec = {}, labels?: Record<string, string>): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'web',
    namespace: 'default',
    uid: 'uid-web',
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...(labels === undefined ? {} : { labels }),
  },
  spec: {
    selector: { app: 'web' },
    clusterIP: '10.96.0.9',
    ipFamilies: ['IPv4'],
    ports: [{ name: 'http', port: 80, targetPort: 'web', protocol: 'TCP' }],
    ...spec,
  },
});

interface PodFacts {
  ip?: string;
  ready?: boolean;
  terminating?: boolean;
  phase?: string;
  port?: number;
  node?: string;
  hostname?: string;
}

const pod = (name: string, facts: PodFacts = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'default',
    uid: `uid-${name}`,
    labels: { app: 'web' },
    ...(facts.terminating ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
  },
  spec: {
    nodeName: facts.node ?? 'node-a',
    ...(facts.hostname === undefined ? {} : { hostname: facts.hostname, subdomain: 'web' }),
    containers: [
      { name: 'web', image: 'nginx', ports: [{ name: 'web', containerPort: facts.port ?? 8080 }] },
    ],
  },
  status: {
    phase: facts.phase ?? 'Running',
    ...(facts.ip === ''
      ? {}
      : { podIP: facts.ip ?? '10.244.0.1', podIPs: [{ ip: facts.ip ?? '10.244.0.1' }] }),
    conditions: [
      {
        type: 'Ready',
        status: facts.ready === false ? 'False' : 'True',
        lastTransitionTime: '2026-01-01T00:00:05Z',
      },
    ],
  },
});

const node: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-a', labels: { 'topology.kubernetes.io/zone': 'zone-a' } },
};

/** The endpoints that are written for a Service whose slices are not there yet, by slice. */
function endpointsOf(
  spec: ServiceSpec,
  pods: Pod[],
): { ports: unknown; endpoints: Endpoint[] | undefined }[] {
  const view = fixedView(endpointSlice, { objects: [service(spec), node, ...pods] });
  return [...endpointSlice.reconcile('default/web', view)].map((change) => {
    assert.ok(change.type === 'create');
    const { ports, endpoints } = change.object as EndpointSlice;
    return { ports, endpoints };
  });
}

const one = (spec: ServiceSpec, facts: PodFacts): Endpoint | undefined =>
  endpointsOf(spec, [pod('a', facts)])[0]?.endpoints?.[0];

describe('an endpoint', () => {
  const whole: Endpoint = {
    addresses: ['10.244.0.1'],
    conditions: { ready: true, serving: true, terminating: false },
    targetRef: { kind: 'Pod', namespace: 'default', name: 'a', uid: 'uid-a' },
    nodeName: 'node-a',
    zone: 'zone-a',
  };
  const zoneHint = { hints: { forZones: [{ name: 'zone-a' }] } };
  const nodeHint = { hints: { ...zoneHint.hints, forNodes: [{ name: 'node-a' }] } };
  const unready = { ...whole, conditions: { ready: false, serving: false, terminating: false } };
  const cases: Record<string, { spec?: ServiceSpec; facts?: PodFacts; wanted: Endpoint | undefined }> = {
    'says all of a ready pod': { wanted: whole },
    'is not ready with its pod': { facts: { ready: false }, wanted: unready },
    'serves while it terminates': {
      facts: { terminating: true },
      wanted: { ...whole, conditions: { ready: false, serving: true, terminating: true } },
    },
    'is ready in any case when all are published': {
      spec: { publishNotReadyAddresses: true },
      facts: { ready: false, terminating: true },
      wanted: { ...whole, conditions: { ready: true, serving: false, terminating: true } },
    },
    'has the hostname of a pod whose subdomain is the Service': {
      facts: { hostname: 'a-0' },
      wanted: { ...whole, hostname: 'a-0' },
    },
    'is not there for a pod that has ended': { facts: { phase: 'Succeeded' }, wanted: undefined },
    'is not there without an address': { facts: { ip: '' }, wanted: undefined },
    'is not there for another family': { facts: { ip: 'fd00::1' }, wanted: undefined },
    'is not there on a node that is not there': { facts: { node: 'gone' }, wanted: undefined },
    'is there nevertheless when all are published': {
      spec: { publishNotReadyAddresses: true },
      facts: { node: 'gone' },
      wanted: (({ zone: _zone, ...rest }) => ({ ...rest, nodeName: 'gone' }))(whole),
    },
    'hints at its zone': {
      spec: { trafficDistribution: 'PreferSameZone' },
      wanted: { ...whole, ...zoneHint },
    },
    'hints at its zone by the older name': {
      spec: { trafficDistribution: 'PreferClose' },
      wanted: { ...whole, ...zoneHint },
    },
    'hints at its node': {
      spec: { trafficDistribution: 'PreferSameNode' },
      wanted: { ...whole, ...nodeHint },
    },
    'hints at nothing while it is not ready': {
      spec: { trafficDistribution: 'PreferSameZone' },
      facts: { ready: false },
      wanted: unready,
    },
  };
  for (const [name, { spec = {}, facts = {}, wanted }] of Object.entries(cases))
    test(name, () => assert.deepEqual(one(spec, facts), wanted));
});

describe('slices', () => {
  test('are one for each number behind a named port', () => {
    const slices = endpointsOf({}, [pod('a'), pod('b', { port: 9090, ip: '10.244.0.2' })]);
    assert.deepEqual(
      slices.map(({ ports, endpoints }) => [ports, endpoints?.map(({ addresses }) => addresses[0])]),
      [
        [[{ name: 'http', port: 8080, protocol: 'TCP' }], ['10.244.0.1']],
        [[{ name: 'http', port: 9090, protocol: 'TCP' }], ['10.244.0.2']],
      ],
    );
  });

  test('are one for each family, empty when no pod has an address of it', () => {
    const slices = endpointsOf({ ipFamilies: ['IPv4', 'IPv6'] }, [pod('a')]);
    assert.deepEqual(
      slices.map(({ endpoints }) => endpoints?.length),
      [1, 0],
    );
  });

  test('hold a hundred endpoints', () => {
    const pods = Array.from({ length: 250 }, (_, index) => pod(`p${index}`, { ip: `10.244.1.${index}` }));
    assert.deepEqual(
      endpointsOf({}, pods).map(({ endpoints }) => endpoints?.length),
      [100, 100, 50],
    );
  });

  const bases: Record<string, { spec: ServiceSpec; wanted: number }> = {
    'no selector': { spec: { selector: {} }, wanted: 0 },
    'an external name': { spec: { type: 'ExternalName' }, wanted: 0 },
    'a selector without pods': { spec: { selector: { app: 'none' } }, wanted: 1 },
  };
  for (const [name, { spec, wanted }] of Object.entries(bases))
    test(`of a Service with ${name}: ${wanted}`, () =>
      assert.equal(endpointsOf(spec, [pod('a')]).length, wanted));

  test('have the labels of the Service, of which three are ours', () => {
    const labels = { team: 'blue', 'endpointslice.kubernetes.io/managed-by': 'me' };
    const objects = [service({ clusterIP: 'None' }, labels), node, pod('a')];
    const [change] = endpointSlice.reconcile('default/web', fixedView(endpointSlice, { objects }));
    assert.ok(change?.type === 'create');
    assert.deepEqual(change.object.metadata, {
      namespace: 'default',
      generateName: 'web-',
      labels: {
        team: 'blue',
        'service.kubernetes.io/headless': '',
        'kubernetes.io/service-name': 'web',
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      },
      annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z' },
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'Service',
          name: 'web',
          uid: 'uid-web',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    });
  });
});

describe('slices that are there', () => {
  const written = (objects: KubeObject[], existing: EndpointSlice[]) => [
    ...endpointSlice.reconcile(
      'default/web',
      fixedView(endpointSlice, { objects: [...objects, ...existing] }),
    ),
  ];
  const stored = (objects: KubeObject[]): EndpointSlice[] =>
    written(objects, []).map((change, index) => {
      assert.ok(change.type === 'create');
      const { metadata, ...rest } = structuredClone(change.object) as EndpointSlice;
      return {
        ...rest,
        metadata: { ...metadata, name: `web-${index}`, uid: `uid-${index}`, resourceVersion: '7' },
      };
    });

  test('are left alone when nothing has changed', () => {
    const objects = [service(), node, pod('a')];
    assert.deepEqual(written(objects, stored(objects)), []);
  });

  test('become empty rather than go', () => {
    const existing = stored([service(), node, pod('a')]);
    const [change, ...more] = written([service(), node], existing);
    assert.deepEqual(more, []);
    assert.ok(change?.type === 'update');
    const { metadata, ports, endpoints } = change.object as EndpointSlice;
    assert.deepEqual([metadata.name, metadata.resourceVersion, ports, endpoints], ['web-0', '7', [], []]);
    assert.deepEqual(written([service(), node], [structuredClone(change.object) as EndpointSlice]), []);
  });

  test('go with their family, and when another Service of that name has come', () => {
    const dual = service({ ipFamilies: ['IPv4', 'IPv6'] });
    const existing = stored([dual, node, pod('a')]);
    const changes = written([service(), node, pod('a')], existing);
    assert.deepEqual(
      changes.map((change) => (change.type === 'delete' ? change.key : change.type)),
      ['default/web-1'],
    );
    const newcomer = { ...service(), metadata: { ...service().metadata, uid: 'uid-new' } };
    const replaced = written([newcomer, node, pod('a')], existing.slice(0, 1));
    assert.deepEqual(
      replaced.map(({ type }) => type),
      ['create', 'delete'],
    );
  });

  test('are rewritten when the labels of the Service change', () => {
    const existing = stored([service(), node, pod('a')]);
    const changes = written([service({}, { team: 'green' }), node, pod('a')], existing);
    assert.deepEqual(
      changes.map(({ type }) => type),
      ['update'],
    );
  });

  test('are not made for a Service that is going', () => {
    const wanted = [{ addressType: 'IPv4', ports: [], endpoints: [] }];
    const options = { wanted, unwanted: [], mayReuse: () => true, metadata: () => ({}) };
    assert.deepEqual(sliceChanges({ ...options, mayCreate: false }), []);
    assert.equal(sliceChanges({ ...options, mayCreate: true }).length, 1);
  });
});

describe('what wakes a Service', () => {
  const view = fixedView(endpointSlice, { objects: [service(), node, pod('a')] });
  const wakes = (to: Pod) => servicesSelecting(to, view, { type: 'update', object: to, old: pod('a') });

  test('a pod that it selects, when it shows', () => {
    assert.deepEqual(wakes(pod('a', { ready: false })), ['default/web']);
    const noted = pod('a');
    noted.metadata.annotations = { note: 'new' };
    assert.deepEqual(wakes(noted), []);
  });

  test('a node that comes, or changes its zone', () => {
    const other = structuredClone(node);
    other.metadata.labels = {};
    assert.deepEqual(servicesOnNode(node, view, { type: 'add', object: node }), ['default/web']);
    assert.deepEqual(servicesOnNode(other, view, { type: 'update', object: other, old: node }), [
      'default/web',
    ]);
    assert.deepEqual(servicesOnNode(node, view, { type: 'update', object: node, old: node }), []);
  });
});

describe('small things', () => {
  test('ports by number, by name, and of sidecars', () => {
    const spec = {
      containers: [],
      initContainers: [{ name: 's', restartPolicy: 'Always', ports: [{ name: 'web', containerPort: 7 }] }],
    };
    assert.equal(findPort(pod('a'), { port: 80, targetPort: 8081 }), 8081);
    assert.equal(findPort(pod('a'), { port: 80, targetPort: 'none' }), undefined);
    assert.equal(findPort(pod('a'), { port: 80, targetPort: 'web', protocol: 'UDP' }), undefined);
    assert.equal(findPort({ metadata: {}, spec: spec as Pod['spec'] }, { port: 80, targetPort: 'web' }), 7);
  });

  test('addresses are canonical', () => {
    const dual = { metadata: {}, status: { podIPs: [{ ip: '10.0.0.1' }, { ip: 'FD00:0::1' }] } };
    assert.deepEqual(podAddresses(dual), ['10.0.0.1', 'fd00::1']);
    assert.deepEqual(podAddresses(dual, 'IPv6'), ['fd00::1']);
    assert.equal(mayBeEndpoint(dual), true);
  });

  test('the trigger time is the earliest that changed', () => {
    assert.equal(triggerTime(service(), { changed: [pod('a')], isFirst: false }), '2026-01-01T00:00:05Z');
    assert.equal(triggerTime(service(), { changed: [pod('a')], isFirst: true }), '2026-01-01T00:00:00Z');
    assert.equal(triggerTime(service(), { changed: [], isFirst: false }), undefined);
    const annotations = withTriggerTime({ note: 'kept' }, 'then');
    assert.deepEqual(withTriggerTime(annotations, undefined), { note: 'kept' });
    assert.ok(sameMap(undefined, {}));
  });
});
