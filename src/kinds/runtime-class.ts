import { ageColumn, nameColumn, textColumn } from './columns.ts';
import { path } from './field.ts';
import type { RuntimeClass } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { validateDNS1123Label, validateImmutable } from './pod/checks.ts';

export const runtimeClass = defineKind<RuntimeClass>({
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  scope: 'Cluster',
  unconditionalUpdate: false,
  validate: (runtimeClass) => validateDNS1123Label(runtimeClass.handler ?? '', path('handler')),
  validateUpdate: (runtimeClass, old) =>
    validateImmutable(runtimeClass.handler, old.handler, path('handler')),
  columns: [nameColumn, textColumn<RuntimeClass>('Handler', ({ handler }) => handler ?? ''), ageColumn],
  example: {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: 'sandbox' },
    handler: 'runsc',
  },
});
