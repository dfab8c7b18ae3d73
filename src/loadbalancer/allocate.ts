/**
 * Which Service has which address. Pure: all Services of type LoadBalancer and the pools in, addresses with reasons out.
 * Whoever has a good address keeps it; the others choose in the order in which they were made.
 * Source: MetalLB's behaviour as documented (usage: requesting addresses, choosing a pool, sharing), and its wording.
 */
import type { Service } from '../kinds/generated/types.ts';
import { formatAddress, type IPFamily, parseAddress } from '../lib/ip.ts';
import { triedAddressesMax } from './limits.ts';
import { admits, holds, type Pool, poolsFor, type Tenant } from './pools.ts';
import { canonical, conflict, isBalanced, keyOf, type Wish, wishOf } from './wish.ts';

export type Assignment =
  | {
      readonly type: 'assigned';
      readonly ips: readonly string[];
      readonly pool: string;
      readonly isNew: boolean;
      /** Why what it had could not stay; undefined when it had nothing, or wanted another itself. */
      readonly lost?: string;
      /** It has one family of two, and could now have this one too. */
      readonly added?: string;
      /** It keeps what it has, since what it asks for now is no address. */
      readonly problem?: string;
    }
  | { readonly type: 'failed'; readonly why: string; readonly lost?: string }
  /** Not of type LoadBalancer, or another implementation's. */
  | { readonly type: 'none'; readonly lost?: string };

export type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>>;

type Outcome = { readonly ips: readonly string[]; readonly pool: Pool } | { readonly why: string };

/** Addresses as Go prints a list of them. */
export const shown = (ips: readonly string[]): string => `[${ips.map((ip) => JSON.stringify(ip)).join(' ')}]`;

const familyName = (families: readonly IPFamily[]): string =>
  families.length > 1 ? 'dual' : families[0] === 'IPv6' ? 'ipv6' : 'ipv4';

function sameAddresses(one: readonly string[], other: readonly string[]): boolean {
  return one.toSorted().join(' ') === other.toSorted().join(' ');
}

class Allocator {
  readonly #pools: readonly Pool[];
  readonly #namespaceLabels: NamespaceLabels;
  /** By address: who has it. */
  readonly #users = new Map<string, Wish[]>();

  constructor(pools: readonly Pool[], namespaceLabels: NamespaceLabels) {
    this.#pools = pools;
    this.#namespaceLabels = namespaceLabels;
  }

  /** What the Service has, when that is still right; otherwise why not, or nothing when it has nothing. */
  keep(wish: Wish): Assignment | string | undefined {
    const has = (wish.service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
    const ips = has.map(canonical);
    if (ips.length === 0 || !suits(wish, ips)) return undefined;
    const outcome = this.#check(wish, ips);
    if ('why' in outcome) return outcome.why;
    if (wish.pool !== undefined && wish.pool !== outcome.pool.name) return undefined;
    if (wish.ips !== undefined && !sameAddresses(wish.ips, ips)) return undefined;
    this.#take(wish, ips);
    const kept = { type: 'assigned', ips, pool: outcome.pool.name, isNew: false } as const;
    return wish.problem === undefined ? kept : { ...kept, problem: wish.problem };
  }

  /** For who has one address of two families: the other, from the same pool. */
  complete(wish: Wish, kept: Assignment): Assignment {
    if (kept.type !== 'assigned' || wish.ips !== undefined || kept.ips.length === wish.families.length)
      return kept;
    const pool = this.#pools.find(({ name }) => name === kept.pool);
    const own = new Set(kept.ips.map((ip) => parseAddress(ip)?.family));
    const missing = wish.families.find((family) => !own.has(family));
    const added = pool && missing && this.#freeOf(pool, missing, wish);
    if (added === undefined) return kept;
    this.#take(wish, [added]);
    return { ...kept, ips: [...kept.ips, added], added };
  }

  assign(wish: Wish): Assignment {
    const outcome = this.#choose(wish);
    if ('why' in outcome) return { type: 'failed', why: outcome.why };
    this.#take(wish, outcome.ips);
    return { type: 'assigned', ips: outcome.ips, pool: outcome.pool.name, isNew: true };
  }

  #choose(wish: Wish): Outcome {
    if (wish.problem !== undefined) return { why: wish.problem };
    if (wish.ips !== undefined) return this.#chooseNamed(wish, wish.ips);
    if (wish.pool !== undefined) return this.#chooseFrom(wish, wish.pool);
    const pools = poolsFor(this.#pools, this.#tenant(wish));
    // Both families of one pool are better than one of the first pool.
    for (const needed of wish.needsAll ? [wish.families.length] : [wish.families.length, 1])
      for (const pool of pools) {
        const ips = this.#freeIn(pool, wish);
        if (ips.length >= needed) return { ips, pool };
      }
    return { why: 'no available IPs' };
  }

  #chooseNamed(wish: Wish, ips: readonly string[]): Outcome {
    if (!suits(wish, ips))
      return { why: `requested loadBalancer IP(s) ${shown(ips)} does not match the ipFamily of the service` };
    const outcome = this.#check(wish, ips);
    if ('why' in outcome || wish.pool === undefined || wish.pool === outcome.pool.name) return outcome;
    return {
      why: `requested loadBalancer IP(s) ${shown(ips)} is not compatible with requested address pool ${wish.pool}`,
    };
  }

