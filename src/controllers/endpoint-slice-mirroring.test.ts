/** What Endpoints written by hand ask for, in a fixed view. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fixedView } from '../client/fixed-view.ts';
import type { EndpointSlice, EndpointSubset, Endpoints, Service } from '../kinds/generated/types.ts';
import type { KubeObject } from '../kinds/object.ts';
import { endpointSliceMirroring } from './endpoint-slice-mirroring.ts';

const service = (selector?: Record<string, string>): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: selector === undefined ? {} : { selector },
});

const endpoints = (subsets: EndpointSubset[], metadata: Endpoints['metadata'] = {}): Endpoints => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { name: 'web', namespace: 'default', uid: 'uid-web', ...metadata },
  subsets,
});

const subset: EndpointSubset = {
  addresses: [{ ip: '192.0.2.1', hostname: 'one', nodeName: 'node-a' }],
  notReadyAddresses: [{ ip: '192.0.2.2' }],
  ports: [{ name: 'http', port: 80 }],
};

const slice: EndpointSlice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: 'web-abcde',
    namespace: 'default',
    uid: 'uid-slice',
    labels: {
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
    },
  },
  addressType: 'IPv4',
  endpoints: [
    { addresses: ['192.0.2.1'], conditions: { ready: true }, hostname: 'one', nodeName: 'node-a' },
    { addresses: ['192.0.2.2'], conditions: { ready: false } },
  ],
  ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
};

const reconcile = (objects: KubeObject[]) => [
  ...endpointSliceMirroring.reconcile('default/web', fixedView(endpointSliceMirroring, { objects })),
];

const label = { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } };
const leader = { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } };
const many = Array.from({ length: 1002 }, (_, index) => ({ ip: `192.0.${index >> 8}.${index & 255}` }));

const cases: Record<string, { objects: KubeObject[]; wanted: string[] }> = {
  mirrored: { objects: [service(), endpoints([subset])], wanted: ['create'] },
  'mirrored already': { objects: [service(), endpoints([subset]), slice], wanted: [] },
  changed: {
    objects: [service(), endpoints([{ ...subset, notReadyAddresses: [] }]), slice],
    wanted: ['update'],
  },
  'with other annotations': {
    objects: [service(), endpoints([subset], { annotations: { note: 'new' } }), slice],
    wanted: ['update'],
  },
  'of two families': {
    objects: [service(), endpoints([subset, { ...subset, addresses: [{ ip: 'fd00::1' }] }]), slice],
    wanted: ['create'],
  },
  'with other ports: the slice is used again': {
    objects: [service(), endpoints([{ ...subset, ports: [{ name: 'http', port: 81 }] }]), slice],
    wanted: ['update'],
  },
  gone: { objects: [service(), slice], wanted: ['delete'] },
  'of no Service': { objects: [endpoints([subset]), slice], wanted: ['delete'] },
  'of a Service with a selector': {
    objects: [service({ app: 'web' }), endpoints([subset]), slice],
    wanted: ['delete'],
  },
  'that do not want to be': { objects: [service(), endpoints([subset], label), slice], wanted: ['delete'] },
  'that are a lock': { objects: [service(), endpoints([subset], leader)], wanted: [] },
  'with too many addresses': {
    objects: [service(), endpoints([{ addresses: many }])],
    wanted: [
      'TooManyAddressesToMirror A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 2 addresses were skipped',
      'create',
    ],
  },
  'with an address that is none': {
    objects: [service(), endpoints([{ addresses: [{ ip: '192.0.2.1' }, { ip: 'localhost' }] }])],
    wanted: ['InvalidIPAddress Skipped 1 invalid IP addresses when mirroring to EndpointSlices', 'create'],
  },
};

describe('Endpoints', () => {
  for (const [name, { objects, wanted }] of Object.entries(cases))
    test(name, () =>
      assert.deepEqual(
        reconcile(objects).map((change) =>
          change.type === 'event' ? `${change.event.reason} ${change.event.message}` : change.type,
        ),
        wanted,
      ),
    );

  test('become a slice that they own', () => {
    const annotations = { note: 'kept', 'kubectl.kubernetes.io/last-applied-configuration': '{}' };
    const [change] = reconcile([service(), endpoints([subset], { annotations, labels: { by: 'hand' } })]);
    assert.ok(change?.type === 'create');
    assert.deepEqual(change.object, {
      ...slice,
      metadata: {
        namespace: 'default',
        generateName: 'web-',
        labels: { by: 'hand', ...slice.metadata.labels },
        annotations: { note: 'kept' },
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'Endpoints',
            name: 'web',
            uid: 'uid-web',
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
    });
  });
});
