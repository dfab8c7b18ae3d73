import { compareQuantity } from '../lib/quantity.ts';
import { accessModesCell, ageColumn, nameColumn, textColumn, unset, wide } from './columns.ts';
import { type FieldError, forbidden, invalid, notSupported, type Path, path, required } from './field.ts';
import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  TypedLocalObjectReference,
  TypedObjectReference,
} from './generated/types.ts';
import { defineKind } from './kind.ts';
import { validateLabelSelector } from './label-selector.ts';
import { isDNS1123Label, isDNS1123Subdomain } from './names.ts';
import { getOwn } from './object.ts';
import {
  betaStorageClass,
  storageClassCell,
  storageClassWarnings,
  validateAccessModes,
  validateClassName,
  volumeModes,
} from './persistent-volume.ts';
import { requireText } from './pod/checks.ts';
import { compactDiff, semanticEqual } from './pod/equality.ts';
import { readQuantity, resourceEntries, validatePositive } from './quantities.ts';

function validateDataSource(
  source: TypedLocalObjectReference | TypedObjectReference,
  at: Path,
): FieldError[] {
  // Where it was left out, the complete object has null.
  const { kind = '', name } = source;
  const apiGroup = source.apiGroup ?? '';
  const errors = [...requireText(name, at.child('name')), ...requireText(kind, at.child('kind'))];
  if (apiGroup === '' && kind !== 'PersistentVolumeClaim')
    errors.push(invalid(at, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  if (apiGroup !== '')
    for (const message of isDNS1123Subdomain(apiGroup))
      errors.push(invalid(at.child('apiGroup'), apiGroup, message));
  const namespace = 'namespace' in source ? (source.namespace ?? '') : '';
  if (namespace !== '')
    for (const message of isDNS1123Label(namespace))
      errors.push(invalid(at.child('namespace'), namespace, message));
  return errors;
}

const sameSource = (local: TypedLocalObjectReference, reference: TypedObjectReference): boolean =>
  (local.apiGroup ?? '') === (reference.apiGroup ?? '') &&
  local.kind === reference.kind &&
  local.name === reference.name;

function validateDataSources(spec: PersistentVolumeClaimSpec, at: Path): FieldError[] {
  const { dataSource, dataSourceRef } = spec;
  const errors: FieldError[] = [];
  if (dataSource !== undefined) errors.push(...validateDataSource(dataSource, at.child('dataSource')));
  if (dataSourceRef === undefined) return errors;
  errors.push(...validateDataSource(dataSourceRef, at.child('dataSourceRef')));
  if (dataSource === undefined) return errors;
  // Upstream shows the path, a pointer to a struct of private fields, as the bad value: JSON makes {} of it.
  if ((dataSourceRef.namespace ?? '') !== '')
    errors.push(invalid(at, {}, 'may not be specified when dataSourceRef.namespace is specified'));
  else if (!sameSource(dataSource, dataSourceRef)) errors.push(invalid(at, {}, 'must match dataSourceRef'));
  return errors;
}

/** Also the check of volumeClaimTemplates. */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec, at: Path): FieldError[] {
  const errors = validateAccessModes(
    spec.accessModes,
    at.child('accessModes'),
    'at least 1 access mode is required',
  );
  errors.push(...validateLabelSelector(spec.selector, at.child('selector')));
  const storage = getOwn(spec.resources?.requests, 'storage');
  const where = at.child('resources').key('storage');
  if (storage === undefined) errors.push(required(where, ''));
  else errors.push(...validatePositive(readQuantity(storage), where));
  errors.push(...validateClassName(spec.storageClassName, at.child('storageClassName')));
  if (spec.volumeMode !== undefined && !volumeModes.includes(spec.volumeMode))
    errors.push(notSupported(at.child('volumeMode'), spec.volumeMode, volumeModes));
  errors.push(...validateDataSources(spec, at));
  errors.push(...validateClassName(spec.volumeAttributesClassName, at.child('volumeAttributesClassName')));
  return errors;
}

/** Whether the class goes from unset, or from the old annotation, into the field: the one change that is let pass. */
function adoptsClass(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
  const name = claim.spec?.storageClassName;
  if (old.spec?.storageClassName !== undefined || name === undefined) return false;
  const annotation = getOwn(old.metadata.annotations, betaStorageClass);
  return annotation === undefined || annotation === name;
}

function validateAnnotation(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const [now, before] = [claim, old].map((each) => getOwn(each.metadata.annotations, betaStorageClass) ?? '');
  const moved =
    before !== '' && now === '' && claim.spec?.storageClassName === before && adoptsClass(claim, old);
  if (now === before || moved) return [];
  const at = path('metadata', 'annotations').key(betaStorageClass);
  return [invalid(at, now, 'field is immutable')];
}

/** What is left of the new spec to compare with the old when what may change is taken out. */
function fixedSpec(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): PersistentVolumeClaimSpec {
  const spec: PersistentVolumeClaimSpec = { ...claim.spec };
  const before = old.spec ?? {};
  if ((before.volumeName ?? '') === '') spec.volumeName = before.volumeName;
  if (adoptsClass(claim, old)) spec.storageClassName = before.storageClassName;
  if (claim.status?.phase !== 'Bound') return spec;
  const storage = getOwn(before.resources?.requests, 'storage');
  if (spec.resources?.requests !== undefined && storage !== undefined)
    spec.resources = { ...spec.resources, requests: { ...spec.resources.requests, storage } };
  if (spec.volumeAttributesClassName !== undefined)
    spec.volumeAttributesClassName = before.volumeAttributesClassName;
  return spec;
}

function validateSize(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const size = readQuantity(getOwn(claim.spec?.resources?.requests, 'storage'));
  const before = readQuantity(getOwn(old.spec?.resources?.requests, 'storage'));
  const actual = readQuantity(getOwn(old.status?.capacity, 'storage'));
  if (compareQuantity(size, before) >= 0 || compareQuantity(size, actual) > 0) return [];
  return [
    forbidden(path('spec', 'resources', 'requests', 'storage'), 'field can not be less than status.capacity'),
  ];
}

function validateUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const errors = validateAnnotation(claim, old);
  const [now, before] = [fixedSpec(claim, old), old.spec ?? {}];
  if (!semanticEqual(now, before))
    errors.push(
      forbidden(
        path('spec'),
        `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${compactDiff(before, now)}`,
      ),
    );
  errors.push(...validateSize(claim, old));
  if (claim.spec?.volumeMode !== old.spec?.volumeMode)
    errors.push(invalid(path('volumeMode'), claim.spec?.volumeMode, 'field is immutable'));
  const className = claim.spec?.volumeAttributesClassName;
  if (old.spec?.volumeAttributesClassName !== undefined && (className ?? '') === '')
    errors.push(
      forbidden(
        path('spec', 'volumeAttributesClassName'),
        `update from non-nil value to ${className === undefined ? 'nil' : 'an empty string'} is forbidden`,
      ),
    );
  return errors;
}

