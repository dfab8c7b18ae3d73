/**
 * IP families of a Service: what the user left unsaid is taken from the addresses, from the policy and from what the
 * cluster has. Source: KEP-563; pkg/registry/core/service/storage/alloc.go (initIPFamilyFields).
 */
import { type FieldError, invalid, path } from '../kinds/field.ts';
import type { ServiceSpec } from '../kinds/generated/types.ts';
import { headlessIP, isHeadless, needsClusterIP, sameStrings } from '../kinds/service-rules/service-type.ts';
import { effectivePolicy, validateRelease } from '../kinds/service-rules/validate-cluster-ips.ts';
import { type IPFamily, parseAddress } from '../lib/ip.ts';

const policyPath = path('spec', 'ipFamilyPolicy');

const otherFamily = (family: string | undefined): IPFamily => (family === 'IPv4' ? 'IPv6' : 'IPv4');

/**
 * A PreferDualStack Service that is written again unchanged neither gains nor loses an address because the cluster has
 * gained or lost a family meanwhile.
 */
export function isUnchangedPreferDualStack(spec: ServiceSpec, old: ServiceSpec | undefined): boolean {
  return (
    old !== undefined &&
    spec.type === old.type &&
    needsClusterIP(spec) &&
    spec.ipFamilyPolicy === 'PreferDualStack' &&
    (old.ipFamilyPolicy === undefined || old.ipFamilyPolicy === 'PreferDualStack') &&
    sameStrings(spec.clusterIPs, old.clusterIPs) &&
    sameStrings(spec.ipFamilies, old.ipFamilies)
  );
}

/** Setting the policy to SingleStack, and nothing else, gives the second address back. */
function trimToSingleStack(spec: ServiceSpec, old: ServiceSpec): void {
  const sameIPs = sameStrings(spec.clusterIPs, old.clusterIPs);
  const sameFamilies = sameStrings(spec.ipFamilies, old.ipFamilies);
  if (sameIPs && spec.clusterIPs !== undefined) spec.clusterIPs = spec.clusterIPs.slice(0, 1);
  if (sameFamilies && spec.ipFamilies !== undefined) spec.ipFamilies = spec.ipFamilies.slice(0, 1);
}

function validateSingleStack(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (what: string) =>
    errors.push(
      invalid(
        policyPath,
        spec.ipFamilyPolicy,
        `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
      ),
    );
  if (spec.clusterIPs?.length === 2) refuse('cluster IPs');
  if (spec.ipFamilies?.length === 2) refuse('IP families');
  return errors;
}

function inferFromAddresses(spec: ServiceSpec, clusterFamilies: readonly IPFamily[]): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, ip] of (spec.clusterIPs ?? []).entries()) {
    if (ip === headlessIP) break;
    const family = parseAddress(ip)?.family as IPFamily;
    if (index < (spec.ipFamilies ?? []).length) continue;
    if (clusterFamilies.includes(family)) spec.ipFamilies = [...(spec.ipFamilies ?? []), family];
    else
      errors.push(
        invalid(
          path('spec', 'clusterIPs').index(index),
          spec.clusterIPs,
          `${family} is not configured on this cluster`,
        ),
      );
  }
  return errors;
}

function validateAgainstCluster(spec: ServiceSpec, clusterFamilies: readonly IPFamily[]): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.ipFamilyPolicy === 'RequireDualStack' && clusterFamilies.length < 2)
    errors.push(
      invalid(policyPath, spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services'),
    );
  for (const [index, family] of (spec.ipFamilies ?? []).entries())
    if (!clusterFamilies.includes(family as IPFamily))
      errors.push(invalid(path('spec', 'ipFamilies').index(index), family, 'not configured on this cluster'));
  return errors;
}

/**
 * Fills ipFamilyPolicy and ipFamilies of `spec` in place; it has been validated by its kind.
 * `clusterFamilies`: those that the cluster has, the default first.
 */
export function planFamilies(
  spec: ServiceSpec,
  options: { old: ServiceSpec | undefined; clusterFamilies: readonly IPFamily[] },
): FieldError[] {
  const { old, clusterFamilies } = options;
  if (!needsClusterIP(spec) || isUnchangedPreferDualStack(spec, old)) return [];
  spec.ipFamilyPolicy = effectivePolicy(spec, old);
  const single = spec.ipFamilyPolicy === 'SingleStack';
  const errors: FieldError[] = [];
  if (old !== undefined) {
    if (single) trimToSingleStack(spec, old);
    else errors.push(...validateRelease(spec, old));
  }
  if (single) errors.push(...validateSingleStack(spec));
  errors.push(...inferFromAddresses(spec, clusterFamilies));
  if (errors.length > 0) return errors;

  // The endpoints of a headless Service without selector are the user's own, so it may name families the cluster lacks.
  const free = isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0;
  if (!free) errors.push(...validateAgainstCluster(spec, clusterFamilies));
  if (errors.length > 0) return errors;
  const families = spec.ipFamilies ?? [];
  spec.ipFamilies = families.length === 0 ? [clusterFamilies[0] as IPFamily] : families;
  if (!single && spec.ipFamilies.length === 1 && (free || clusterFamilies.length === 2))
    spec.ipFamilies = [...spec.ipFamilies, otherFamily(spec.ipFamilies[0])];
  return [];
}
