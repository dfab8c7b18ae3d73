/**
 * IPAddressPool: where Services of type LoadBalancer get their addresses from. MetalLB's custom resource, served like a
 * kind of Kubernetes so that it is there without anything installed.
 * Source: api/v1beta1 and the CRD's printer columns of MetalLB.
 */
import { nameColumn, textColumn } from '../columns.ts';
import { type FieldError, path, required } from '../field.ts';
import { defineKind } from '../kind.ts';
import { validateLabelSelector } from '../label-selector.ts';
import type { IPAddressPool } from './types.ts';

const spec = path('spec');

/** As a column of a custom resource prints a list: JSON. Nothing for one that is not there. */
export const listCell = (list: readonly unknown[] | undefined): string | null =>
  list === undefined ? null : JSON.stringify(list);

/** What a CRD's schema asks for; the ranges are looked at beside those of the other pools, by admission. */
function validate(pool: IPAddressPool): FieldError[] {
  if (pool.spec === undefined) return [required(spec, '')];
  if (pool.spec.addresses === undefined) return [required(spec.child('addresses'), '')];
  const { namespaceSelectors = [], serviceSelectors = [] } = pool.spec.serviceAllocation ?? {};
  const at = spec.child('serviceAllocation');
  return [
    ...namespaceSelectors.flatMap((selector, index) =>
      validateLabelSelector(selector, at.child('namespaceSelectors').index(index)),
    ),
    ...serviceSelectors.flatMap((selector, index) =>
      validateLabelSelector(selector, at.child('serviceSelectors').index(index)),
    ),
  ];
}

export const ipAddressPool = defineKind<IPAddressPool>({
  group: 'metallb.io',
  version: 'v1beta1',
  kind: 'IPAddressPool',
  plural: 'ipaddresspools',
  scope: 'Namespaced',
  isCustomResource: true,
  subresources: ['status'],
  generation: true,
  unconditionalUpdate: false,
  defaults: (pool) => {
    if (pool.spec === undefined) return;
    pool.spec.autoAssign ??= true;
    pool.spec.avoidBuggyIPs ??= false;
  },
  validate,
  columns: [
    nameColumn,
    { name: 'Auto Assign', type: 'boolean', of: (pool) => pool.spec?.autoAssign ?? null },
    { name: 'Avoid Buggy IPs', type: 'boolean', of: (pool) => pool.spec?.avoidBuggyIPs ?? null },
    textColumn<IPAddressPool>('Addresses', (pool) => listCell(pool.spec?.addresses)),
  ],
  example: {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name: 'first-pool', namespace: 'metallb-system' },
    spec: { addresses: ['192.168.10.0/24', '192.168.9.1-192.168.9.5'] },
  },
});
