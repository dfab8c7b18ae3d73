import { ageColumn, nameColumn, textColumn } from './columns.ts';
import { type FieldError, forbidden, invalid, notSupported, path } from './field.ts';
import type { Lease } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { isQualifiedName } from './names.ts';

const spec = path('spec');
const strategies = ['OldestEmulationVersion'];

/** Kubernetes' own strategies have no domain. The doubled name in the path is upstream's (KEP-4355). */
function validateStrategy(lease: Lease): FieldError[] {
  const { strategy, preferredHolder = '' } = lease.spec ?? {};
  const at = spec.child('strategy', 'strategy');
  const errors: FieldError[] = [];
  if (strategy?.includes('/'))
    for (const message of isQualifiedName(strategy)) errors.push(invalid(at, strategy, message));
  else if (strategy !== undefined && !strategies.includes(strategy))
    errors.push(notSupported(at, strategy, strategies));
  if (preferredHolder !== '' && (strategy ?? '') === '')
    errors.push(forbidden(spec.child('preferredHolder'), 'may only be specified if `strategy` is defined'));
  return errors;
}

function validate(lease: Lease): FieldError[] {
  const { leaseDurationSeconds, leaseTransitions } = lease.spec ?? {};
  const errors: FieldError[] = [];
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0)
    errors.push(invalid(spec.child('leaseDurationSeconds'), leaseDurationSeconds, 'must be greater than 0'));
  if (leaseTransitions !== undefined && leaseTransitions < 0)
    errors.push(
      invalid(spec.child('leaseTransitions'), leaseTransitions, 'must be greater than or equal to 0'),
    );
  return [...errors, ...validateStrategy(lease)];
}

export const lease = defineKind<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  scope: 'Namespaced',
  createOnUpdate: true,
  unconditionalUpdate: false,
  defaults: (lease) => {
    lease.spec ??= {};
  },
  validate,
  columns: [nameColumn, textColumn<Lease>('Holder', (lease) => lease.spec?.holderIdentity ?? ''), ageColumn],
  example: {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'controller', namespace: 'kube-system' },
    spec: {
      holderIdentity: 'controller-1',
      leaseDurationSeconds: 15,
      renewTime: '2026-01-01T00:00:00.000000Z',
    },
  },
});
