/**
 * Which Service has which address. Pure: all Services of type LoadBalancer and the pools in, addresses with reasons out.
 * Whoever has a good address keeps it; the others choose in the order in which they were made.
 * Source: MetalLB's behaviour as documented (usage: requesting addresses, choosing a pool, sharing).
 */
import type { Service } from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import { formatAddress, type IPFamily, parseAddress } from '../lib/ip.ts';
import { triedAddressesMax } from './limits.ts';
import { holds, type Pool } from './pools.ts';

export type Assignment =
  | {
      readonly type: 'assigned';
      readonly ips: readonly string[];
      readonly pool: string;
      readonly isNew: boolean;
    }
  | { readonly type: 'failed'; readonly why: string }
  /** Not of type LoadBalancer, or another implementation's. */
  | { readonly type: 'none' };

/** Annotations under MetalLB's name of today and that of before 0.13. */
const annotation = ({ metadata }: Service, name: string): string | undefined =>
  getOwn(metadata.annotations, `metallb.io/${name}`) ??
  getOwn(metadata.annotations, `metallb.universe.tf/${name}`);

interface Wish {
  readonly key: string;
  readonly service: Service;
  readonly families: readonly IPFamily[];
  /** Every family, or nothing. */
  readonly needsAll: boolean;
  readonly ips: readonly string[] | undefined;
  readonly pool: string | undefined;
  readonly sharing: string | undefined;
}

/** An address in use: who has it, with which ports, under which sharing key. */
type Users = Map<string, Wish[]>;

const keyOf = ({ metadata }: Service): string => `${metadata.namespace}/${metadata.name}`;

function wishOf(service: Service): Wish {
  const { spec } = service;
  const named = annotation(service, 'loadBalancerIPs') ?? spec?.loadBalancerIP;
  const ips = (named ?? '').split(',').map((ip) => ip.trim());
  return {
    key: keyOf(service),
    service,
    families: (spec?.ipFamilies ?? ['IPv4']) as IPFamily[],
    needsAll: spec?.ipFamilyPolicy === 'RequireDualStack',
    ips: named === undefined || named.trim() === '' ? undefined : ips,
    pool: annotation(service, 'address-pool'),
    sharing: annotation(service, 'allow-shared-ip'),
  };
}

const portsOf = ({ service }: Wish): string[] =>
  (service.spec?.ports ?? []).map(({ protocol = 'TCP', port }) => `${protocol}/${port}`);

const isLocal = ({ service }: Wish): boolean => service.spec?.externalTrafficPolicy === 'Local';

const selectorOf = ({ service }: Wish): string =>
  JSON.stringify(Object.entries(service.spec?.selector ?? {}).sort());

/** Why these two cannot have one address; undefined when they can. */
function conflict(one: Wish, other: Wish): string | undefined {
  if (one.sharing === undefined || one.sharing === '' || one.sharing !== other.sharing)
    return `address also in use by ${other.key}`;
  const taken = new Set(portsOf(other));
  const port = portsOf(one).find((each) => taken.has(each));
  if (port !== undefined) return `port ${port} is already in use on the address by ${other.key}`;
  // Traffic for local endpoints has to reach the node that has them: of both Services.
  if ((isLocal(one) || isLocal(other)) && selectorOf(one) !== selectorOf(other))
    return `address also in use by ${other.key}, and local traffic needs the same selector`;
  return undefined;
}

class Allocator {
  readonly #pools: readonly Pool[];
  readonly #users: Users = new Map();

  constructor(pools: readonly Pool[]) {
    this.#pools = pools;
  }

