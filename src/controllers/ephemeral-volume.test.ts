import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixedView } from '../client/fixed-view.ts';
import type { PersistentVolumeClaim, Pod } from '../kinds/generated/types.ts';
import { ephemeralVolume } from './ephemeral-volume.ts';

const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const pod = (more: object = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'default', name: 'web', uid: 'pod-1', ...more },
  spec: {
    containers: [],
    volumes: [
      { name: 'none', emptyDir: {} },
      { name: 'scratch', ephemeral: { volumeClaimTemplate: { metadata: { labels: { a: 'b' } }, spec } } },
    ],
  },
});
const ownerReferences = [
  { apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'pod-1', controller: true, blockOwnerDeletion: true },
];
const claim = (more: object): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { namespace: 'default', name: 'web-scratch', ...more },
});
const changes = (...objects: (Pod | PersistentVolumeClaim)[]) => [
  ...ephemeralVolume.reconcile('default/web', fixedView(ephemeralVolume, { objects })),
];

test('a claim for each volume that a pod brings, which goes with it', () => {
  assert.deepEqual(changes(pod()), [
    {
      type: 'create',
      kind: 'PersistentVolumeClaim',
      object: {
        metadata: { name: 'web-scratch', namespace: 'default', labels: { a: 'b' }, ownerReferences },
        spec,
      },
      existsIsFine: true,
    },
  ]);
});

test('none twice, and none for a pod that goes', () => {
  assert.deepEqual(changes(pod(), claim({ ownerReferences })), []);
  assert.deepEqual(changes(pod({ deletionTimestamp: '2026-01-01T00:00:00Z' })), []);
});

test("somebody else's claim of the name is told of", () => {
  const told = changes(pod(), claim({})).map((change) => change.type === 'event' && change.event.message);
  assert.deepEqual(told, ['PVC default/web-scratch was not created for pod default/web (pod is not owner)']);
});

test('only pods that bring volumes are looked at', () => {
  const { Pod: keys } = ephemeralVolume.watches;
  const view = fixedView(ephemeralVolume, { objects: [] });
  const keysOf = (object: Pod) => [...(keys?.(object, view, { type: 'add', object }) ?? [])];
  assert.deepEqual([keysOf(pod()), keysOf({ metadata: { name: 'x' } })], [['default/web'], []]);
});
