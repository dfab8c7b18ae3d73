import { ageColumn, nameColumn, textColumn } from './columns.ts';
import { type FieldError, forbidden, path } from './field.ts';
import type { VolumeAttributesClass } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { validateDriverName } from './persistent-volume-source.ts';
import { sameTexts } from './secret.ts';
import { validateParameters } from './storage-class.ts';

function validate(attributes: VolumeAttributesClass): FieldError[] {
  return [
    ...validateDriverName(attributes.driverName ?? '', path('driverName')),
    ...validateParameters(attributes.parameters),
  ];
}

function validateUpdate(attributes: VolumeAttributesClass, old: VolumeAttributesClass): FieldError[] {
  const errors: FieldError[] = [];
  if (attributes.driverName !== old.driverName)
    errors.push(forbidden(path('driverName'), 'updates to driverName are forbidden.'));
  if (!sameTexts(attributes.parameters, old.parameters))
    errors.push(forbidden(path('parameters'), 'updates to parameters are forbidden.'));
  return errors;
}

export const volumeAttributesClass = defineKind<VolumeAttributesClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttributesClass',
  plural: 'volumeattributesclasses',
  scope: 'Cluster',
  shortNames: ['vac'],
  validate,
  validateUpdate,
  columns: [
    nameColumn,
    textColumn<VolumeAttributesClass>('DriverName', ({ driverName }) => driverName ?? ''),
    ageColumn,
  ],
  example: {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'VolumeAttributesClass',
    metadata: { name: 'fast' },
    driverName: 'disk.example.com',
    parameters: { iops: '1000' },
  },
});
