/**
 * All Services' contributions to one table, and what changed since the last transaction. A change of one Service costs
 * what that Service has, however many others there are.
 */
import { diffTables } from '../nft/diff.ts';
import type { Operation } from '../nft/operation.ts';
import type { Chain, NftSet, SetSpec, Table } from '../nft/table.ts';
import type { Contribution } from './service-rules.ts';

/** Who asks for a value; the first by name is heeded, so that the order of events does not matter. */
class Claims<Value> {
  readonly #byOwner = new Map<string, Value>();

  get isEmpty(): boolean {
    return this.#byOwner.size === 0;
  }

  set(owner: string, value: Value | undefined): void {
    if (value === undefined) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, value);
  }

  get value(): Value | undefined {
    let first: string | undefined;
    for (const owner of this.#byOwner.keys()) if (first === undefined || owner < first) first = owner;
    return first === undefined ? undefined : this.#byOwner.get(first);
  }
}

/** Claims by name, and what each name's value was when the changes since were last taken. */
class Ledger<Value> {
  readonly #claims = new Map<string, Claims<Value>>();
  readonly #before = new Map<string, Value | undefined>();

  claim(name: string, owner: string, value: Value | undefined): void {
    let claims = this.#claims.get(name);
    if (!this.#before.has(name)) this.#before.set(name, claims?.value);
    if (claims === undefined) {
      claims = new Claims();
      this.#claims.set(name, claims);
    }
    claims.set(owner, value);
    if (claims.isEmpty) this.#claims.delete(name);
  }

  get size(): number {
    return this.#claims.size;
  }

  value(name: string): Value | undefined {
    return this.#claims.get(name)?.value;
  }

  *values(): Iterable<[string, Value]> {
    for (const [name, claims] of this.#claims) yield [name, claims.value as Value];
  }

  /** What was touched since the last call: its value then, its value now. */
  take(): { name: string; before: Value | undefined; after: Value | undefined }[] {
    const touched = [...this.#before].map(([name, before]) => ({ name, before, after: this.value(name) }));
    this.#before.clear();
    return touched;
  }
}

const separator = '|';

export class TableState {
  readonly #base: Table;
  /** By set and key. */
  readonly #elements = new Ledger<string>();
  readonly #chains = new Ledger<Chain>();
  readonly #sets = new Ledger<SetSpec>();

  constructor(base: Table) {
    this.#base = base;
  }

  /** `before`: what this owner contributed until now. */
  update(owner: string, change: { before: Contribution | undefined; after: Contribution | undefined }): void {
    const { before, after } = change;
    for (const [set, key] of before?.elements ?? [])
      this.#elements.claim(set + separator + key, owner, undefined);
    for (const [set, key, value] of after?.elements ?? [])
      this.#elements.claim(set + separator + key, owner, value);
    for (const name of before?.chains.keys() ?? []) this.#chains.claim(name, owner, undefined);
    for (const [name, chain] of after?.chains ?? []) this.#chains.claim(name, owner, chain);
    for (const name of before?.dynamicSets.keys() ?? []) this.#sets.claim(name, owner, undefined);
    for (const [name, spec] of after?.dynamicSets ?? []) this.#sets.claim(name, owner, spec);
  }

  /** How many elements and chains Services have asked for. */
  get size(): { elements: number; chains: number } {
    return { elements: this.#elements.size, chains: this.#chains.size };
  }

  /** The transaction from what was last taken to what is now asked for. */
  take(): Operation[] {
    const before = partOf(this.#base);
    const after = partOf(this.#base);
    for (const touched of this.#sets.take()) {
      if (touched.before !== undefined) before.sets.set(touched.name, made(touched.before));
      if (touched.after !== undefined) after.sets.set(touched.name, made(touched.after));
    }
    for (const touched of this.#chains.take()) {
      if (touched.before !== undefined) before.chains.set(touched.name, touched.before);
      if (touched.after !== undefined) after.chains.set(touched.name, touched.after);
    }
    for (const touched of this.#elements.take()) {
      const [set = '', key = ''] = touched.name.split(separator, 2);
      const { spec } = this.#base.sets.get(set) as NftSet;
      for (const [table, value] of [
        [before, touched.before],
        [after, touched.after],
      ] as const) {
        if (!table.sets.has(set)) table.sets.set(set, made(spec));
        if (value !== undefined) table.sets.get(set)?.elements.set(key, value);
      }
    }
    return diffTables(before, after);
  }

  /** Everything, for a transaction that starts anew; nothing is changed since it. */
  table(): Table {
    const table: Table = {
      ...this.#base,
      chains: new Map<string, Chain>(this.#base.chains),
      sets: new Map(
        [...this.#base.sets].map(([name, set]) => [name, { ...set, elements: new Map(set.elements) }]),
      ),
    };
    for (const [name, chain] of this.#chains.values()) table.chains.set(name, chain);
    for (const [name, spec] of this.#sets.values()) table.sets.set(name, made(spec));
    for (const [name, value] of this.#elements.values()) {
      const [set = '', key = ''] = name.split(separator, 2);
      table.sets.get(set)?.elements.set(key, value);
    }
    return table;
  }

  /** Forgets what changed: a whole table has been applied. */
  settle(): void {
    this.#elements.take();
    this.#chains.take();
    this.#sets.take();
  }
}

const made = (spec: SetSpec): NftSet => ({ spec, elements: new Map() });

/** A table with nothing in it: what is not mentioned on either side is not touched. */
const partOf = ({ family, name }: Table): Table => ({ family, name, chains: new Map(), sets: new Map() });
