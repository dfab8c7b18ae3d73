import { posix } from 'node:path';
import { accessModesCell, ageColumn, nameColumn, textColumn, unset, wide } from './columns.ts';
import { type FieldError, forbidden, invalid, notSupported, type Path, path, required } from './field.ts';
import type { PersistentVolume, PersistentVolumeSpec } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { isDNS1123Subdomain } from './names.ts';
import { getOwn } from './object.ts';
import { sourceOf, validateSources } from './persistent-volume-source.ts';
import { compactDiff, semanticEqual } from './pod/equality.ts';
import { validateNodeSelector } from './pod/validate-scheduling.ts';
import { readQuantity, resourceEntries, validatePositive } from './quantities.ts';

export const betaStorageClass = 'volume.beta.kubernetes.io/storage-class';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const reclaimPolicies = ['Delete', 'Recycle', 'Retain'];
export const volumeModes = ['Block', 'Filesystem'];

/** Known modes; the exclusive one alone. Volumes and claims say differently that there is none. */
export function validateAccessModes(modes: readonly string[] = [], at: Path, none: string): FieldError[] {
  const errors = modes.length === 0 ? [required(at, none)] : [];
  for (const mode of modes) if (!accessModes.includes(mode)) errors.push(notSupported(at, mode, accessModes));
  const others = modes.some((mode) => mode !== 'ReadWriteOncePod' && accessModes.includes(mode));
  if (modes.includes('ReadWriteOncePod') && others)
    errors.push(forbidden(at, 'may not use ReadWriteOncePod with other access modes'));
  return errors;
}

/** The name of a StorageClass or VolumeAttributesClass; the empty one names none. */
export const validateClassName = (name: string | undefined, at: Path): FieldError[] =>
  name === undefined || name === ''
    ? []
    : isDNS1123Subdomain(name).map((message) => invalid(at, name, message));

function validateCapacity(spec: PersistentVolumeSpec): FieldError[] {
  const at = path('spec', 'capacity');
  const { capacity = {} } = spec;
  const count = Object.keys(capacity).length;
  const errors = count === 0 ? [required(at, '')] : [];
  if (!Object.hasOwn(capacity, 'storage') || count > 1)
    errors.push(notSupported(at, count === 0 ? null : capacity, ['storage']));
  for (const [name, quantity] of resourceEntries(capacity))
    errors.push(...validatePositive(quantity, at.key(name)));
  return errors;
}

function validateModes(spec: PersistentVolumeSpec): FieldError[] {
  const at = path('spec');
  const errors: FieldError[] = [];
  const { volumeMode, volumeAttributesClassName } = spec;
  if (volumeMode !== undefined && !volumeModes.includes(volumeMode))
    errors.push(notSupported(at.child('volumeMode'), volumeMode, volumeModes));
  if (volumeAttributesClassName === undefined) return errors;
  const where = at.child('volumeAttributesClassName');
  if (volumeAttributesClassName === '') errors.push(required(where, 'an empty string is disallowed'));
  errors.push(...validateClassName(volumeAttributesClassName, where));
  if (spec.csi === undefined)
    errors.push(required(at.child('csi'), 'has to be specified when using volumeAttributesClassName'));
  return errors;
}

function validate(volume: PersistentVolume): FieldError[] {
  const at = path('spec');
  const spec = volume.spec ?? {};
  const errors = [
    ...validateAccessModes(spec.accessModes, at.child('accessModes'), ''),
    ...validateCapacity(spec),
  ];
  const { persistentVolumeReclaimPolicy: policy = '', nodeAffinity, hostPath } = spec;
  if (policy !== '' && !reclaimPolicies.includes(policy))
    errors.push(notSupported(at.child('persistentVolumeReclaimPolicy'), policy, reclaimPolicies));
  if (nodeAffinity !== undefined && nodeAffinity.required === undefined)
    errors.push(required(at.child('nodeAffinity', 'required'), 'must specify required node constraints'));
  else if (nodeAffinity?.required !== undefined)
    errors.push(...validateNodeSelector(nodeAffinity.required, at.child('nodeAffinity', 'required')));
  errors.push(...validateSources(spec));
  if (hostPath !== undefined && posix.normalize(hostPath.path || '.') === '/' && policy === 'Recycle')
    errors.push(
      forbidden(
        at.child('persistentVolumeReclaimPolicy'),
        "may not be 'recycle' for a hostPath mount of '/'",
      ),
    );
  errors.push(...validateClassName(spec.storageClassName, at.child('storageClassName')));
  return [...errors, ...validateModes(spec)];
}

/** The backend without the one secret that may be added later. */
function fixedSource(spec: PersistentVolumeSpec, old: PersistentVolumeSpec): Partial<PersistentVolumeSpec> {
  const source = sourceOf(spec);
  if (source.csi === undefined || old.csi === undefined) return source;
  if (old.csi.controllerExpandSecretRef !== undefined) return source;
  const { controllerExpandSecretRef: _, ...csi } = source.csi;
  return { ...source, csi };
}