function validateStatusUpdate(claim: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = [];
  if ((claim.spec?.accessModes?.length ?? 0) === 0) errors.push(required(path('Spec', 'accessModes'), ''));
  for (const [name, quantity] of resourceEntries(claim.status?.capacity))
    if (quantity.nanos < 0n)
      errors.push(
        invalid(path('status', 'capacity').key(name), quantity.text, 'must be a valid resource quantity'),
      );
  return errors;
}

/** The two fields for the source say the same; whichever is given fills the other. */
function defaults(claim: PersistentVolumeClaim): void {
  claim.spec ??= {};
  const { spec } = claim;
  spec.resources ??= {};
  spec.volumeMode ??= 'Filesystem';
  const { dataSource, dataSourceRef } = spec;
  if (dataSource !== undefined && dataSourceRef === undefined) spec.dataSourceRef = { ...dataSource };
  else if (dataSourceRef !== undefined && dataSource === undefined && !dataSourceRef.namespace) {
    const { namespace: _, ...local } = dataSourceRef;
    spec.dataSource = local;
  }
  claim.status ??= {};
  claim.status.phase ||= 'Pending';
}

function warnings(claim: PersistentVolumeClaim): string[] {
  const texts = storageClassWarnings(claim.metadata.annotations);
  const storage = getOwn(claim.spec?.resources?.requests, 'storage');
  if (storage !== undefined && readQuantity(storage).nanos % 1_000_000_000n !== 0n)
    texts.push(
      `spec.resources.requests[storage]: fractional byte value ${JSON.stringify(storage)} is invalid, must be an integer`,
    );
  return texts;
}

/** Capacity and modes are those of the volume that was found, if one was. */
const isBound = ({ spec }: PersistentVolumeClaim): boolean => (spec?.volumeName ?? '') !== '';

export const persistentVolumeClaim = defineKind<PersistentVolumeClaim>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  scope: 'Namespaced',
  shortNames: ['pvc'],
  subresources: ['status'],
  defaults,
  prepareCreate: defaults,
  validate: (claim) => validateClaimSpec(claim.spec ?? {}, path('spec')),
  validateUpdate,
  validateStatusUpdate,
  warnings,
  columns: [
    nameColumn,
    textColumn<PersistentVolumeClaim>('Status', ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
    ),
    textColumn<PersistentVolumeClaim>('Volume', ({ spec }) => spec?.volumeName ?? ''),
    textColumn<PersistentVolumeClaim>('Capacity', (claim) =>
      isBound(claim) ? readQuantity(getOwn(claim.status?.capacity, 'storage')).text : '',
    ),
    textColumn<PersistentVolumeClaim>('Access Modes', (claim) =>
      isBound(claim) ? accessModesCell(claim.status?.accessModes) : '',
    ),
    textColumn<PersistentVolumeClaim>('StorageClass', storageClassCell),
    textColumn<PersistentVolumeClaim>(
      'VolumeAttributesClass',
      ({ spec }) => spec?.volumeAttributesClassName ?? unset,
    ),
    ageColumn,
    wide(textColumn<PersistentVolumeClaim>('VolumeMode', ({ spec }) => spec?.volumeMode ?? unset)),
  ],
  example: {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  },
});
