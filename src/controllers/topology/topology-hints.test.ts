import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fixedView } from '../../client/fixed-view.ts';
import type { EndpointSlice, Node, Pod, Service } from '../../kinds/generated/types.ts';
import { endpointSlice } from '../endpoint-slice.ts';
import { isTopologyAuto, topologyServices, zoneShares } from './topology-hints.ts';

interface NodeFacts {
  readonly zone?: string;
  readonly cpu?: string;
  readonly ready?: boolean;
  readonly labels?: Record<string, string>;
}

const nodeOf = (name: string, { zone, cpu = '2', ready = true, labels = {} }: NodeFacts): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    labels: { ...labels, ...(zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone }) },
  },
  status: {
    allocatable: { cpu },
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
  },
});

const serviceOf = (annotations: Record<string, string>): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'default', name: 'web', uid: 'u', annotations },
  spec: { clusterIP: '10.96.0.1', ipFamilies: ['IPv4'], selector: { app: 'web' }, ports: [{ port: 80 }] },
});

const mode = 'service.kubernetes.io/topology-mode';

test('which Services ask for hints', () => {
  const hints = 'service.kubernetes.io/topology-aware-hints';
  const cases: [Record<string, string>, boolean][] = [
    [{}, false],
    [{ [mode]: 'Auto' }, true],
    [{ [mode]: 'auto' }, true],
    [{ [mode]: 'Disabled' }, false],
    [{ [hints]: 'Auto' }, true],
    [{ [hints]: 'Disabled', [mode]: 'Auto' }, false],
  ];
  for (const [annotations, wanted] of cases)
    assert.equal(isTopologyAuto(serviceOf(annotations)), wanted, JSON.stringify(annotations));
});

describe('the shares of zones', () => {
  const [a, b] = [nodeOf('a', { zone: 'a' }), nodeOf('b', { zone: 'b', cpu: '500m' })];
  const controlPlane = { 'node-role.kubernetes.io/control-plane': '' };
  const cases: Record<string, [Node[], [string, number][] | undefined]> = {
    'by the CPUs of their nodes': [
      [b, nodeOf('a', { zone: 'a', cpu: '1' }), nodeOf('c', { zone: 'a', cpu: '500m' })],
      [
        ['a', 0.75],
        ['b', 0.25],
      ],
    ],
    'without the control plane, and without what is not ready': [
      [a, b, nodeOf('c', { labels: controlPlane }), nodeOf('d', { zone: 'd', ready: false })],
      [
        ['a', 0.8],
        ['b', 0.2],
      ],
    ],
    'none where a node is of no zone': [[a, b, nodeOf('c', {})], undefined],
    'none where a node has no CPUs': [[a, b, nodeOf('c', { zone: 'c', cpu: '0' })], undefined],
    'none of a single zone': [[a], undefined],
  };
  for (const [name, [nodes, wanted]] of Object.entries(cases))
    test(name, () => assert.deepEqual(zoneShares(nodes), wanted && new Map(wanted)));
});

test('a node that counts otherwise than before wakes the Services that ask for hints', () => {
  const [old, node] = [nodeOf('a', { zone: 'a' }), nodeOf('a', { zone: 'a', cpu: '4' })];
  const idle = nodeOf('b', { zone: 'b', ready: false });
  const view = fixedView(endpointSlice, { objects: [serviceOf({ [mode]: 'Auto' })] });
  const plain = fixedView(endpointSlice, { objects: [serviceOf({})] });
  assert.deepEqual(topologyServices(node, view, { type: 'update', object: node, old }), ['default/web']);
  assert.deepEqual(topologyServices(node, plain, { type: 'update', object: node, old }), []);
  const labelled = { ...old, metadata: { ...old.metadata, annotations: { a: 'b' } } };
  assert.deepEqual(topologyServices(labelled, view, { type: 'update', object: labelled, old }), []);
  assert.deepEqual(topologyServices(node, view, { type: 'delete', object: node }), ['default/web']);
  assert.deepEqual(topologyServices(idle, view, { type: 'add', object: idle }), []);
});

test('only ready endpoints are for a zone, and that there is none is told when something is written', () => {
  const pod = (name: string, node: string, ready: boolean): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'default', name, uid: name, labels: { app: 'web' } },
    spec: { nodeName: node, containers: [] },
    status: {
      podIP: `10.244.0.${name}`,
      podIPs: [{ ip: `10.244.0.${name}` }],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  });
  const nodes = [nodeOf('a', { zone: 'a' }), nodeOf('b', { zone: 'b' })];
  const told = (pods: Pod[]) => {
    const objects = [serviceOf({ [mode]: 'Auto' }), ...nodes, ...pods];
    return [...endpointSlice.reconcile('default/web', fixedView(endpointSlice, { objects }))].map((change) =>
      change.type === 'event'
        ? change.event.reason
        : change.type === 'create' &&
          ((change.object as EndpointSlice).endpoints ?? []).map(({ hints }) => hints?.forZones?.[0]?.name),
    );
  };
  assert.deepEqual(told([pod('1', 'a', true), pod('2', 'b', true), pod('3', 'b', false)]), [
    ['a', 'b', undefined],
    'TopologyAwareHintsEnabled',
  ]);
  assert.deepEqual(told([pod('1', 'a', true), pod('3', 'b', false)]), [
    [undefined, undefined],
    'TopologyAwareHintsDisabled',
  ]);
});
