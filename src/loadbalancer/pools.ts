/**
 * Address pools: where a Service of type LoadBalancer gets its address from. They come from IPAddressPool objects and
 * from the ConfigMap `config` in `metallb-system`, the only form that MetalLB had up to 0.12. Both count together, and
 * where they speak of the same, the ConfigMap does: a person wrote it, while the pool `default` may be the one that was
 * made at the start. So a pool of the ConfigMap takes the place of the IPAddressPool of its name, and is asked first.
 */
import { createRequire } from 'node:module';
import { selectorMatcher } from '../kinds/label-selector.ts';
import { checkPools as checkPoolObjects, rangesOf } from '../kinds/metallb/check.ts';
import {
  type AddressRange,
  isBuggyAddress,
  PoolError,
  parseRange,
  rangesOverlap,
} from '../kinds/metallb/ranges.ts';
import type { IPAddressPool } from '../kinds/metallb/types.ts';
import type { IPFamily } from '../lib/ip.ts';
import { configurationCharactersMax, poolsMax, rangesMax } from './limits.ts';

type Labels = Readonly<Record<string, string>>;
type Matcher = (labels?: Labels) => boolean;

/** Whom the pool is for, when it is not for everybody. */
export interface PoolAllocation {
  /** A lower number is asked first; 0 comes last. */
  readonly priority: number;
  /** By name, or by the namespace's labels; neither: all. */
  readonly namespaces: ReadonlySet<string>;
  readonly namespaceMatchers: readonly Matcher[];
  /** By the Service's labels; none: all. */
  readonly serviceMatchers: readonly Matcher[];
}

export interface Pool {
  readonly name: string;
  readonly ranges: readonly AddressRange[];
  /** Services that do not name the pool get addresses of it too. */
  readonly autoAssign: boolean;
  /** IPv4 addresses that end in .0 and .255 are left out: some routers drop them. */
  readonly avoidBuggyIPs: boolean;
  /** For advertisements that select pools; those of the ConfigMap are announced without one. */
  readonly labels: Labels;
  readonly fromConfigMap: boolean;
  readonly allocation?: PoolAllocation;
}

/** A pool of these ranges that is for everybody. Throws PoolError. */
export function makePool(name: string, ranges: readonly string[]): Pool {
  if (ranges.length === 0) throw new PoolError(`pool ${JSON.stringify(name)} has no prefixes defined`);
  const common = { autoAssign: true, avoidBuggyIPs: false, labels: {}, fromConfigMap: false };
  return { name, ranges: ranges.map((range) => parseRange(range.trim())), ...common };
}

/** Throws PoolError. */
function poolOf(object: IPAddressPool): Pool {
  const { metadata, spec } = object;
  const { serviceAllocation } = spec;
  return {
    name: metadata.name ?? '',
    ranges: rangesOf(object),
    autoAssign: spec.autoAssign ?? true,
    avoidBuggyIPs: spec.avoidBuggyIPs ?? false,
    labels: metadata.labels ?? {},
    fromConfigMap: false,
    ...(serviceAllocation === undefined
      ? {}
      : {
          allocation: {
            priority: serviceAllocation.priority ?? 0,
            namespaces: new Set(serviceAllocation.namespaces),
            namespaceMatchers: (serviceAllocation.namespaceSelectors ?? []).map(selectorMatcher),
            serviceMatchers: (serviceAllocation.serviceSelectors ?? []).map(selectorMatcher),
          },
        }),
  };
}

/** Those of the objects, by name. Throws PoolError when they cannot all be meant. */
export function poolsOfObjects(objects: readonly IPAddressPool[]): Pool[] {
  checkPoolObjects(objects);
  const name = ({ metadata }: IPAddressPool): string => metadata.name ?? '';
  const pools = objects.toSorted((one, other) => (name(one) < name(other) ? -1 : 1)).map(poolOf);
  checkSize(pools);
  return pools;
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
    fromConfigMap: true,
  };
}

function checkSize(pools: readonly Pool[]): void {
  const count = pools.reduce((sum, { ranges }) => sum + ranges.length, 0);
  if (pools.length > poolsMax || count > rangesMax)
    throw new PoolError(`there are more than ${poolsMax} pools or ${rangesMax} ranges`);
}

/** No name twice, no address in two pools. Throws PoolError. */
export function checkPools(pools: readonly Pool[]): void {
  const ranges: { pool: string; range: AddressRange }[] = [];
  const names = new Set<string>();
  checkSize(pools);
  for (const { name, ranges: own } of pools) {
    if (names.has(name)) throw new PoolError(`duplicate definition of pool ${JSON.stringify(name)}`);
    names.add(name);
    for (const range of own) {
      const other = ranges.find((each) => rangesOverlap(each.range, range));
      if (other !== undefined)
        throw new PoolError(`pool ${JSON.stringify(name)} overlaps with pool ${JSON.stringify(other.pool)}`);
      ranges.push({ pool: name, range });
    }
  }
}

/** The library is loaded at once, but only where there is such a ConfigMap: it takes a server five megabytes. */
const loadYaml = (): typeof import('yaml') => createRequire(import.meta.url)('yaml');

/** The text under `config` of the ConfigMap. Throws PoolError. */
export function parseConfiguration(text: string): Pool[] {
  if (text.length > configurationCharactersMax)
    throw new PoolError(`the configuration is longer than ${configurationCharactersMax} characters`);
  let parsed: unknown;
  try {
    parsed = loadYaml().parse(text, { maxAliasCount: 0 });
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

/** All that count, in the order in which they are asked. Throws PoolError. */
export function joinPools(fromConfigMap: readonly Pool[], fromObjects: readonly Pool[]): Pool[] {
  const named = new Set(fromConfigMap.map(({ name }) => name));
  const pools = [...fromConfigMap, ...fromObjects.filter(({ name }) => !named.has(name))];
  checkPools(pools);
  return pools;
}

/** Whether the pool gives this address out. */
export function holds({ ranges, avoidBuggyIPs }: Pool, family: IPFamily, value: bigint): boolean {
  return (
    ranges.some((range) => range.family === family && value >= range.first && value <= range.last) &&
    !(avoidBuggyIPs && isBuggyAddress(family, value))
  );
}

export interface Tenant {
  readonly namespace: string;
  readonly namespaceLabels: Labels;
  readonly labels: Labels;
}

/** Whether the pool is for this Service. */
export function admits({ allocation }: Pool, { namespace, namespaceLabels, labels }: Tenant): boolean {
  if (allocation === undefined) return true;
  const { namespaces, namespaceMatchers, serviceMatchers } = allocation;
  const anyNamespace = namespaces.size === 0 && namespaceMatchers.length === 0;
  if (
    !anyNamespace &&
    !namespaces.has(namespace) &&
    !namespaceMatchers.some((matches) => matches(namespaceLabels))
  )
    return false;
  return serviceMatchers.length === 0 || serviceMatchers.some((matches) => matches(labels));
}

/** Where a Service that names no pool is served: first what is meant for it, by priority, then what is for everybody. */
export function poolsFor(pools: readonly Pool[], tenant: Tenant): Pool[] {
  const open = pools.filter(({ autoAssign }) => autoAssign);
  const rank = ({ allocation }: Pool): number => allocation?.priority || Number.POSITIVE_INFINITY;
  const meant = open.filter((pool) => pool.allocation !== undefined && admits(pool, tenant));
  const byRank = (one: Pool, other: Pool): number =>
    rank(one) === rank(other) ? 0 : rank(one) < rank(other) ? -1 : 1;
  return [...meant.toSorted(byRank), ...open.filter(({ allocation }) => allocation === undefined)];
}
