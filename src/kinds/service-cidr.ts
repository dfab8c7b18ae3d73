/** ServiceCIDR: a range from which ClusterIPs come. Source: pkg/apis/networking/validation (KEP-1880). */
import { parseCidr } from '../lib/cidr.ts';
import { ageColumn, nameColumn, textColumn } from './columns.ts';
import { type FieldError, invalid, path, required } from './field.ts';
import type { ServiceCIDR } from './generated/types.ts';
import { validateCanonicalCIDR } from './ip-rules.ts';
import { defineKind } from './kind.ts';

const cidrsPath = path('spec', 'cidrs');

function validateCIDRs(object: ServiceCIDR): FieldError[] {
  const cidrs = object.spec?.cidrs ?? [];
  if (cidrs.length === 0) return [required(cidrsPath, 'at least one CIDR required')];
  if (cidrs.length > 2) return [invalid(cidrsPath, { CIDRs: cidrs }, 'may only hold up to 2 values')];
  const errors = cidrs.flatMap((cidr, index) => validateCanonicalCIDR(cidr, cidrsPath.index(index)));
  const families = cidrs.map((cidr) => parseCidr(cidr)?.family);
  if (cidrs.length === 2 && families[0] !== undefined && families[0] === families[1])
    errors.push(
      invalid(
        cidrsPath,
        cidrs,
        'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ),
    );
  return errors;
}

/** One range may be joined by one of the other family; nothing else changes. */
function validateUpdate(object: ServiceCIDR, old: ServiceCIDR): FieldError[] {
  const [now, before] = [object.spec?.cidrs ?? [], old.spec?.cidrs ?? []];
  if (now.length !== before.length && !(before.length === 1 && now.length === 2))
    return [invalid(cidrsPath, object.spec?.cidrs ?? null, 'field is immutable')];
  return before.flatMap((cidr, index) =>
    cidr === now[index] ? [] : [invalid(cidrsPath.index(index), now[index], 'field is immutable')],
  );
}

export const serviceCIDR = defineKind<ServiceCIDR>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  scope: 'Cluster',
  subresources: ['status'],
  validate: validateCIDRs,
  validateUpdate,
  columns: [
    nameColumn,
    textColumn('CIDRs', (object: ServiceCIDR) => (object.spec?.cidrs ?? []).join(',')),
    ageColumn,
  ],
  example: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'extra' },
    spec: { cidrs: ['10.97.0.0/24'] },
  },
});
