import { ageColumn, nameColumn, textColumn } from './columns.ts';
import { type FieldError, invalid, path, required } from './field.ts';
import type { ResourceSlice } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { validateDriverName } from './persistent-volume-source.ts';
import { requireText, validateImmutable } from './pod/checks.ts';

/** A slice says in one way which nodes can reach its devices. */
const nodeFields = ['nodeName', 'nodeSelector', 'allNodes', 'perDeviceNodeSelection'] as const;

function validate({ spec }: ResourceSlice): FieldError[] {
  const at = path('spec');
  const errors = [
    ...validateDriverName(spec?.driver ?? '', at.child('driver')),
    ...requireText(spec?.pool?.name, at.child('pool', 'name')),
  ];
  const count = spec?.pool?.resourceSliceCount ?? 0;
  if (count <= 0)
    errors.push(invalid(at.child('pool', 'resourceSliceCount'), count, 'must be greater than zero'));
  const given = nodeFields.filter((field) => spec?.[field] !== undefined && spec[field] !== false);
  const choice =
    'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  if (given.length === 0) errors.push(required(at, choice));
  else if (given.length > 1)
    errors.push(invalid(at, `{${given.join(', ')}}`, `${choice}, but multiple fields are set`));
  return errors;
}

function validateUpdate({ spec }: ResourceSlice, old: ResourceSlice): FieldError[] {
  const at = path('spec');
  return [
    ...validateImmutable(spec?.pool?.name, old.spec?.pool?.name, at.child('pool', 'name')),
    ...validateImmutable(spec?.driver, old.spec?.driver, at.child('driver')),
    ...validateImmutable(spec?.nodeName, old.spec?.nodeName, at.child('nodeName')),
  ];
}

export const resourceSlice = defineKind<ResourceSlice>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceSlice',
  plural: 'resourceslices',
  scope: 'Cluster',
  generation: true,
  validate,
  validateUpdate,
  selectableFields: ({ spec }) => ({
    'spec.nodeName': spec?.nodeName ?? '',
    'spec.driver': spec?.driver ?? '',
  }),
  columns: [
    nameColumn,
    textColumn<ResourceSlice>('Node', ({ spec }) => spec?.nodeName ?? ''),
    textColumn<ResourceSlice>('Driver', ({ spec }) => spec?.driver ?? ''),
    textColumn<ResourceSlice>('Pool', ({ spec }) => spec?.pool?.name ?? ''),
    ageColumn,
  ],
  example: {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceSlice',
    metadata: { name: 'node-1-gpu' },
    spec: {
      driver: 'gpu.example.com',
      nodeName: 'node-1',
      pool: { name: 'node-1', generation: 1, resourceSliceCount: 1 },
      devices: [{ name: 'gpu-0' }],
    },
  },
});
