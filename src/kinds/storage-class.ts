import { ageColumn, nameColumn, textColumn } from './columns.ts';
import { type FieldError, forbidden, invalid, path, required, tooLong, tooMany } from './field.ts';
import type { StorageClass } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { isQualifiedName } from './names.ts';
import { getOwn } from './object.ts';
import { validateImmutable, validateOptionalChoice } from './pod/checks.ts';
import { sameTexts } from './secret.ts';

const parametersMax = 512;
const parametersBytesMax = 256 * 1024;

/** Also of a VolumeAttributesClass. */
export function validateParameters(parameters: Readonly<Record<string, string>> = {}): FieldError[] {
  const at = path('parameters');
  const entries = Object.entries(parameters);
  if (entries.length > parametersMax) return [tooMany(at, entries.length, parametersMax)];
  const errors = Object.hasOwn(parameters, '') ? [invalid(at, '', 'field can not be empty.')] : [];
  let bytes = 0;
  for (const [key, value] of entries) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  if (bytes > parametersBytesMax) errors.push(tooLong(at, parametersBytesMax));
  return errors;
}

function validate(storageClass: StorageClass): FieldError[] {
  const { provisioner = '', reclaimPolicy, volumeBindingMode, parameters } = storageClass;
  const at = path('provisioner');
  const errors =
    provisioner === ''
      ? [required(at, '')]
      : isQualifiedName(provisioner.toLowerCase()).map((message) => invalid(at, provisioner, message));
  return [
    ...errors,
    ...validateParameters(parameters),
    ...validateOptionalChoice(reclaimPolicy, ['Delete', 'Retain'], path('reclaimPolicy')),
    ...validateOptionalChoice(
      volumeBindingMode,
      ['Immediate', 'WaitForFirstConsumer'],
      path('volumeBindingMode'),
    ),
  ];
}

function validateUpdate(storageClass: StorageClass, old: StorageClass): FieldError[] {
  const errors: FieldError[] = [];
  if (!sameTexts(storageClass.parameters, old.parameters))
    errors.push(forbidden(path('parameters'), 'updates to parameters are forbidden.'));
  if (storageClass.provisioner !== old.provisioner)
    errors.push(forbidden(path('provisioner'), 'updates to provisioner are forbidden.'));
  if (storageClass.reclaimPolicy !== old.reclaimPolicy)
    errors.push(forbidden(path('reclaimPolicy'), 'updates to reclaimPolicy are forbidden.'));
  const at = path('volumeBindingMode');
  return [...errors, ...validateImmutable(storageClass.volumeBindingMode, old.volumeBindingMode, at)];
}

const defaultAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

function nameCell({ metadata }: StorageClass): string {
  const isDefault = defaultAnnotations.some((key) => getOwn(metadata.annotations, key) === 'true');
  return `${metadata.name ?? ''}${isDefault ? ' (default)' : ''}`;
}

export const storageClass = defineKind<StorageClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  scope: 'Cluster',
  shortNames: ['sc'],
  defaults: (storageClass) => {
    storageClass.reclaimPolicy ??= 'Delete';
    storageClass.volumeBindingMode ??= 'Immediate';
  },
  validate,
  validateUpdate,
  columns: [
    { ...nameColumn, of: nameCell },
    textColumn<StorageClass>('Provisioner', ({ provisioner }) => provisioner ?? ''),
    textColumn<StorageClass>('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete'),
    textColumn<StorageClass>(
      'VolumeBindingMode',
      ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate',
    ),
    textColumn<StorageClass>('AllowVolumeExpansion', (each) => each.allowVolumeExpansion ?? false),
    ageColumn,
  ],
  example: {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'standard' },
    provisioner: 'example.com/disk',
  },
});
