import { ageColumn, nameColumn, textColumn } from './columns.ts';
import { claimSpecDefaults, validateClaimSpec } from './device-claim.ts';
import { path } from './field.ts';
import type { ResourceResourceClaim } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { validateImmutable } from './pod/checks.ts';

function stateCell({ metadata, status }: ResourceResourceClaim): string {
  const dying = metadata.deletionTimestamp !== undefined;
  const states = dying ? ['deleted'] : [];
  if (status?.allocation === undefined) {
    if (!dying) states.push('pending');
  } else {
    states.push('allocated');
    if ((status.reservedFor ?? []).length > 0) states.push('reserved');
  }
  return states.join(',');
}

export const resourceClaim = defineKind<ResourceResourceClaim>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaim',
  plural: 'resourceclaims',
  scope: 'Namespaced',
  schema: 'ResourceResourceClaim',
  subresources: ['status'],
  statusKeeps: 'metadata',
  defaults: (claim) => {
    claim.spec ??= {};
    claimSpecDefaults(claim.spec);
    claim.status ??= {};
  },
  validate: (claim) => validateClaimSpec(claim.spec, path('spec')),
  validateUpdate: (claim, old) => validateImmutable(claim.spec, old.spec, path('spec')),
  columns: [nameColumn, textColumn<ResourceResourceClaim>('State', stateCell), ageColumn],
  example: {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaim',
    metadata: { name: 'gpu', namespace: 'default' },
    spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com' } }] } },
  },
});
