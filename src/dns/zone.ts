/**
 * All names of the cluster with their prepared answers. Each part of it (a Service, a namespace) belongs to an owner,
 * who replaces his part as a whole; a name lives as long as somebody has records at it or below it.
 */
import type { Answer } from './answers.ts';
import { prepareAnswer } from './answers.ts';
import type { DnsRecord } from './records.ts';
import { questionTypes, recordTypes, type WireName, wireName } from './wire.ts';

type AliasRecord = Extract<DnsRecord, { type: 'CNAME' | 'PTR' | 'NS' }>;

interface Node {
  /** What the owners have put here. */
  readonly parts: Map<string, readonly DnsRecord[]>;
  readonly answers: Map<number, Answer>;
  /** An ExternalName's target. */
  alias: string | undefined;
  /** Names with records of their own below this one. */
  below: number;
}

export interface ZoneOptions {
  /** `cluster.local` */
  readonly zone: string;
  /** How long an answer may be kept. */
  readonly seconds: number;
}

export class Zone {
  readonly #options: ZoneOptions;
  readonly #nodes = new Map<WireName, Node>();
  readonly #namesOf = new Map<string, Set<WireName>>();

  constructor(options: ZoneOptions) {
    this.#options = options;
  }

  /** How many names have records. */
  get size(): number {
    let size = 0;
    for (const { parts } of this.#nodes.values()) if (parts.size > 0) size++;
    return size;
  }

  /** The owner's records are these from now on; none removes him. */
  replace(owner: string, records: readonly DnsRecord[]): void {
    const byName = new Map<WireName, DnsRecord[]>();
    for (const each of records) {
      const name = wireName(each.name);
      if (name === undefined) continue;
      const list = byName.get(name);
      if (list === undefined) byName.set(name, [each]);
      else list.push(each);
    }
    const before = this.#namesOf.get(owner) ?? new Set<WireName>();
    for (const name of before) if (!byName.has(name)) this.#take(owner, name);
    for (const [name, list] of byName) this.#put(owner, name, list);
    if (byName.size === 0) this.#namesOf.delete(owner);
    else this.#namesOf.set(owner, new Set(byName.keys()));
    // SRV answers carry addresses of other names, so they are made when all names are there.
    for (const name of new Set([...before, ...byName.keys()])) this.#prepare(name);
  }

  /** `exists` without an answer: the name is there, but has no records of this type. */
  find(name: WireName, type: number): { exists: boolean; answer?: Answer; alias?: string } {
    const node = this.#nodes.get(name);
    if (node === undefined) return absent;
    // Of any type the one that comes first, rather than to say that there is none. Source: RFC 8482, 4.1.
    const answer = type === questionTypes.ANY ? node.answers.values().next().value : node.answers.get(type);
    if (answer !== undefined) return { exists: true, answer };
    return node.alias === undefined ? present : { exists: true, alias: node.alias };
  }

  #put(owner: string, name: WireName, records: readonly DnsRecord[]): void {
    const node = this.#nodeOf(name);
    if (node.parts.size === 0) for (const parent of parentsOf(name)) this.#nodeOf(parent).below++;
    node.parts.set(owner, records);
  }

  #take(owner: string, name: WireName): void {
    const node = this.#nodes.get(name);
    if (!node?.parts.delete(owner) || node.parts.size > 0) return;
    if (node.below === 0) this.#nodes.delete(name);
    for (const parent of parentsOf(name)) {
      const above = this.#nodes.get(parent)!;
      above.below--;
      if (above.below === 0 && above.parts.size === 0) this.#nodes.delete(parent);
    }
  }

  #nodeOf(name: WireName): Node {
    let node = this.#nodes.get(name);
    if (node === undefined) {
      node = { parts: new Map(), answers: new Map(), alias: undefined, below: 0 };
      this.#nodes.set(name, node);
    }
    return node;
  }

  #prepare(name: WireName): void {
    const node = this.#nodes.get(name);
    if (node === undefined) return;
    node.answers.clear();
    const records = [...node.parts.values()].flat();
    const aliases = records.filter((each) => each.type === 'CNAME') as AliasRecord[];
    node.alias = aliases[0]?.target;
    // Nothing may stand beside a CNAME. Source: RFC 1034, 3.6.2.
    const groups = Map.groupBy(node.alias === undefined ? records : aliases.slice(0, 1), ({ type }) => type);
    for (const [type, list] of groups) {
      const answer = prepareAnswer(list, {
        name,
        seconds: this.#options.seconds,
        addressesOf: (target) => this.#addressesOf(target),
      });
      if (answer !== undefined) node.answers.set(recordTypes[type], answer);
    }
  }

  #addressesOf(target: string): DnsRecord[] {
    const name = wireName(target);
    const node = name === undefined ? undefined : this.#nodes.get(name);
    return [...(node?.parts.values() ?? [])].flat().filter(({ type }) => type === 'A' || type === 'AAAA');
  }
}

const absent = { exists: false } as const;
const present = { exists: true } as const;

/** `svc.cluster.local`, `cluster.local`, `local` of `default.svc.cluster.local`; not the root. */
function parentsOf(name: WireName): WireName[] {
  const parents: WireName[] = [];
  let at = 1 + name.charCodeAt(0);
  while (at < name.length && name.charCodeAt(at) !== 0) {
    parents.push(name.slice(at));
    at += 1 + name.charCodeAt(at);
  }
  return parents;
}
