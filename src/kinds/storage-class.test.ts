import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { csiDriver } from './csi-driver.ts';
import { csiNode } from './csi-node.ts';
import { csiStorageCapacity } from './csi-storage-capacity.ts';
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from './generated/types.ts';
import { storageClass } from './storage-class.ts';
import { createErrors, defaulted, row, updateErrors } from './test-kit.ts';
import { volumeAttachment } from './volume-attachment.ts';
import { volumeAttributesClass } from './volume-attributes-class.ts';

const metadata = { name: 'standard' };

describe('StorageClass', () => {
  const of = (fields: Partial<StorageClass>): StorageClass => ({ metadata, provisioner: 'a.b/c', ...fields });

  test('names who provides, and how', () => {
    const bad = of({
      provisioner: 'a b',
      reclaimPolicy: 'Recycle',
      volumeBindingMode: 'Late',
      parameters: { '': '1' },
    });
    assert.deepEqual(createErrors(storageClass, bad), [
      "provisioner: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'parameters: Invalid value: "": field can not be empty.',
      'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
      'volumeBindingMode: Unsupported value: "Late": supported values: "Immediate", "WaitForFirstConsumer"',
    ]);
    assert.deepEqual(createErrors(storageClass, of({ provisioner: '' })), ['provisioner: Required value']);
  });

  test('stays as it is but for expansion', () => {
    const now = of({
      provisioner: 'a.b/d',
      parameters: { a: '1' },
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    assert.deepEqual(updateErrors(storageClass, now, of({})), [
      'parameters: Forbidden: updates to parameters are forbidden.',
      'provisioner: Forbidden: updates to provisioner are forbidden.',
      'reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.',
      'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
    ]);
    assert.deepEqual(updateErrors(storageClass, of({ allowVolumeExpansion: true }), of({})), []);
  });

  test('shows which one is the default', () => {
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    assert.deepEqual(row(storageClass, of({ metadata: { name: 'fast', annotations } })), {
      Name: 'fast (default)',
      Provisioner: 'a.b/c',
      ReclaimPolicy: 'Delete',
      VolumeBindingMode: 'Immediate',
      AllowVolumeExpansion: false,
      Age: '<unknown>',
    });
  });
});

test('VolumeAttributesClass stays as it is', () => {
  const old: VolumeAttributesClass = { metadata, driverName: 'a.b', parameters: { a: '1' } };
  assert.deepEqual(
    updateErrors(volumeAttributesClass, { metadata, driverName: 'a.c' } as VolumeAttributesClass, old),
    [
      'driverName: Forbidden: updates to driverName are forbidden.',
      'parameters: Forbidden: updates to parameters are forbidden.',
    ],
  );
  assert.deepEqual(row(volumeAttributesClass, old), {
    Name: 'standard',
    DriverName: 'a.b',
    Age: '<unknown>',
  });
});

test('VolumeAttachment names driver, node and volume, and keeps them', () => {
  const old: VolumeAttachment = {
    metadata,
    spec: { attacher: 'a.b', nodeName: 'node-1', source: { persistentVolumeName: 'disk-1' } },
  };
  const bad = { metadata, spec: { attacher: 'a.b', nodeName: '', source: {} } } as VolumeAttachment;
  assert.deepEqual(createErrors(volumeAttachment, bad), [
    'spec.nodeName: Required value',
    'spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName',
  ]);
  const moved = { metadata, spec: { ...old.spec, nodeName: 'node-2' } } as VolumeAttachment;
  assert.deepEqual(updateErrors(volumeAttachment, moved, old), [
    `spec: Invalid value: ${JSON.stringify(moved.spec)}: field is immutable`,
  ]);
  assert.deepEqual(row(volumeAttachment, old), {
    Name: 'standard',
    Attacher: 'a.b',
    PV: 'disk-1',
    Node: 'node-1',
    Attached: false,
    Age: '<unknown>',
  });
});

test('CSIDriver has defaults, and shows them', () => {
  const driver = { metadata, spec: { tokenRequests: [{ audience: 'a' }, { audience: 'b' }] } } as CSIDriver;
  assert.deepEqual(defaulted(csiDriver, driver).spec, {
    tokenRequests: [{ audience: 'a' }, { audience: 'b' }],
    attachRequired: true,
    podInfoOnMount: false,
    storageCapacity: false,
    fsGroupPolicy: 'ReadWriteOnceWithFSType',
    requiresRepublish: false,
    seLinuxMount: false,
    volumeLifecycleModes: ['Persistent'],
  });
  assert.deepEqual(row(csiDriver, driver), {
    Name: 'standard',
    AttachRequired: true,
    PodInfoOnMount: false,
    StorageCapacity: false,
    TokenRequests: 'a,b',
    RequiresRepublish: false,
    Modes: 'Persistent',
    Age: '<unknown>',
  });
  const changed = { metadata, spec: { attachRequired: false, volumeLifecycleModes: ['Odd'] } } as CSIDriver;
  assert.deepEqual(updateErrors(csiDriver, changed, { metadata, spec: {} } as CSIDriver), [
    'spec.volumeLifecycleModes: Unsupported value: "Odd": supported values: "Ephemeral", "Persistent"',
    'spec.attachRequired: Invalid value: false: field is immutable',
    'spec.volumeLifecycleModes: Invalid value: ["Odd"]: field is immutable',
  ]);
});

test('CSINode has each driver once', () => {
  const driver = { name: 'a.b', nodeID: '' };
  assert.deepEqual(createErrors(csiNode, { metadata, spec: { drivers: [driver, driver] } } as CSINode), [
    'spec.drivers[0].nodeID: Required value',
    'spec.drivers[1].nodeID: Required value',
    'spec.drivers[1].name: Duplicate value: "a.b"',
  ]);
});

test('CSIStorageCapacity is of one class', () => {
  const old: CSIStorageCapacity = { metadata, storageClassName: 'standard', capacity: '1Gi' };
  assert.deepEqual(
    updateErrors(
      csiStorageCapacity,
      { metadata, storageClassName: 'fast', capacity: '-1' } as CSIStorageCapacity,
      old,
    ),
    [
      'capacity: Invalid value: "-1": must be greater than or equal to 0',
      'storageClassName: Invalid value: "fast": field is immutable',
    ],
  );
  assert.deepEqual(row(csiStorageCapacity, { metadata, storageClassName: 'fast' } as CSIStorageCapacity), {
    Name: 'standard',
    StorageClassName: 'fast',
    Capacity: '<unset>',
  });
});
