/** Tables as the kernel keeps them, in memory: transactions all or nothing, refused where the kernel refuses. */
import type { Clock } from '../lib/clock.ts';
import { NftError, type TableName } from './nft.ts';
import type { Operation } from './operation.ts';
import type { Reading } from './reading.ts';
import { type Elements, emptyTable, type NftSet, type Rule, type Statement, type Table } from './table.ts';

/** An element that a packet made, until its time is over. */
interface Timed {
  readonly value: string;
  readonly until: number;
}

const refuse = (what: string, why: string): never => {
  throw new NftError('NFT_REFUSED', `nft refused a transaction: ${what}: ${why}`);
};

const missing = (what: string): never => refuse(what, 'No such file or directory');
const busy = (what: string): never => refuse(what, 'Device or resource busy');

function setOf(statement: Statement): string | undefined {
  switch (statement.type) {
    case 'inSet':
      return statement.set;
    case 'vmap':
    case 'update':
    case 'delete':
      return statement.map;
    case 'dnat':
      return statement.to.map;
    case 'setMark':
      return 'map' in statement.to ? statement.to.map : undefined;
    default:
      return undefined;
  }
}

const chainOf = (statement: Statement): string | undefined =>
  statement.type === 'jump' || statement.type === 'goto' ? statement.chain : undefined;

const targetOf = (verdict: string): string | undefined => /^(?:goto|jump) (.+)$/.exec(verdict)?.[1];

const rulesOf = (table: Table): Rule[] => [...table.chains.values()].flatMap(({ rules }) => [...rules]);

const statementsOf = (table: Table): Statement[] => rulesOf(table).flatMap((rule) => [...rule]);

function leadsTo(table: Table, chain: string): boolean {
  if (statementsOf(table).some((statement) => chainOf(statement) === chain)) return true;
  return [...table.sets.values()].some(
    ({ spec, elements }) =>
      spec.kind === 'vmap' && [...elements.values()].some((verdict) => targetOf(verdict) === chain),
  );
}

/** A copy whose maps may be changed. */
const copyOf = (table: Table): Table => ({
  ...table,
  chains: new Map(table.chains),
  sets: new Map([...table.sets].map(([name, set]) => [name, { ...set, elements: new Map(set.elements) }])),
});

function checkRules(table: Table, rules: readonly Rule[]): void {
  for (const statement of rules.flat()) {
    const set = setOf(statement);
    if (set !== undefined && !table.sets.has(set)) missing(`set ${set}`);
    const chain = chainOf(statement);
    if (chain !== undefined && !table.chains.has(chain)) missing(`chain ${chain}`);
  }
}

function addElements(table: Table, name: string, added: readonly (readonly [string, string])[]): void {
  const { spec, elements } = table.sets.get(name) ?? missing(`set ${name}`);
  for (const [key, value] of added) {
    const target = spec.kind === 'vmap' ? targetOf(value) : undefined;
    if (target !== undefined && !table.chains.has(target)) missing(`chain ${target}`);
    if (elements.has(key) && elements.get(key) !== value) refuse(`element ${key}`, 'File exists');
    elements.set(key, value);
  }
}

function deleteElements(table: Table, name: string, gone: readonly (readonly [string, string])[]): void {
  const { elements } = table.sets.get(name) ?? missing(`set ${name}`);
  for (const [key] of gone) if (!elements.delete(key)) missing(`element ${key}`);
}

function applyTo(table: Table, operation: Exclude<Operation, { type: 'addTable' | 'destroyTable' }>): void {
  const { chains, sets } = table;
  switch (operation.type) {
    case 'addSet':
      if (!sets.has(operation.set)) sets.set(operation.set, { spec: operation.spec, elements: new Map() });
      return;
    case 'deleteSet':
      if (statementsOf(table).some((statement) => setOf(statement) === operation.set)) busy(operation.set);
      if (!sets.delete(operation.set)) missing(`set ${operation.set}`);
      return;
    case 'addChain':
      if (!chains.has(operation.chain)) chains.set(operation.chain, { base: operation.base, rules: [] });
      return;
    case 'setRules': {
      const chain = chains.get(operation.chain) ?? missing(`chain ${operation.chain}`);
      checkRules(table, operation.rules);
      chains.set(operation.chain, { ...chain, rules: operation.rules });
      return;
    }
    case 'deleteChain':
      if (leadsTo(table, operation.chain)) busy(`chain ${operation.chain}`);
      if (!chains.delete(operation.chain)) missing(`chain ${operation.chain}`);
      return;
    case 'addElements':
      addElements(table, operation.set, operation.elements);
      return;
    case 'deleteElements':
      deleteElements(table, operation.set, operation.elements);
  }
}

export class FakeTables {
  readonly #tables = new Map<string, Table>();
  /** By table, set, key. */
  readonly #timed = new Map<string, Timed>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  apply({ family, name }: TableName, operations: readonly Operation[]): void {
    const key = `${family} ${name}`;
    const current = this.#tables.get(key);
    let next = current === undefined ? undefined : copyOf(current);
    /** What packets have put there goes with the table or the set. */
    const emptied: string[] = [];
    for (const operation of operations) {
      if (operation.type === 'deleteSet') emptied.push(`${key}|${operation.set}|`);
      if (operation.type === 'addTable') next ??= emptyTable(family, name);
      else if (operation.type === 'destroyTable') {
        if (next === undefined) missing(`table ${key}`);
        next = undefined;
        emptied.push(`${key}|`);
      } else if (next === undefined) missing(`table ${key}`);
      else applyTo(next, operation);
    }
    if (next === undefined) this.#tables.delete(key);
    else this.#tables.set(key, next);
    if (emptied.length === 0) return;
    for (const element of this.#timed.keys())
      if (emptied.some((prefix) => element.startsWith(prefix))) this.#timed.delete(element);
  }

  read({ family, name }: TableName): Reading | undefined {
    const table = this.#tables.get(`${family} ${name}`);
    if (table === undefined) return undefined;
    return {
      chains: new Map([...table.chains].map(([chain, { rules }]) => [chain, rules.length])),
      sets: new Map(
        [...table.sets].map(([set, { elements }]) => [set, this.#withTimed(table, set, elements)]),
      ),
    };
  }

  tables(): Table[] {
    return [...this.#tables.values()];
  }

  find(table: Table, name: string): NftSet {
    return table.sets.get(name) ?? missing(`set ${name}`);
  }

  /** The value of a key; undefined when there is no such element, or its time is over. */
  lookup(table: Table, name: string, key: string): string | undefined {
    const timed = this.#timed.get(timedKey(table, name, key));
    if (timed !== undefined && timed.until > this.#clock.now()) return timed.value;
    return this.find(table, name).elements.get(key);
  }

  /** As a packet does: an element that is there keeps its value. */
  update(table: Table, name: string, element: { key: string; value: string; seconds: number }): void {
    const value = this.lookup(table, name, element.key) ?? element.value;
    const until = this.#clock.now() + element.seconds * 1000;
    this.#timed.set(timedKey(table, name, element.key), { value, until });
  }

  delete(table: Table, name: string, key: string): boolean {
    return this.#timed.delete(timedKey(table, name, key));
  }

  #withTimed(table: Table, set: string, elements: Elements): Elements {
    const all: Elements = new Map(elements);
    const prefix = timedKey(table, set, '');
    for (const [key, { value, until }] of this.#timed)
      if (key.startsWith(prefix) && until > this.#clock.now()) all.set(key.slice(prefix.length), value);
    return all;
  }
}

const timedKey = ({ family, name }: Table, set: string, key: string): string =>
  `${family} ${name}|${set}|${key}`;