  #chooseFrom(wish: Wish, name: string): Outcome {
    const pool = this.#pools.find((each) => each.name === name);
    if (pool === undefined) return { why: `unknown pool ${JSON.stringify(name)}` };
    if (!admits(pool, this.#tenant(wish))) return { why: `pool ${name} not compatible for ip assignment` };
    const ips = this.#freeIn(pool, wish);
    if (ips.length >= (wish.needsAll ? wish.families.length : 1)) return { ips, pool };
    return { why: `no available IPs in pool ${name} for ${familyName(wish.families)} IPFamily` };
  }

  /** Whether the Service may have these. */
  #check(wish: Wish, ips: readonly string[]): Outcome {
    const pool = this.#poolOf(ips);
    if (pool === undefined) return { why: `${shown(ips)} is not allowed in config` };
    if (!admits(pool, this.#tenant(wish)))
      return { why: `pool ${pool.name} not compatible for ip assignment` };
    for (const ip of ips) {
      const why = this.#conflictAt(ip, wish);
      if (why !== undefined) return { why };
    }
    return { ips, pool };
  }

  /** One address of each family that has one. */
  #freeIn(pool: Pool, wish: Wish): string[] {
    return wish.families.flatMap((family) => this.#freeOf(pool, family, wish) ?? []);
  }

  #freeOf(pool: Pool, family: IPFamily, wish: Wish): string | undefined {
    for (const range of pool.ranges) {
      if (range.family !== family) continue;
      let tried = 0;
      for (let value = range.first; value <= range.last && tried < triedAddressesMax; value++, tried++) {
        if (!holds(pool, family, value)) continue;
        const ip = formatAddress(family, value);
        if (this.#conflictAt(ip, wish) === undefined) return ip;
      }
    }
    return undefined;
  }

  /** The pool that has all of them. */
  #poolOf(ips: readonly string[]): Pool | undefined {
    const addresses = ips.map((ip) => parseAddress(ip));
    return this.#pools.find((pool) =>
      addresses.every((address) => address !== undefined && holds(pool, address.family, address.value)),
    );
  }

  #tenant({ service: { metadata } }: Wish): Tenant {
    const { namespace = '', labels = {} } = metadata;
    return { namespace, labels, namespaceLabels: this.#namespaceLabels(namespace) };
  }

  #conflictAt(ip: string, wish: Wish): string | undefined {
    for (const user of this.#users.get(ip) ?? []) {
      const why = conflict(wish, user, ip);
      if (why !== undefined) return why;
    }
    return undefined;
  }

  #take(wish: Wish, ips: readonly string[]): void {
    for (const ip of ips) {
      const users = this.#users.get(ip);
      if (users === undefined) this.#users.set(ip, [wish]);
      else users.push(wish);
    }
  }
}

/** One for each family at most, and no family that the Service does not have. */
function suits({ families, needsAll }: Wish, ips: readonly string[]): boolean {
  const own = ips.map((ip) => parseAddress(ip)?.family);
  if (new Set(own).size !== own.length) return false;
  if (own.some((family) => family === undefined || !families.includes(family))) return false;
  return !needsAll || own.length === families.length;
}

/** By creation, then by name. */
function inOrder(one: Service, other: Service): number {
  const [first, second] = [one, other].map(
    (service) => `${service.metadata.creationTimestamp ?? ''} ${keyOf(service)}`,
  );
  return first! < second! ? -1 : 1;
}

/** By `namespace/name`. */
export function allocate(
  services: readonly Service[],
  pools: readonly Pool[],
  namespaceLabels: NamespaceLabels = () => ({}),
): Map<string, Assignment> {
  const allocator = new Allocator(pools, namespaceLabels);
  const assignments = new Map<string, Assignment>();
  const kept: [Wish, Assignment][] = [];
  const waiting: { wish: Wish; lost?: string }[] = [];
  for (const service of services.toSorted(inOrder)) {
    if (!isBalanced(service)) {
      assignments.set(keyOf(service), { type: 'none' });
      continue;
    }
    const wish = wishOf(service);
    const result = allocator.keep(wish);
    if (typeof result === 'object') kept.push([wish, result]);
    else waiting.push(result === undefined ? { wish } : { wish, lost: result });
  }
  for (const [wish, assignment] of kept) assignments.set(wish.key, allocator.complete(wish, assignment));
  for (const { wish, lost } of waiting) {
    const assignment = allocator.assign(wish);
    assignments.set(
      wish.key,
      lost === undefined || assignment.type === 'none' ? assignment : { ...assignment, lost },
    );
  }
  return assignments;
}
