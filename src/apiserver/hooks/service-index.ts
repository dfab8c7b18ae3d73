/**
 * What Services hold, kept up to date change by change, so that planning a write costs the same with ten Services as
 * with ten thousand. Built from the cache alone: a restart needs nothing else.
 */
import type { IPAddress, Service, ServiceCIDR } from '../../kinds/generated/types.ts';
import type { AnyObject } from '../../kinds/object.ts';
import { type Cidr, formatCidr, parseCidr } from '../../lib/cidr.ts';
import type { Clock } from '../../lib/clock.ts';
import { type IPFamily, parseAddress } from '../../lib/ip.ts';
import { AddressSet } from '../../service/address-set.ts';
import { addressRange } from '../../service/ip-allocator.ts';
import type { FamilyAddresses } from '../../service/plan-cluster-ips.ts';
import { holdingsOf } from '../../service/plan-service.ts';
import type { ObjectChange, ObjectView } from './hook.ts';
import { Pending } from './pending.ts';

/** Counts holders of a value: an address is held by its Service and by its IPAddress object. */
class Holders<Value> {
  readonly #counts = new Map<Value, number>();

  has(value: Value): boolean {
    return this.#counts.has(value);
  }

  /** True when it is the first holder. */
  add(value: Value): boolean {
    const count = this.#counts.get(value) ?? 0;
    this.#counts.set(value, count + 1);
    return count === 0;
  }

  /** True when it was the last holder. */
  remove(value: Value): boolean {
    const count = this.#counts.get(value) ?? 0;
    if (count > 1) this.#counts.set(value, count - 1);
    else this.#counts.delete(value);
    return count === 1;
  }
}

class FamilyIndex {
  readonly taken = new AddressSet();
  readonly pending: Pending<bigint>;
  readonly #holders = new Holders<bigint>();

  constructor(clock: Clock) {
    this.pending = new Pending(clock);
  }

  hold(address: bigint): void {
    this.pending.delete(address);
    if (this.#holders.add(address)) this.taken.add(address);
  }

  release(address: bigint): void {
    if (this.#holders.remove(address)) this.taken.delete(address);
  }
}

/** An IPv6 range beyond this is none that addresses come from. */
const ipv6PrefixMin = 64;

/** A range that is going away, or that its controller has found unfit, gives no new addresses. */
function usableCIDRs(object: ServiceCIDR): Cidr[] {
  const ready = object.status?.conditions?.find((condition) => condition.type === 'Ready');
  if (object.metadata.deletionTimestamp !== undefined || ready?.status === 'False') return [];
  const cidrs = (object.spec?.cidrs ?? []).map(parseCidr);
  return cidrs.flatMap((cidr) =>
    cidr === undefined || (cidr.family === 'IPv6' && cidr.prefix < ipv6PrefixMin) ? [] : [cidr],
  );
}

export class ServiceIndex {
  readonly families: readonly IPFamily[];
  readonly pendingPorts: Pending<number>;
  readonly #cidrs: readonly Cidr[];
  readonly #extraCIDRs = new Map<string, Cidr[]>();
  readonly #byFamily: Readonly<Record<IPFamily, FamilyIndex>>;
  readonly #ports = new Holders<number>();
  #addresses: ReadonlyMap<IPFamily, FamilyAddresses> = new Map();

  constructor(cidrs: readonly Cidr[], clock: Clock) {
    this.#cidrs = cidrs;
    this.families = cidrs.map((cidr) => cidr.family);
    this.pendingPorts = new Pending(clock);
    this.#byFamily = { IPv4: new FamilyIndex(clock), IPv6: new FamilyIndex(clock) };
    this.#rebuildRanges();
  }

  start(view: ObjectView): void {
    view.subscribe({ group: '', plural: 'services' }, (change) => this.#onService(change));
    view.subscribe({ group: 'networking.k8s.io', plural: 'ipaddresses' }, (change) =>
      this.#onIPAddress(change),
    );
    view.subscribe({ group: 'networking.k8s.io', plural: 'servicecidrs' }, (change) =>
      this.#onServiceCIDR(change),
    );
  }

  get addresses(): ReadonlyMap<IPFamily, FamilyAddresses> {
    return this.#addresses;
  }

  isPortTaken(port: number): boolean {
    return this.#ports.has(port);
  }

  /** `text` is about to be written. */
  expectAddress(text: string): void {
    const address = parseAddress(text);
    if (address !== undefined) this.#byFamily[address.family].pending.add(address.value);
  }

  #rebuildRanges(): void {
    const extra = [...this.#extraCIDRs].sort(([left], [right]) => (left < right ? -1 : 1));
    const all = [...this.#cidrs, ...extra.flatMap(([, cidrs]) => cidrs)];
    const addresses = new Map<IPFamily, FamilyAddresses>();
    for (const [position, { family, base }] of this.#cidrs.entries()) {
      const unique = new Map(
        all.filter((cidr) => cidr.family === family).map((cidr) => [formatCidr(cidr), cidr]),
      );
      const index = this.#byFamily[family];
      addresses.set(family, {
        ranges: [...unique.values()].map(addressRange),
        taken: index.taken,
        isPending: (address) => index.pending.has(address),
        ...(position === 0 ? { reserved: base + 1n } : {}),
      });
    }
    this.#addresses = addresses;
  }

  #count(object: AnyObject | undefined, change: 'hold' | 'release'): void {
    const { addresses, ports } = holdingsOf((object as Service | undefined)?.spec);
    for (const text of addresses) {
      const address = parseAddress(text);
      if (address !== undefined) this.#byFamily[address.family][change](address.value);
    }
    for (const port of ports) {
      this.pendingPorts.delete(port);
      if (change === 'hold') this.#ports.add(port);
      else this.#ports.remove(port);
    }
  }

  #onService(change: ObjectChange): void {
    this.#count(change.new, 'hold');
    this.#count(change.old, 'release');
  }

  #onIPAddress(change: ObjectChange): void {
    const name = (object: AnyObject | undefined) =>
      parseAddress((object as IPAddress | undefined)?.metadata.name ?? '');
    const [now, before] = [name(change.new), name(change.old)];
    if (now !== undefined) this.#byFamily[now.family].hold(now.value);
    if (before !== undefined) this.#byFamily[before.family].release(before.value);
  }

  #onServiceCIDR(change: ObjectChange): void {
    const object = (change.new ?? change.old) as ServiceCIDR;
    const name = object.metadata.name ?? '';
    if (change.new === undefined) this.#extraCIDRs.delete(name);
    else this.#extraCIDRs.set(name, usableCIDRs(object));
    this.#rebuildRanges();
  }
}
