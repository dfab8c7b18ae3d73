/** What the Endpoints of a Service ask for, in a fixed view. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fixedView } from '../client/fixed-view.ts';
import type { Endpoints, Pod, Service, ServiceSpec } from '../kinds/generated/types.ts';
import type { KubeObject } from '../kinds/object.ts';
import { endpoints } from './endpoints.ts';

const service = (spec: ServiceSpec = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default', uid: 'uid-web', labels: { team: 'blue' } },
  spec: {
    selector: { app: 'web' },
    clusterIP: '10.96.0.9',
    ipFamilies: ['IPv4'],
    ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
    ...spec,
  },
});

const pod = (number: number, facts: { ready?: boolean; terminating?: boolean } = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `web-${number}`,
    namespace: 'default',
    uid: `uid-${number}`,
    labels: { app: 'web' },
    ...(facts.terminating ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
  },
  spec: { nodeName: 'node-a', containers: [] },
  status: {
    phase: 'Running',
    podIPs: [{ ip: `10.244.${number >> 8}.${number & 255}` }, { ip: `fd00::${number}` }],
    conditions: [
      {
        type: 'Ready',
        status: facts.ready === false ? 'False' : 'True',
        lastTransitionTime: '2026-01-01T00:00:05Z',
      },
    ],
  },
});

const reconcile = (objects: KubeObject[]) => [
  ...endpoints.reconcile('default/web', fixedView(endpoints, { objects })),
];

/** What is written; the one change is a create, or an update when there are Endpoints already. */
function written(objects: KubeObject[]): Endpoints {
  const [change, ...more] = reconcile(objects);
  assert.deepEqual(more, []);
  assert.ok(change?.type === 'create' || change?.type === 'update');
  return change.object as Endpoints;
}

/** `http:8080 10.244.0.1 !10.244.0.2` for each subset. */
const text = ({ subsets = [] }: Endpoints): string[] =>
  subsets.map((subset) =>
    [
      ...(subset.ports ?? []).map(({ name, port }) => `${name}:${port}`),
      ...(subset.addresses ?? []).map(({ ip }) => ip),
      ...(subset.notReadyAddresses ?? []).map(({ ip }) => `!${ip}`),
    ].join(' '),
  );

const cases: Record<string, { spec?: ServiceSpec; pods: Pod[]; wanted: string[] }> = {
  'no pods': { pods: [], wanted: [] },
  'ready and not': { pods: [pod(1), pod(2, { ready: false })], wanted: ['http:8080 10.244.0.1 !10.244.0.2'] },
  'a terminating pod has left': {
    pods: [pod(1), pod(2, { terminating: true })],
    wanted: ['http:8080 10.244.0.1'],
  },
  'unless all are published': {
    spec: { publishNotReadyAddresses: true },
    pods: [pod(1, { ready: false }), pod(2, { terminating: true })],
    wanted: ['http:8080 10.244.0.1 10.244.0.2'],
  },
  'the first family counts': {
    spec: { ipFamilies: ['IPv6', 'IPv4'] },
    pods: [pod(1)],
    wanted: ['http:8080 fd00::1'],
  },
  'two ports, one subset': {
    spec: {
      ports: [
        { name: 'http', port: 80, targetPort: 8080 },
        { name: 'admin', port: 81, targetPort: 8081 },
      ],
    },
    pods: [pod(1)],
    wanted: ['admin:8081 http:8080 10.244.0.1'],
  },
  'headless without ports': {
    spec: { clusterIP: 'None', ports: [] },
    pods: [pod(1)],
    wanted: ['10.244.0.1'],
  },
};

describe('endpoints', () => {
  for (const [name, { spec = {}, pods, wanted }] of Object.entries(cases))
    test(name, () => assert.deepEqual(text(written([service(spec), ...pods])), wanted));

  test('have the labels of the Service and ours', () => {
    assert.deepEqual(written([service({ clusterIP: 'None' }), pod(1)]).metadata, {
      namespace: 'default',
      name: 'web',
      labels: {
        team: 'blue',
        'service.kubernetes.io/headless': '',
        'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
      },
      annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:05Z' },
    });
  });

  const others: Record<string, { objects: KubeObject[]; wanted: string[] }> = {
    'none without a selector': { objects: [service({ selector: {} }), pod(1)], wanted: [] },
    'none for an external name': { objects: [service({ type: 'ExternalName' }), pod(1)], wanted: [] },
    'they go with the Service': {
      objects: [{ apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'web', namespace: 'default' } }],
      wanted: ['delete'],
    },
    'they are left alone when they are right': {
      objects: [service(), pod(1), structuredClone(written([service(), pod(1)]))],
      wanted: [],
    },
    'they follow': {
      objects: [service(), pod(2), structuredClone(written([service(), pod(1)]))],
      wanted: ['update'],
    },
  };
  for (const [name, { objects, wanted }] of Object.entries(others))
    test(name, () =>
      assert.deepEqual(
        reconcile(objects).map(({ type }) => type),
        wanted,
      ),
    );

  test('hold a thousand addresses, say so, and come to rest', () => {
    const pods = Array.from({ length: 1100 }, (_, index) => pod(index + 1));
    const full = written([service(), ...pods]);
    assert.equal(full.subsets?.[0]?.addresses?.length, 1000);
    assert.equal(full.metadata.annotations?.['endpoints.kubernetes.io/over-capacity'], 'truncated');
    assert.deepEqual(reconcile([service(), ...pods, structuredClone(full)]), []);
    const fewer = written([service(), pod(1), structuredClone(full)]);
    assert.equal(fewer.metadata.annotations?.['endpoints.kubernetes.io/over-capacity'], undefined);
  });
});
