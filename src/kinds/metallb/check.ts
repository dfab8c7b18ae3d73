/**
 * What is wrong with all pools and advertisements together. MetalLB looks at them as one configuration, in a webhook and
 * again before it takes them over. Source of rules and wording: internal/config of MetalLB.
 */
import type { LabelSelector } from '../generated/types.ts';
import { formatLabelSelector } from '../label-selector.ts';
import { type AddressRange, overlapOf, PoolError, parseRange } from './ranges.ts';
import type { IPAddressPool, L2Advertisement } from './types.ts';

/** The only namespace whose pools and advertisements count. */
export const metallbNamespace = 'metallb-system';

function refuseDuplicates(values: readonly string[], what: string): void {
  const seen = new Set<string>();
  for (const value of values) {
    if (seen.has(value)) throw new PoolError(`duplicate definition of ${what} ${JSON.stringify(value)}`);
    seen.add(value);
  }
}

function refuseDuplicateSelectors(selectors: readonly LabelSelector[], what: string): void {
  for (const { matchExpressions = [] } of selectors)
    for (const { values = [] } of matchExpressions)
      refuseDuplicates(values, 'match expression value in label selector');
  refuseDuplicates(selectors.map(formatLabelSelector), what);
}

/** Throws PoolError. */
export function rangesOf({ metadata, spec }: IPAddressPool): AddressRange[] {
  const addresses = spec?.addresses ?? [];
  if (addresses.length === 0) throw new PoolError('pool has no prefixes defined');
  return addresses.map((text) => {
    try {
      return parseRange(text);
    } catch (error) {
      const { message } = error as PoolError;
      const [what, pool] = [text, metadata.name].map((each) => JSON.stringify(each));
      throw new PoolError(`invalid CIDR ${what} in pool ${pool}: ${message}`);
    }
  });
}

function checkAllocation({ spec }: IPAddressPool): void {
  const { namespaces = [], namespaceSelectors = [], serviceSelectors = [] } = spec?.serviceAllocation ?? {};
  if (new Set(namespaces).size !== namespaces.length)
    throw new PoolError('duplicate definition in namespaces field');
  refuseDuplicateSelectors(namespaceSelectors, 'namespaceSelectors');
  refuseDuplicateSelectors(serviceSelectors, 'serviceSelectors');
}

/** Each for itself, then no address in two of them, nor twice in one. Throws PoolError. */
export function checkPools(pools: readonly IPAddressPool[]): void {
  const known: AddressRange[] = [];
  for (const pool of pools) {
    const { name = '' } = pool.metadata;
    let ranges: AddressRange[];
    try {
      ranges = rangesOf(pool);
      checkAllocation(pool);
    } catch (error) {
      throw new PoolError(`parsing address pool ${name}: ${(error as PoolError).message}`);
    }
    for (const range of ranges) {
      for (const other of known) {
        const overlap = overlapOf(range, other);
        if (overlap === undefined) continue;
        const [own, taken] = overlap;
        throw new PoolError(
          `CIDR "${own}" in pool ${JSON.stringify(name)} overlaps with already defined CIDR "${taken}"`,
        );
      }
      known.push(range);
    }
  }
}

/** Throws PoolError. */
export function checkAdvertisements(advertisements: readonly L2Advertisement[]): void {
  for (const { spec = {} } of advertisements) {
    refuseDuplicates(spec.ipAddressPools ?? [], 'ipAddressPools');
    refuseDuplicateSelectors(spec.ipAddressPoolSelectors ?? [], 'ipAddressPoolSelectors');
    refuseDuplicateSelectors(spec.nodeSelectors ?? [], 'nodeSelectors');
    refuseDuplicateSelectors(spec.serviceSelectors ?? [], 'serviceSelectors');
  }
}