  /** What the Service has, when that is still right. */
  keep(wish: Wish): Assignment | undefined {
    const ips = (wish.service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
    if (ips.length === 0 || !this.#suits(wish, ips)) return undefined;
    if (wish.ips !== undefined && !sameAddresses(wish.ips, ips)) return undefined;
    const pool = this.#poolOf(ips);
    if (pool === undefined || (wish.pool !== undefined && wish.pool !== pool.name)) return undefined;
    if (ips.some((ip) => this.#conflictAt(ip, wish) !== undefined)) return undefined;
    this.#take(wish, ips);
    return { type: 'assigned', ips, pool: pool.name, isNew: false };
  }

  assign(wish: Wish): Assignment {
    const { pool: poolName } = wish;
    const named = poolName === undefined ? undefined : this.#pools.find(({ name }) => name === poolName);
    if (poolName !== undefined && named === undefined)
      return { type: 'failed', why: `unknown pool ${JSON.stringify(poolName)}` };
    if (wish.ips !== undefined) return this.#assignNamed(wish, wish.ips, named);
    for (const pool of named === undefined ? this.#pools.filter(({ autoAssign }) => autoAssign) : [named]) {
      const ips = this.#freeIn(pool, wish);
      if (ips === undefined) continue;
      this.#take(wish, ips);
      return { type: 'assigned', ips, pool: pool.name, isNew: true };
    }
    const where = poolName === undefined ? '' : ` in pool ${JSON.stringify(poolName)}`;
    return { type: 'failed', why: `no available IPs${where}` };
  }

  #assignNamed(wish: Wish, ips: readonly string[], named: Pool | undefined): Assignment {
    for (const ip of ips)
      if (parseAddress(ip) === undefined)
        return { type: 'failed', why: `invalid spec.loadBalancerIP ${JSON.stringify(ip)}` };
    if (!this.#suits(wish, ips))
      return {
        type: 'failed',
        why: `${ips.join(',')} does not match the families ${wish.families.join(',')} of the Service`,
      };
    const pool = this.#poolOf(ips);
    if (pool === undefined) return { type: 'failed', why: `${quoted(ips)} is not allowed in config` };
    if (named !== undefined && named !== pool)
      return { type: 'failed', why: `${quoted(ips)} is not in pool ${JSON.stringify(named.name)}` };
    for (const ip of ips) {
      const why = this.#conflictAt(ip, wish);
      if (why !== undefined) return { type: 'failed', why: `can't use ${JSON.stringify(ip)}: ${why}` };
    }
    this.#take(wish, ips);
    return { type: 'assigned', ips, pool: pool.name, isNew: true };
  }

  /** One address of each family; of the first alone when the Service can do with it. */
  #freeIn(pool: Pool, wish: Wish): string[] | undefined {
    const found = wish.families.map((family) => this.#freeOf(pool, family, wish));
    const ips = found.flatMap((ip) => ip ?? []);
    return ips.length === 0 || (wish.needsAll && ips.length < wish.families.length) ? undefined : ips;
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

  /** One for each family at most, and no family that the Service does not have. */
  #suits({ families, needsAll }: Wish, ips: readonly string[]): boolean {
    const own = ips.map((ip) => parseAddress(ip)?.family);
    if (new Set(own).size !== own.length) return false;
    if (own.some((family) => family === undefined || !families.includes(family))) return false;
    return !needsAll || own.length === families.length;
  }

  /** The pool that has all of them. */
  #poolOf(ips: readonly string[]): Pool | undefined {
    return this.#pools.find((pool) =>
      ips.every((ip) => {
        const address = parseAddress(ip);
        return address !== undefined && holds(pool, address.family, address.value);
      }),
    );
  }

  #conflictAt(ip: string, wish: Wish): string | undefined {
    for (const user of this.#users.get(canonical(ip)) ?? []) {
      const why = conflict(wish, user);
      if (why !== undefined) return why;
    }
    return undefined;
  }

  #take(wish: Wish, ips: readonly string[]): void {
    for (const ip of ips) {
      const users = this.#users.get(canonical(ip));
      if (users === undefined) this.#users.set(canonical(ip), [wish]);
      else users.push(wish);
    }
  }
}

const quoted = (ips: readonly string[]): string => JSON.stringify(ips.map(canonical));

function canonical(ip: string): string {
  const address = parseAddress(ip);
  return address === undefined ? ip : formatAddress(address.family, address.value);
}

function sameAddresses(one: readonly string[], other: readonly string[]): boolean {
  const [first, second] = [one, other].map((ips) => ips.map(canonical).sort().join(' '));
  return first === second;
}

const isBalanced = ({ spec }: Service): boolean =>
  spec?.type === 'LoadBalancer' && (spec.loadBalancerClass ?? '') === '';

/** By creation, then by name. */
function inOrder(one: Service, other: Service): number {
  const [first, second] = [one, other].map(
    ({ metadata }) => `${metadata.creationTimestamp ?? ''} ${keyOf({ metadata } as Service)}`,
  );
  return first! < second! ? -1 : 1;
}

/** By `namespace/name`. */
export function allocate(services: readonly Service[], pools: readonly Pool[]): Map<string, Assignment> {
  const allocator = new Allocator(pools);
  const assignments = new Map<string, Assignment>();
  const waiting: Wish[] = [];
  for (const service of services.toSorted(inOrder)) {
    if (!isBalanced(service)) {
      assignments.set(keyOf(service), { type: 'none' });
      continue;
    }
    const wish = wishOf(service);
    const kept = allocator.keep(wish);
    if (kept === undefined) waiting.push(wish);
    else assignments.set(wish.key, kept);
  }
  for (const wish of waiting) assignments.set(wish.key, allocator.assign(wish));
  return assignments;
}
