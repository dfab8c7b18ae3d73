/**
 * Address pools: where a Service of type LoadBalancer gets its address from.
 * Source: the configuration format of MetalLB up to 0.12 (ConfigMap `config` in `metallb-system`), and its address ranges.
 */
import { parse } from 'yaml';
import { cidrLast, parseCidr } from '../lib/cidr.ts';
import { type IPFamily, parseAddress } from '../lib/ip.ts';
import { configurationCharactersMax, poolsMax, rangesMax } from './limits.ts';

export interface AddressRange {
  readonly family: IPFamily;
  readonly first: bigint;
  readonly last: bigint;
}

export interface Pool {
  readonly name: string;
  readonly ranges: readonly AddressRange[];
  /** Services that do not name the pool get addresses of it too. */
  readonly autoAssign: boolean;
  /** IPv4 addresses that end in .0 and .255 are left out: some routers drop them. */
  readonly avoidBuggyIPs: boolean;
}

/** What is wrong with a configuration, for people. */
export class PoolError extends Error {}

/** `10.8.8.30-10.8.8.40`, `10.8.8.0/28`, `fd00::10-fd00::20`. Throws PoolError. */
export function parseRange(text: string): AddressRange {
  const trimmed = text.trim();
  if (!trimmed.includes('-')) {
    const cidr = parseCidr(trimmed);
    if (cidr === undefined) throw new PoolError(`invalid CIDR ${JSON.stringify(trimmed)}`);
    return { family: cidr.family, first: cidr.base, last: cidrLast(cidr) };
  }
  const ends = trimmed.split('-');
  const [first, last] = ends.map((end) => parseAddress(end.trim()));
  if (ends.length !== 2 || first === undefined || last === undefined)
    throw new PoolError(`invalid IP range ${JSON.stringify(trimmed)}`);
  if (first.family !== last.family)
    throw new PoolError(`invalid IP range ${JSON.stringify(trimmed)}: its ends are of two families`);
  if (first.value > last.value)
    throw new PoolError(
      `invalid IP range ${JSON.stringify(trimmed)}: start IP ${ends[0]!.trim()} is after the end IP ${ends[1]!.trim()}`,
    );
  return { family: first.family, first: first.value, last: last.value };
}

const overlap = (one: AddressRange, other: AddressRange): boolean =>
  one.family === other.family && one.first <= other.last && other.first <= one.last;

/** A pool of these ranges that is for everybody. Throws PoolError. */
export function makePool(name: string, ranges: readonly string[]): Pool {
  if (ranges.length === 0) throw new PoolError(`pool ${JSON.stringify(name)} has no prefixes defined`);
  return { name, ranges: ranges.map(parseRange), autoAssign: true, avoidBuggyIPs: false };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readPool(entry: unknown, index: number): Pool {
  if (!isRecord(entry)) throw new PoolError(`address pool #${index + 1} is no mapping`);
  const { name, protocol, addresses } = entry;
  if (typeof name !== 'string' || name === '')
    throw new PoolError(`address pool #${index + 1}: missing pool name`);
  if (protocol !== 'layer2')
    throw new PoolError(
      `address pool ${JSON.stringify(name)}: unknown protocol ${JSON.stringify(protocol ?? '')}; wanted is layer2`,
    );
  if (!Array.isArray(addresses) || addresses.some((each) => typeof each !== 'string'))
    throw new PoolError(`address pool ${JSON.stringify(name)}: addresses is no list of ranges`);
  return {
    ...makePool(name, addresses as string[]),
    autoAssign: entry['auto-assign'] !== false,
    avoidBuggyIPs: entry['avoid-buggy-ips'] === true,
  };
}

/** No name twice, no address in two pools. Throws PoolError. */
export function checkPools(pools: readonly Pool[]): void {
  const ranges: { pool: string; range: AddressRange }[] = [];
  const names = new Set<string>();
  for (const { name, ranges: own } of pools) {
    if (names.has(name)) throw new PoolError(`duplicate definition of pool ${JSON.stringify(name)}`);
    names.add(name);
    for (const range of own) {
      const other = ranges.find((each) => overlap(each.range, range));
      if (other !== undefined)
        throw new PoolError(`pool ${JSON.stringify(name)} overlaps with pool ${JSON.stringify(other.pool)}`);
      ranges.push({ pool: name, range });
    }
  }
  if (pools.length > poolsMax || ranges.length > rangesMax)
    throw new PoolError(`there are more than ${poolsMax} pools or ${rangesMax} ranges`);
}

/** The text under `config` of the ConfigMap. Throws PoolError. */
export function parseConfiguration(text: string): Pool[] {
  if (text.length > configurationCharactersMax)
    throw new PoolError(`the configuration is longer than ${configurationCharactersMax} characters`);
  let parsed: unknown;
  try {
    parsed = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    throw new PoolError(`could not parse config: ${(error as Error).message.split('\n')[0]}`);
  }
  if (!isRecord(parsed)) throw new PoolError('could not parse config: it is no mapping');
  const entries = parsed['address-pools'] ?? [];
  if (!Array.isArray(entries)) throw new PoolError('could not parse config: address-pools is no list');
  if (entries.length > poolsMax) throw new PoolError(`there are more than ${poolsMax} pools`);
  const pools = entries.map(readPool);
  checkPools(pools);
  return pools;
}

const isBuggy = (family: IPFamily, value: bigint): boolean =>
  family === 'IPv4' && ((value & 0xffn) === 0n || (value & 0xffn) === 0xffn);

/** Whether the pool gives this address out. */
export function holds({ ranges, avoidBuggyIPs }: Pool, family: IPFamily, value: bigint): boolean {
  return (
    ranges.some((range) => range.family === family && value >= range.first && value <= range.last) &&
    !(avoidBuggyIPs && isBuggy(family, value))
  );
}
