import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PersistentVolume, PersistentVolumeClaim } from '../../kinds/generated/types.ts';
import type { ClusterEvent } from '../cluster-event.ts';
import type { Filter, Lookups } from '../plugin.ts';
import type { PodView } from '../pod-view.ts';
import { makeNode, snapshotOf, viewOf } from '../test-kit.ts';
import { filterTable as table } from './filter-table.ts';
import { volumeBinding } from './volume-binding.ts';
import { volumeRestrictions } from './volume-restrictions.ts';
import { volumeZone } from './volume-zone.ts';

const zoned = [
  makeNode('a', { labels: { zone: 'z1', cores: '8' } }),
  makeNode('b', { labels: { zone: 'z2' } }),
];

const claim = (name: string, spec: object, extra: object = {}): PersistentVolumeClaim => ({
  metadata: {
    name,
    namespace: 'default',
    ...('volumeName' in spec ? { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } } : {}),
    ...extra,
  },
  spec,
});
const withClaim = viewOf('p', { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] });
const claims = (found: PersistentVolumeClaim | undefined): Partial<Lookups> => ({
  claim: (key) => (key === 'default/data' ? found : undefined),
});
const localVolume: PersistentVolume = {
  metadata: { name: 'pv' },
  spec: {
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['z1'] }] }],
      },
    },
  },
};

table(volumeBinding, {
  'no volumes': { pod: viewOf('p'), expect: { '': 'nothing to check' } },
  'no such claim': { pod: withClaim, expect: { '': 'persistentvolumeclaim "data" not found' } },
  'an ephemeral volume whose claim is not made yet': {
    pod: viewOf('p', { volumes: [{ name: 'tmp', ephemeral: {} }] }),
    expect: { '': 'waiting for ephemeral volume controller to create the persistentvolumeclaim "p-tmp"' },
  },
  'a claim that goes': {
    pod: withClaim,
    lookups: claims(claim('data', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })),
    expect: { '': 'persistentvolumeclaim "data" is being deleted' },
  },
  'a claim without a volume': {
    pod: withClaim,
    lookups: claims(claim('data', {})),
    expect: { '': 'pod has unbound immediate PersistentVolumeClaims' },
  },
  'a claim of a class that waits': {
    pod: withClaim,
    lookups: {
      ...claims(claim('data', { storageClassName: 'local' })),
      storageClass: () => ({
        metadata: { name: 'local' },
        provisioner: 'kubernetes.io/no-provisioner',
        volumeBindingMode: 'WaitForFirstConsumer',
      }),
    },
    expect: { a: "node(s) didn't find available persistent volumes to bind" },
  },
  'a claim whose volume is made for a node': {
    nodes: zoned,
    pod: withClaim,
    lookups: {
      ...claims(
        claim(
          'data',
          { storageClassName: 'fast' },
          { annotations: { 'volume.kubernetes.io/selected-node': 'b' } },
        ),
      ),
      storageClass: () => ({
        metadata: { name: 'fast' },
        provisioner: 'disk.example',
        volumeBindingMode: 'WaitForFirstConsumer',
      }),
    },
    expect: { a: "node(s) didn't find available persistent volumes to bind", b: 'fits' },
  },
  'a volume in another zone': {
    nodes: zoned,
    pod: withClaim,
    lookups: { ...claims(claim('data', { volumeName: 'pv' })), volume: () => localVolume },
    expect: { a: 'fits', b: "node(s) didn't match PersistentVolume's node affinity" },
  },
  'a volume that is gone': {
    pod: withClaim,
    lookups: claims(claim('data', { volumeName: 'pv' })),
    expect: { a: 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)' },
  },
});

const onlyOnce = claims(claim('data', { accessModes: ['ReadWriteOncePod'] }));
const isInUse =
  'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode (removing pods may help)';
const user = (extra: object = {}) =>
  viewOf('user', { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }], ...extra });

table(volumeRestrictions, {
  'a claim for one pod, which has it, on whatever node': {
    nodes: zoned,
    on: { a: [user()] },
    pod: withClaim,
    lookups: onlyOnce,
    expect: { a: isInUse, b: isInUse },
  },
  'a claim for one pod that is free': {
    on: { a: [user({ namespace: 'other' })] },
    pod: withClaim,
    lookups: onlyOnce,
    expect: { '': 'nothing to check' },
  },
  'a claim for many': {
    on: { a: [user()] },
    pod: withClaim,
    lookups: claims(claim('data', { accessModes: ['ReadWriteOnce'] })),
    expect: { '': 'nothing to check' },
  },
});

const zonedNodes = [
  makeNode('a', { labels: { 'topology.kubernetes.io/zone': 'z1' } }),
  makeNode('b', { labels: { 'topology.kubernetes.io/zone': 'z3' } }),
  makeNode('c'),
];
const labeledVolume = (labels: Record<string, string>): Partial<Lookups> => ({
  ...claims(claim('data', { volumeName: 'pv' })),
  volume: () => ({ metadata: { name: 'pv', labels }, spec: {} }),
});
const noZone = 'node(s) had no available volume zone';

table(volumeZone, {
  'a volume of two zones': {
    nodes: zonedNodes,
    pod: withClaim,
    lookups: labeledVolume({ 'topology.kubernetes.io/zone': 'z1__z2' }),
    expect: { a: 'fits', b: noZone, c: noZone },
  },
  'a volume with the label of old': {
    nodes: zonedNodes,
    pod: withClaim,
    lookups: labeledVolume({ 'failure-domain.beta.kubernetes.io/zone': 'z3' }),
    expect: { a: noZone, b: 'fits', c: noZone },
  },
  'a volume that is anywhere': {
    pod: withClaim,
    lookups: labeledVolume({}),
    expect: { '': 'nothing to check' },
  },
});

describe('what helps a pod that was refused for its volumes', () => {
  const node = snapshotOf([makeNode('n')]).nodes[0]!;
  const gone = (pod: PodView): ClusterEvent => ({ type: 'podGone', pod, node });
  const labels: ClusterEvent = { type: 'nodeChanged', node, changes: new Set(['labels']) };
  const taints: ClusterEvent = { type: 'nodeChanged', node, changes: new Set(['taints']) };
  const cases: Record<string, [Filter, ClusterEvent, boolean]> = {
    'a claim was bound': [volumeBinding, { type: 'volumes' }, true],
    'the pod that had the claim went': [volumeRestrictions, gone(user()), true],
    'a pod with another claim went': [volumeRestrictions, gone(viewOf('x')), false],
    'a pod with a claim of this name went elsewhere': [
      volumeRestrictions,
      gone(user({ namespace: 'other' })),
      false,
    ],
    'a label says where a volume is reached': [volumeZone, labels, true],
    'a taint says nothing of volumes': [volumeZone, taints, false],
  };
  for (const [name, [filter, event, expected]] of Object.entries(cases))
    test(`${filter.name}: ${name}`, () => assert.equal(filter.helps(event, withClaim), expected));
});
