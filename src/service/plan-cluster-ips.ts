/**
 * ClusterIPs of a Service: those asked for are checked, those left out are given out.
 * Source: pkg/registry/core/service/storage/alloc.go (allocClusterIPs, updateClusterIPs), ipallocator.
 */
import { invalid, path } from '../kinds/field.ts';
import type { ServiceSpec } from '../kinds/generated/types.ts';
import { headlessIP, isHeadless, needsClusterIP } from '../kinds/service-rules/service-type.ts';
import { canonicalAddress, formatAddress, type IPFamily, parseAddress } from '../lib/ip.ts';
import type { Random } from '../lib/random.ts';
import type { AddressSet } from './address-set.ts';
import { type AddressRange, nextAddress, rangeContains } from './ip-allocator.ts';
import { type Failure, internal, refused } from './plan-failure.ts';
import { isUnchangedPreferDualStack } from './plan-families.ts';

export interface FamilyAddresses {
  /** Where addresses come from, in this order. At least one. */
  readonly ranges: readonly AddressRange[];
  /** Some Service or IPAddress object has it. */
  readonly taken: AddressSet;
  /** The first address of the first range is kept for Service `kubernetes`, which asks for it. */
  readonly reserved?: bigint;
  /** Nobody has it, but somebody is about to: given out only when there is nothing else. */
  readonly isPending?: (address: bigint) => boolean;
}

export interface ClusterIPOptions {
  readonly addresses: ReadonlyMap<IPFamily, FamilyAddresses>;
  readonly random: Random;
  /** Upstream's dry run names the range; the real one does not know which range was meant. */
  readonly dryRun?: boolean;
}

/** The addresses that a Service holds, in canonical form. */
export function clusterIPsOf(spec: ServiceSpec): Set<string> {
  if (!needsClusterIP(spec)) return new Set();
  const held = (spec.clusterIPs ?? []).filter((ip) => ip !== headlessIP && ip !== '');
  return new Set(held.map((ip) => canonicalAddress(ip) ?? ip));
}

/** What is wrong with taking this address. */
function whyNot(text: string, family: FamilyAddresses, dryRun: boolean | undefined): string | undefined {
  const value = parseAddress(text)?.value;
  if (value === undefined || !family.ranges.some((range) => rangeContains(range, value)))
    return dryRun
      ? `the provided IP (${canonicalAddress(text) ?? text}) is not in the valid range. The range of valid IPs is ${family.ranges[0]?.text}`
      : 'the provided network does not match the current range';
  return family.taken.has(value) ? 'provided IP is already allocated' : undefined;
}

function takeNext(family: IPFamily, options: ClusterIPOptions): string | undefined {
  const { ranges, taken, reserved, isPending } = options.addresses.get(family) as FamilyAddresses;
  const isReserved = (address: bigint) => address === reserved;
  const next =
    nextAddress(ranges, {
      taken,
      random: options.random,
      isReserved: (address) => isReserved(address) || isPending?.(address) === true,
    }) ?? nextAddress(ranges, { taken, random: options.random, isReserved });
  return next === undefined ? undefined : formatAddress(family, next);
}

/** Gives each family from `start` on its address. */
function take(spec: ServiceSpec, start: number, options: ClusterIPOptions): Failure | undefined {
  const families = (spec.ipFamilies ?? []) as IPFamily[];
  const clusterIPs = [...(spec.clusterIPs ?? [])];
  while (clusterIPs.length < families.length) clusterIPs.push('');
  for (let index = start; index < families.length; index++) {
    const family = families[index] as IPFamily;
    const asked = clusterIPs[index] as string;
    if (asked === '') {
      const next = takeNext(family, options);
      if (next === undefined) return internal('failed to allocate a serviceIP: range is full');
      clusterIPs[index] = next;
      continue;
    }
    const why = whyNot(asked, options.addresses.get(family) as FamilyAddresses, options.dryRun);
    if (why !== undefined) {
      const message = `failed to allocate IP ${asked}: ${why}`;
      return refused([invalid(path('spec', 'clusterIPs'), clusterIPs, message)]);
    }
  }
  spec.clusterIPs = clusterIPs;
  spec.clusterIP = clusterIPs[0] as string;
  return undefined;
}

/** Fills clusterIP and clusterIPs of `spec` in place; its families are planned. */
export function planClusterIPs(
  spec: ServiceSpec,
  old: ServiceSpec | undefined,
  options: ClusterIPOptions,
): Failure | undefined {
  if (!needsClusterIP(spec) || isHeadless(spec) || isUnchangedPreferDualStack(spec, old)) return undefined;
  if (old === undefined || !needsClusterIP(old)) return take(spec, 0, options);
  // An old Service without addresses is headless; its kind's rules keep it so.
  const before = old.clusterIPs?.length ?? 0;
  const after = spec.ipFamilies?.length ?? 0;
  if (after > before && before > 0) return take(spec, before, options);
  return undefined;
}
