import { ageColumn, nameColumn } from './columns.ts';
import { claimSpecDefaults, validateClaimSpec } from './device-claim.ts';
import { path } from './field.ts';
import type { ResourceClaimTemplate } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { validateImmutable } from './pod/checks.ts';

export const resourceClaimTemplate = defineKind<ResourceClaimTemplate>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaimTemplate',
  plural: 'resourceclaimtemplates',
  scope: 'Namespaced',
  defaults: (template) => {
    template.spec ??= { spec: {} };
    template.spec.spec ??= {};
    claimSpecDefaults(template.spec.spec);
  },
  validate: (template) => validateClaimSpec(template.spec?.spec, path('spec', 'spec')),
  validateUpdate: (template, old) => validateImmutable(template.spec, old.spec, path('spec')),
  columns: [nameColumn, ageColumn],
  example: {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaimTemplate',
    metadata: { name: 'gpu', namespace: 'default' },
    spec: {
      spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com' } }] } },
    },
  },
});