function validateUpdate(volume: PersistentVolume, old: PersistentVolume): FieldError[] {
  const errors: FieldError[] = [];
  const [now, before] = [volume.spec ?? {}, old.spec ?? {}];
  const [source, oldSource] = [fixedSource(now, before), sourceOf(before)];
  if (!semanticEqual(source, oldSource))
    errors.push(
      forbidden(
        path('spec', 'persistentvolumesource'),
        `spec.persistentvolumesource is immutable after creation\n${compactDiff(oldSource, source)}`,
      ),
    );
  if (now.volumeMode !== before.volumeMode)
    errors.push(invalid(path('volumeMode'), now.volumeMode, 'field is immutable'));
  if (before.nodeAffinity !== undefined && !semanticEqual(now.nodeAffinity, before.nodeAffinity))
    errors.push(
      invalid(
        path('nodeAffinity'),
        now.nodeAffinity,
        'field is immutable, except for updating from beta label to GA',
      ),
    );
  if (before.volumeAttributesClassName !== undefined && now.volumeAttributesClassName === undefined)
    errors.push(
      forbidden(path('spec', 'volumeAttributesClassName'), 'update from non-nil value to nil is forbidden'),
    );
  return errors;
}

function defaults(volume: PersistentVolume): void {
  volume.spec ??= {};
  volume.spec.persistentVolumeReclaimPolicy ||= 'Retain';
  volume.spec.volumeMode ??= 'Filesystem';
  volume.status ??= {};
  volume.status.phase ||= 'Pending';
}

/** Backends without code behind them, and since when. */
const deadSources: readonly (readonly [keyof PersistentVolumeSpec, string])[] = [
  ['cephfs', 'spec.cephfs: deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'spec.photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'spec.scaleIO: deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'spec.storageOS: deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'spec.glusterfs: deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'spec.rbd: deprecated in v1.28, non-functional in v1.31+'],
];

/** The same for volumes and claims. */
export function storageClassWarnings(annotations: Readonly<Record<string, string>> | undefined): string[] {
  return Object.hasOwn(annotations ?? {}, betaStorageClass)
    ? [
        `metadata.annotations[${betaStorageClass}]: deprecated since v1.8; use "storageClassName" attribute instead`,
      ]
    : [];
}

function warnings(volume: PersistentVolume): string[] {
  const texts = storageClassWarnings(volume.metadata.annotations);
  const mountOptions = 'volume.beta.kubernetes.io/mount-options';
  if (Object.hasOwn(volume.metadata.annotations ?? {}, mountOptions))
    texts.push(
      `metadata.annotations[${mountOptions}]: deprecated since v1.31; use "mountOptions" attribute instead`,
    );
  if (volume.spec?.persistentVolumeReclaimPolicy === 'Recycle')
    texts.push(
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    );
  for (const [field, text] of deadSources) if (volume.spec?.[field] !== undefined) texts.push(text);
  return texts;
}

/** The class by its old annotation, else by its field. */
export function storageClassCell(
  object: PersistentVolume | { metadata: PersistentVolume['metadata']; spec?: { storageClassName?: string } },
): string {
  return getOwn(object.metadata.annotations, betaStorageClass) ?? object.spec?.storageClassName ?? '';
}

function claimCell({ spec }: PersistentVolume): string {
  return spec?.claimRef === undefined ? '' : `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`;
}

export const persistentVolume = defineKind<PersistentVolume>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  scope: 'Cluster',
  shortNames: ['pv'],
  subresources: ['status'],
  defaults,
  prepareCreate: defaults,
  validate,
  validateUpdate,
  warnings,
  columns: [
    nameColumn,
    textColumn<PersistentVolume>(
      'Capacity',
      ({ spec }) => readQuantity(getOwn(spec?.capacity, 'storage')).text,
    ),
    textColumn<PersistentVolume>('Access Modes', ({ spec }) => accessModesCell(spec?.accessModes)),
    textColumn<PersistentVolume>('Reclaim Policy', ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? ''),
    textColumn<PersistentVolume>('Status', ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
    ),
    textColumn<PersistentVolume>('Claim', claimCell),
    textColumn<PersistentVolume>('StorageClass', storageClassCell),
    textColumn<PersistentVolume>(
      'VolumeAttributesClass',
      ({ spec }) => spec?.volumeAttributesClassName ?? unset,
    ),
    textColumn<PersistentVolume>('Reason', ({ status }) => status?.reason ?? ''),
    ageColumn,
    wide(textColumn<PersistentVolume>('VolumeMode', ({ spec }) => spec?.volumeMode ?? unset)),
  ],
  example: {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'disk-1' },
    spec: {
      capacity: { storage: '10Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'standard',
      hostPath: { path: '/srv/disk-1' },
    },
  },
});
