import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from './generated/types.ts';
import { persistentVolumeClaim } from './persistent-volume-claim.ts';
import { created, createErrors, row, statusErrors, updateErrors } from './test-kit.ts';

const metadata = { name: 'data', namespace: 'default' };
const good: PersistentVolumeClaimSpec = {
  accessModes: ['ReadWriteOnce'],
  resources: { requests: { storage: '10Gi' } },
};
const claim = (spec: PersistentVolumeClaimSpec, status = {}): PersistentVolumeClaim => ({
  metadata,
  spec,
  status,
});
const errors = (changes: PersistentVolumeClaimSpec): string[] =>
  createErrors(persistentVolumeClaim, claim({ ...good, ...changes }));
const size = (storage: string) => ({ resources: { requests: { storage } } });

/** An update of a claim that is bound to 10Gi. */
function boundErrors(changes: PersistentVolumeClaimSpec, old: PersistentVolumeClaimSpec = good): string[] {
  const status = { phase: 'Bound', capacity: { storage: '8Gi' } };
  const before = { ...created(persistentVolumeClaim, claim(old)), status };
  const now = { ...created(persistentVolumeClaim, claim({ ...old, ...changes })), status };
  return (persistentVolumeClaim.validateUpdate?.(now, before) ?? []).map(
    (each) => `${each.field}: ${each.message}`,
  );
}

const immutable =
  'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n';

describe('PersistentVolumeClaim', () => {
  const cases: Readonly<Record<string, { changes: PersistentVolumeClaimSpec; expected: string[] }>> = {
    good: { changes: { storageClassName: '' }, expected: [] },
    'nothing asked for': {
      changes: { accessModes: undefined, resources: {} },
      expected: [
        'spec.accessModes: Required value: at least 1 access mode is required',
        'spec.resources[storage]: Required value',
      ],
    },
    'nothing but zero': {
      changes: size('0'),
      expected: ['spec.resources[storage]: Invalid value: "0": must be greater than zero'],
    },
    'a source of the core group': {
      changes: { dataSource: { kind: 'Pod', name: 'web' } },
      expected: ['dataSource', 'dataSourceRef'].map(
        (field) =>
          `spec.${field}: Invalid value: "Pod": must be 'PersistentVolumeClaim' when referencing the default apiGroup`,
      ),
    },
    'two sources': {
      changes: {
        dataSource: { kind: 'PersistentVolumeClaim', name: 'a' },
        dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'b' },
      },
      expected: ['spec: Invalid value: {}: must match dataSourceRef'],
    },
  };
  for (const [name, { changes, expected }] of Object.entries(cases))
    test(name, () => assert.deepEqual(errors(changes), expected));

  test('the two fields for the source are filled from each other, except across namespaces', () => {
    const source = { kind: 'PersistentVolumeClaim', name: 'a' };
    const of = (spec: PersistentVolumeClaimSpec) => created(persistentVolumeClaim, claim(spec)).spec;
    assert.deepEqual(of({ dataSource: source })?.dataSourceRef, source);
    assert.deepEqual(of({ dataSourceRef: source })?.dataSource, source);
    assert.equal(of({ dataSourceRef: { ...source, namespace: 'x' } })?.dataSource, undefined);
  });

  test('is pending when new', () => {
    assert.deepEqual(created(persistentVolumeClaim, claim({})), {
      metadata,
      spec: { resources: {}, volumeMode: 'Filesystem' },
      status: { phase: 'Pending' },
    });
  });

  test('the volume and the class are filled in once', () => {
    const update = (now: PersistentVolumeClaimSpec, old: PersistentVolumeClaimSpec): string[] =>
      updateErrors(persistentVolumeClaim, claim({ ...good, ...now }), claim({ ...good, ...old }));
    assert.deepEqual(update({ volumeName: 'disk-1', storageClassName: 'a' }, {}), []);
    assert.deepEqual(update({ volumeName: 'disk-2' }, { volumeName: 'disk-1' }), [
      `${immutable}- volumeName: "disk-1"\n+ volumeName: "disk-2"\n`,
    ]);
    assert.deepEqual(update({ storageClassName: 'b' }, { storageClassName: 'a' }), [
      `${immutable}- storageClassName: "a"\n+ storageClassName: "b"\n`,
    ]);
  });

  test('a bound claim grows, and shrinks no further than to more than what it has', () => {
    assert.deepEqual(boundErrors(size('20Gi')), []);
    assert.deepEqual(boundErrors(size('9Gi')), []);
    assert.deepEqual(boundErrors(size('8Gi')), [
      'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
    ]);
    const pending = updateErrors(persistentVolumeClaim, claim({ ...good, ...size('20Gi') }), claim(good));
    assert.deepEqual(pending, [
      `${immutable}- resources.requests.storage: "10Gi"\n+ resources.requests.storage: "20Gi"\n`,
    ]);
  });

  test('attributes change by class, and not to none', () => {
    const old = { ...good, volumeAttributesClassName: 'fast' };
    assert.deepEqual(boundErrors({ volumeAttributesClassName: 'slow' }, old), []);
    assert.deepEqual(boundErrors({ volumeAttributesClassName: '' }, old), [
      'spec.volumeAttributesClassName: Forbidden: update from non-nil value to an empty string is forbidden',
    ]);
  });

  test('status has no negative capacity', () => {
    const now = claim(good, { capacity: { storage: '-1' } });
    assert.deepEqual(statusErrors(persistentVolumeClaim, now, claim(good)), [
      'status.capacity[storage]: Invalid value: "-1": must be a valid resource quantity',
    ]);
  });

  test('the row of a claim, before and after it is bound', () => {
    const pending = row(persistentVolumeClaim, claim({ ...good, storageClassName: 'standard' }));
    assert.deepEqual(pending, {
      Name: 'data',
      Status: 'Pending',
      Volume: '',
      Capacity: '',
      'Access Modes': '',
      StorageClass: 'standard',
      VolumeAttributesClass: '<unset>',
      Age: '<unknown>',
      VolumeMode: 'Filesystem',
    });
    const status = { phase: 'Bound', capacity: { storage: '10Gi' }, accessModes: ['ReadWriteOnce'] };
    const bound = row(persistentVolumeClaim, claim({ ...good, volumeName: 'disk-1' }, status));
    assert.deepEqual(
      [bound.Status, bound.Volume, bound.Capacity, bound['Access Modes']],
      ['Bound', 'disk-1', '10Gi', 'RWO'],
    );
  });

  test('warns of parts of a byte', () => {
    assert.deepEqual(persistentVolumeClaim.warnings?.(claim(size('1500m'))), [
      'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
    ]);
  });
});
