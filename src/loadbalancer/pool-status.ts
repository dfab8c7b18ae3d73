/** How much of each pool is in use, as IPAddressPool's status tells. */

import { buggyAddresses } from '../kinds/metallb/ranges.ts';
import type { IPAddressPool, IPAddressPoolStatus } from '../kinds/metallb/types.ts';
import { type IPFamily, parseAddress } from '../lib/ip.ts';
import type { Assignment } from './allocate.ts';
import type { Pool } from './pools.ts';

/** A range of IPv6 has more addresses than a JSON number can say. */
const countMax = BigInt(Number.MAX_SAFE_INTEGER);

function sizeOf({ ranges, avoidBuggyIPs }: Pool, family: IPFamily): bigint {
  return ranges
    .filter((range) => range.family === family)
    .map((range) => range.last - range.first + 1n - (avoidBuggyIPs ? buggyAddresses(range) : 0n))
    .reduce((sum, size) => sum + size, 0n);
}

/** Addresses in use, by pool; one that Services share counts once. */
export function addressesInUse(assignments: Iterable<Assignment>): Map<string, Set<string>> {
  const inUse = new Map<string, Set<string>>();
  for (const assignment of assignments) {
    if (assignment.type !== 'assigned') continue;
    const ips = inUse.get(assignment.pool) ?? new Set();
    for (const ip of assignment.ips) ips.add(ip);
    inUse.set(assignment.pool, ips);
  }
  return inUse;
}

export function poolStatus(pool: Pool, inUse: ReadonlySet<string>): IPAddressPoolStatus {
  const used = (family: IPFamily): number =>
    [...inUse].filter((ip) => parseAddress(ip)?.family === family).length;
  const available = (family: IPFamily): number => {
    const free = sizeOf(pool, family) - BigInt(used(family));
    return Number(free < 0n ? 0n : free > countMax ? countMax : free);
  };
  return {
    assignedIPv4: used('IPv4'),
    assignedIPv6: used('IPv6'),
    availableIPv4: available('IPv4'),
    availableIPv6: available('IPv6'),
  };
}

export const sameStatus = (object: IPAddressPool, status: IPAddressPoolStatus): boolean =>
  (Object.keys(status) as (keyof IPAddressPoolStatus)[]).every(
    (field) => object.status?.[field] === status[field],
  );
