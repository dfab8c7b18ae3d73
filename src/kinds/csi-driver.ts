import { ageColumn, nameColumn, textColumn, unset } from './columns.ts';
import { type FieldError, notSupported, path } from './field.ts';
import type { CSIDriver } from './generated/types.ts';
import { type Column, defineKind } from './kind.ts';
import { validateImmutable, validateOptionalChoice } from './pod/checks.ts';

const modes = ['Ephemeral', 'Persistent'];
const policies = ['File', 'None', 'ReadWriteOnceWithFSType'];

function validate({ spec }: CSIDriver): FieldError[] {
  const at = path('spec');
  return [
    ...validateOptionalChoice(spec?.fsGroupPolicy, policies, at.child('fsGroupPolicy')),
    ...(spec?.volumeLifecycleModes ?? [])
      .filter((mode) => !modes.includes(mode))
      .map((mode) => notSupported(at.child('volumeLifecycleModes'), mode, modes)),
  ];
}

function validateUpdate({ spec }: CSIDriver, old: CSIDriver): FieldError[] {
  return (['attachRequired', 'volumeLifecycleModes'] as const).flatMap((field) =>
    validateImmutable(spec?.[field], old.spec?.[field], path('spec', field)),
  );
}

function defaults(driver: CSIDriver): void {
  driver.spec ??= {};
  driver.spec.attachRequired ??= true;
  driver.spec.podInfoOnMount ??= false;
  driver.spec.storageCapacity ??= false;
  driver.spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
  driver.spec.requiresRepublish ??= false;
  driver.spec.seLinuxMount ??= false;
  if (!driver.spec.volumeLifecycleModes?.length) driver.spec.volumeLifecycleModes = ['Persistent'];
}

const booleanColumn = (name: string, of: (spec: CSIDriver['spec']) => boolean): Column<CSIDriver> => ({
  name,
  type: 'boolean',
  of: (driver) => of(driver.spec ?? {}),
});

export const csiDriver = defineKind<CSIDriver>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  scope: 'Cluster',
  unconditionalUpdate: false,
  defaults,
  validate,
  validateUpdate,
  columns: [
    nameColumn,
    booleanColumn('AttachRequired', (spec) => spec.attachRequired ?? true),
    booleanColumn('PodInfoOnMount', (spec) => spec.podInfoOnMount ?? false),
    booleanColumn('StorageCapacity', (spec) => spec.storageCapacity ?? false),
    textColumn<CSIDriver>('TokenRequests', ({ spec }) =>
      spec?.tokenRequests?.length ? spec.tokenRequests.map((each) => each.audience).join(',') : unset,
    ),
    booleanColumn('RequiresRepublish', (spec) => spec.requiresRepublish ?? false),
    textColumn<CSIDriver>('Modes', ({ spec }) => (spec?.volumeLifecycleModes ?? []).join(',')),
    ageColumn,
  ],
  example: {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSIDriver',
    metadata: { name: 'disk.example.com' },
    spec: {},
  },
});
