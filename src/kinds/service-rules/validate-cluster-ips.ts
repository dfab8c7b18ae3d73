/**
 * clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy, which hang together.
 * Source: pkg/apis/core/validation (ValidateServiceClusterIPsRelatedFields, validateUpgradeDowngradeClusterIPs,
 * validateUpgradeDowngradeIPFamilies); pkg/registry/core/service/storage/alloc.go.
 */
import { parseAddress } from '../../lib/ip.ts';
import { duplicate, type FieldError, invalid, notSupported, path, required } from '../field.ts';
import type { ServiceSpec } from '../generated/types.ts';
import { validateIP } from '../ip-rules.ts';
import { headlessIP, isHeadless, needsClusterIP } from './service-type.ts';

const clusterIPsPath = path('spec', 'clusterIPs');
const ipFamiliesPath = path('spec', 'ipFamilies');
const ipFamilyPolicyPath = path('spec', 'ipFamilyPolicy');

const supportedFamilies = ['IPv4', 'IPv6'] as const;
const supportedPolicies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'] as const;

/** What a Service without a policy means; on update the old policy stays. */
export function effectivePolicy(spec: ServiceSpec, old?: ServiceSpec): string {
  if (spec.ipFamilyPolicy !== undefined) return spec.ipFamilyPolicy;
  if (old?.ipFamilyPolicy !== undefined) return old.ipFamilyPolicy;
  // Its endpoints are the user's own, of whatever family.
  const selectorless = Object.keys(spec.selector ?? {}).length === 0;
  return spec.clusterIP === headlessIP && selectorless ? 'RequireDualStack' : 'SingleStack';
}

function validateSynchronized(spec: ServiceSpec): FieldError[] {
  const clusterIPs = spec.clusterIPs ?? [];
  if ((spec.clusterIP ?? '') === '')
    return clusterIPs.length === 0
      ? []
      : [invalid(clusterIPsPath, clusterIPs, 'must be empty when `clusterIP` is not specified')];
  if (clusterIPs.length === 0) return [required(clusterIPsPath, '')];
  return clusterIPs[0] === spec.clusterIP
    ? []
    : [invalid(clusterIPsPath, clusterIPs, 'first value must match `clusterIP`')];
}

function validateFamilies(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    const at = ipFamiliesPath.index(index);
    if (!supportedFamilies.includes(family as 'IPv4'))
      errors.push(notSupported(at, family, supportedFamilies));
    if (seen.has(family)) errors.push(duplicate(at, family));
    seen.add(family);
  }
  const policy = spec.ipFamilyPolicy;
  if (policy !== undefined && !supportedPolicies.includes(policy as 'SingleStack'))
    errors.push(notSupported(ipFamilyPolicyPath, policy, supportedPolicies));
  return errors;
}

/** Each address alone; the rest of the rules make no sense of bad ones. */
function validateEach(clusterIPs: readonly string[]): FieldError[] {
  return clusterIPs.flatMap((clusterIP, index) => {
    if (index === 0 && clusterIP === headlessIP)
      return clusterIPs.length > 1
        ? [invalid(clusterIPsPath, clusterIPs, "'None' must be the first and only value")]
        : [];
    return validateIP(clusterIP, clusterIPsPath.index(index));
  });
}

function validateFamilyMatch(spec: ServiceSpec): FieldError[] {
  if (isHeadless(spec)) return [];
  return (spec.clusterIPs ?? []).flatMap((clusterIP, index) => {
    const expected = spec.ipFamilies?.[index];
    if (expected === undefined || parseAddress(clusterIP)?.family === expected) return [];
    if (!supportedFamilies.includes(expected as 'IPv4')) return [];
    const at = clusterIPsPath.index(index);
    return [invalid(at, clusterIP, `expected an ${expected} value as indicated by \`ipFamilies[${index}]\``)];
  });
}

/** The four fields of one Service, without a look at the cluster. */
export function validateClusterIPs(spec: ServiceSpec): FieldError[] {
  if (!needsClusterIP(spec)) return [];
  const clusterIPs = spec.clusterIPs ?? [];
  const each = validateEach(clusterIPs);
  const errors = [...validateSynchronized(spec), ...validateFamilies(spec), ...each];
  if (clusterIPs.length > 2) errors.push(invalid(clusterIPsPath, clusterIPs, 'may only hold up to 2 values'));
  if (each.length > 0) return errors;
  const families = new Set(clusterIPs.map((clusterIP) => parseAddress(clusterIP)?.family));
  if (clusterIPs.length > 1 && families.size < 2)
    errors.push(invalid(clusterIPsPath, clusterIPs, 'may specify no more than one IP for each IP family'));
  errors.push(...validateFamilyMatch(spec));
  return errors;
}

/** A field given, but with less in it than before. */
function isReduced(values: readonly string[] | undefined, old: readonly string[] | undefined): boolean {
  const count = values?.length ?? 0;
  return count > 0 && count < (old?.length ?? 0);
}

/** To take the second address or family away, the policy must say so. */
export function validateRelease(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  const policy = effectivePolicy(spec, old);
  if (policy === 'SingleStack') return [];
  const errors: FieldError[] = [];
  if (isReduced(spec.clusterIPs, old.clusterIPs))
    errors.push(
      invalid(ipFamilyPolicyPath, policy, "must be 'SingleStack' to release the secondary cluster IP"),
    );
  if (isReduced(spec.ipFamilies, old.ipFamilies))
    errors.push(
      invalid(ipFamilyPolicyPath, policy, "must be 'SingleStack' to release the secondary IP family"),
    );
  return errors;
}

function validateClusterIPsUpdate(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (isHeadless(spec) && isHeadless(old)) return [];
  const [now, before] = [spec.clusterIPs ?? [], old.clusterIPs ?? []];
  const shown = spec.clusterIPs ?? null;
  const first = clusterIPsPath.index(0);
  if (before.length > now.length && now.length === 0)
    return [invalid(first, shown, 'primary clusterIP can not be unset')];
  const compared = before.length === now.length ? before.length : Math.min(before.length, 1);
  const errors: FieldError[] = [];
  for (let index = 0; index < compared; index++)
    if (now[index] !== before[index])
      errors.push(invalid(clusterIPsPath.index(index), shown, 'may not change once set'));
  return errors;
}

function validateFamiliesUpdate(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  // Headless Services may change families; they hold no addresses.
  if (isHeadless(spec) || isHeadless(old)) return [];
  const [now, before] = [spec.ipFamilies ?? [], old.ipFamilies ?? []];
  const at = ipFamiliesPath.index(0);
  if (now.length === before.length)
    return now.flatMap((family, index) =>
      family === before[index] ? [] : [invalid(at, now, 'may not change once set')],
    );
  return now.length > 0 && before.length > 0 && now[0] !== before[0]
    ? [invalid(at, spec.clusterIPs ?? null, 'may not change once set')]
    : [];
}

/** What may not change of the four fields, once given; from and to ExternalName everything may. */
export function validateClusterIPsChange(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (!needsClusterIP(spec) || !needsClusterIP(old)) return [];
  const release = validateRelease(spec, old);
  return release.length > 0
    ? release
    : [...validateClusterIPsUpdate(spec, old), ...validateFamiliesUpdate(spec, old)];
}
