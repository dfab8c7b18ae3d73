import { nameColumn, textColumn, unset } from './columns.ts';
import { type FieldError, path } from './field.ts';
import type { CSIStorageCapacity } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { validateLabelSelector } from './label-selector.ts';
import { validateDNS1123Subdomain, validateImmutable } from './pod/checks.ts';
import { resourceEntries, validateAmount } from './quantities.ts';

function validate(storage: CSIStorageCapacity): FieldError[] {
  const { capacity, maximumVolumeSize, nodeTopology, storageClassName = '' } = storage;
  const amounts = {
    ...(capacity === undefined ? {} : { capacity }),
    ...(maximumVolumeSize === undefined ? {} : { maximumVolumeSize }),
  };
  return [
    ...validateDNS1123Subdomain(storageClassName, path('storageClassName')),
    ...resourceEntries(amounts).flatMap(([field, quantity]) =>
      validateAmount('storage', quantity, path(field)),
    ),
    ...validateLabelSelector(nodeTopology, path('nodeTopology')),
  ];
}

function validateUpdate(storage: CSIStorageCapacity, old: CSIStorageCapacity): FieldError[] {
  return (['nodeTopology', 'storageClassName'] as const).flatMap((field) =>
    validateImmutable(storage[field], old[field], path(field)),
  );
}

export const csiStorageCapacity = defineKind<CSIStorageCapacity>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  scope: 'Namespaced',
  unconditionalUpdate: false,
  validate,
  validateUpdate,
  columns: [
    nameColumn,
    textColumn<CSIStorageCapacity>('StorageClassName', (each) => each.storageClassName ?? ''),
    textColumn<CSIStorageCapacity>('Capacity', ({ capacity }) => capacity ?? unset),
  ],
  example: {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSIStorageCapacity',
    metadata: { name: 'node-1-standard', namespace: 'kube-system' },
    storageClassName: 'standard',
    capacity: '10Gi',
  },
});
