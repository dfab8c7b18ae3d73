import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { path } from './field.ts';
import type { PersistentVolume, PersistentVolumeSpec } from './generated/types.ts';
import { persistentVolume } from './persistent-volume.ts';
import { sourceOf, validateDriverName } from './persistent-volume-source.ts';
import { createErrors, row, updateErrors } from './test-kit.ts';

const metadata = { name: 'disk-1' };
const good: PersistentVolumeSpec = {
  capacity: { storage: '10Gi' },
  accessModes: ['ReadWriteOnce'],
  hostPath: { path: '/srv/disk-1' },
};
const volume = (spec: PersistentVolumeSpec): PersistentVolume => ({ metadata, spec });
const errors = (changes: PersistentVolumeSpec): string[] =>
  createErrors(persistentVolume, volume({ ...good, ...changes }));
const csi = { driver: 'disk.example.com', volumeHandle: '1' };
const nodeAffinity = {
  required: {
    nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }],
  },
};

describe('PersistentVolume', () => {
  const cases: Readonly<Record<string, { changes: PersistentVolumeSpec; expected: string[] }>> = {
    good: { changes: {}, expected: [] },
    'no modes, no capacity': {
      changes: { accessModes: [], capacity: {} },
      expected: [
        'spec.accessModes: Required value',
        'spec.capacity: Required value',
        'spec.capacity: Unsupported value: null: supported values: "storage"',
      ],
    },
    'modes that do not go together': {
      changes: { accessModes: ['ReadWriteOncePod', 'ReadOnlyMany', 'Sometimes'] },
      expected: [
        'spec.accessModes: Unsupported value: "Sometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
        'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
      ],
    },
    'nothing to store in': {
      changes: { capacity: { storage: '0' } },
      expected: ['spec.capacity[storage]: Invalid value: "0": must be greater than zero'],
    },
    'no backend': {
      changes: { hostPath: undefined },
      expected: ['spec: Required value: must specify a volume type'],
    },
    'two backends': {
      changes: { csi },
      expected: ['spec.csi: Forbidden: may not specify more than 1 volume type'],
    },
    'a path that climbs': {
      changes: { hostPath: { path: '/srv/../etc', type: 'Fifo' } },
      expected: [
        'spec.hostPath.path: Invalid value: "/srv/../etc": must not contain \'..\'',
        'spec.hostPath.type: Unsupported value: "Fifo": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
      ],
    },
    'a local disk of no node': {
      changes: { hostPath: undefined, local: { path: '/srv' } },
      expected: ['spec.nodeAffinity: Required value: Local volume requires node affinity'],
    },
    'a local disk': { changes: { hostPath: undefined, local: { path: '/srv' }, nodeAffinity }, expected: [] },
    'a driver that has left, incomplete': {
      changes: { hostPath: undefined, iscsi: { iqn: '', lun: 0, targetPortal: '' } },
      expected: ['spec.iscsi.iqn: Required value', 'spec.iscsi.targetPortal: Required value'],
    },
    'a CSI volume with a bad secret': {
      changes: {
        hostPath: undefined,
        csi: { driver: '', volumeHandle: '', nodePublishSecretRef: { name: 'x' } },
      },
      expected: [
        'spec.csi.driver: Required value',
        `spec.csi.driver: Invalid value: "": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
        'spec.csi.volumeHandle: Required value',
        'spec.csi.nodePublishSecretRef.namespace: Required value',
      ],
    },
    'recycling the whole machine': {
      changes: { hostPath: { path: '/' }, persistentVolumeReclaimPolicy: 'Recycle' },
      expected: [
        "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
      ],
    },
    'unknown policy and mode': {
      changes: {
        persistentVolumeReclaimPolicy: 'Burn',
        volumeMode: 'Tape',
        volumeAttributesClassName: 'fast',
      },
      expected: [
        'spec.persistentVolumeReclaimPolicy: Unsupported value: "Burn": supported values: "Delete", "Recycle", "Retain"',
        'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"',
        'spec.csi: Required value: has to be specified when using volumeAttributesClassName',
      ],
    },
  };
  for (const [name, { changes, expected }] of Object.entries(cases))
    test(name, () => assert.deepEqual(errors(changes), expected));

  test('the backend stays', () => {
    const now = volume({ ...good, hostPath: { path: '/srv/disk-2' } });
    assert.deepEqual(updateErrors(persistentVolume, now, volume(good)), [
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n- hostPath.path: "/srv/disk-1"\n+ hostPath.path: "/srv/disk-2"\n',
    ]);
  });

  test('one secret may come later', () => {
    const old = volume({ ...good, hostPath: undefined, csi });
    const secret = { name: 'a', namespace: 'b' };
    const now = volume({ ...good, hostPath: undefined, csi: { ...csi, controllerExpandSecretRef: secret } });
    assert.deepEqual(updateErrors(persistentVolume, now, old), []);
    assert.equal(updateErrors(persistentVolume, old, now).length, 1);
  });

  test('warns of the deprecated', () => {
    const object: PersistentVolume = {
      metadata: { name: 'x', annotations: { 'volume.beta.kubernetes.io/storage-class': 'a' } },
      spec: { ...good, persistentVolumeReclaimPolicy: 'Recycle' },
    };
    assert.deepEqual(persistentVolume.warnings?.(object), [
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    ]);
  });

  test('the row of a bound volume', () => {
    const object: PersistentVolume = {
      metadata,
      spec: { ...good, storageClassName: 'standard', claimRef: { namespace: 'default', name: 'data' } },
      status: { phase: 'Bound' },
    };
    assert.deepEqual(row(persistentVolume, object), {
      Name: 'disk-1',
      Capacity: '10Gi',
      'Access Modes': 'RWO',
      'Reclaim Policy': 'Retain',
      Status: 'Bound',
      Claim: 'default/data',
      StorageClass: 'standard',
      VolumeAttributesClass: '<unset>',
      Reason: '',
      Age: '<unknown>',
      VolumeMode: 'Filesystem',
    });
  });

  test('the backend alone', () => {
    assert.deepEqual(sourceOf(good), { hostPath: { path: '/srv/disk-1' } });
    assert.deepEqual(validateDriverName('Disk.Example.com', path('driver')), []);
  });
});
