/** Walks one packet through the chains of one hook, rule by rule, as the kernel does. */
import { cidrContains, parseCidr } from '../lib/cidr.ts';
import { parseAddress } from '../lib/ip.ts';
import type { Random } from '../lib/random.ts';
import type { FakeTables } from './fake-tables.ts';
import { jumpDepthMax } from './limits.ts';
import { ruleText } from './render.ts';
import {
  concat,
  type Field,
  type Hook,
  type Key,
  type Lookup,
  type RandomNumber,
  type Statement,
  splitParts,
  type Table,
} from './table.ts';

/** A packet on its way; addresses in canonical form. */
export interface Packet {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly saddr: string;
  readonly sport: number;
  readonly daddr: string;
  readonly dport: number;
}

/** What rules may look at and change. */
export interface WalkState {
  packet: Packet;
  mark: number;
  readonly isNew: boolean;
  /** The destination has been rewritten, now or when the connection began. */
  isTranslated: boolean;
}

export type WalkVerdict =
  | 'accept'
  | 'drop'
  | 'masquerade'
  | 'reject with tcp reset'
  | 'reject with port unreachable';

export interface Walker {
  readonly tables: FakeTables;
  readonly random: Random;
  /** `chain: rule`, of rules that did something. */
  readonly trace: string[];
}

/** `next`: the rule matched without deciding; `miss`: it did not match. */
type Step = 'next' | 'miss' | 'return' | WalkVerdict | { readonly jump: string } | { readonly goto: string };

function fieldOf(field: Field, { packet, mark }: WalkState): string {
  return String(field === 'mark' ? mark : packet[field]);
}

class Evaluation {
  readonly #walker: Walker;
  readonly #table: Table;
  readonly #state: WalkState;

  constructor(walker: Walker, table: Table, state: WalkState) {
    this.#walker = walker;
    this.#table = table;
    this.#state = state;
  }

  chain(name: string, depth = 0): WalkVerdict | 'return' {
    if (depth > jumpDepthMax) throw new RangeError(`chain ${name} is entered ${depth} deep`);
    for (const rule of this.#table.chains.get(name)?.rules ?? []) {
      const step = this.#rule(rule);
      if (step === 'miss') continue;
      this.#walker.trace.push(`${name}: ${ruleText(rule, this.#table.family)}`);
      if (step === 'next') continue;
      if (typeof step === 'string') return step;
      const inner = this.chain('jump' in step ? step.jump : step.goto, depth + 1);
      if (inner !== 'return' || 'goto' in step) return inner;
    }
    return 'return';
  }

  #rule(rule: readonly Statement[]): Step {
    for (const statement of rule) {
      const step = this.#statement(statement);
      if (step !== 'next') return step;
    }
    return 'next';
  }

  #key(key: Key): string {
    return concat(...key.map((field) => fieldOf(field, this.#state)));
  }

  #random({ from, count }: RandomNumber): number {
    return from + Math.floor(this.#walker.random.next() * count);
  }

  #lookup({ map, key }: Lookup): string | undefined {
    return this.#walker.tables.lookup(this.#table, map, this.#key(key));
  }

  #isIn(set: string, key: string): boolean {
    const { spec, elements } = this.#walker.tables.find(this.#table, set);
    if (!spec.isInterval) return elements.has(key);
    return [...elements.keys()].some((element) => isInPrefix(splitParts(key), splitParts(element)));
  }

  #statement(statement: Statement): Step {
    const state = this.#state;
    switch (statement.type) {
      case 'inSet':
        return this.#isIn(statement.set, this.#key(statement.key)) !== (statement.not ?? false)
          ? 'next'
          : 'miss';
      case 'equals':
        return fieldOf(statement.field, state) === statement.value ? 'next' : 'miss';
      case 'markBits':
        return (state.mark & statement.mask) >>> 0 === statement.value ? 'next' : 'miss';
      case 'ctState':
        return state.isNew ? 'next' : 'miss';
      case 'ctStatus':
        return state.isTranslated ? 'next' : 'miss';
      case 'vmap':
        return verdictOf(this.#lookup(statement));
      case 'jump':
        return { jump: statement.chain };
      case 'goto':
        return { goto: statement.chain };
      case 'reject':
        return `reject with ${statement.with}`;
      case 'masquerade':
      case 'accept':
      case 'drop':
      case 'return':
        return statement.type;
      default:
        return this.#change(statement);
    }
  }

  #change(statement: Extract<Statement, { type: 'setMark' | 'update' | 'delete' | 'dnat' }>): Step {
    const state = this.#state;
    const { tables } = this.#walker;
    switch (statement.type) {
      case 'setMark': {
        const { to } = statement;
        const mark = 'map' in to ? this.#lookup(to) : 'count' in to ? this.#random(to) : to.value;
        if (mark === undefined) return 'miss';
        state.mark = Number(mark);
        return 'next';
      }
      case 'update': {
        const { map, seconds } = statement;
        tables.update(this.#table, map, {
          key: this.#key(statement.key),
          value: fieldOf(statement.value, state),
          seconds,
        });
        return 'next';
      }
      case 'delete':
        return tables.delete(this.#table, statement.map, this.#key(statement.key)) ? 'next' : 'miss';
      case 'dnat': {
        const found = this.#lookup(statement.to);
        if (found === undefined) return 'miss';
        const [daddr = '', port] = splitParts(found);
        state.packet = { ...state.packet, daddr, dport: Number(port) };
        state.isTranslated = true;
        return 'accept';
      }
    }
  }
}

function verdictOf(verdict: string | undefined): Step {
  if (verdict === undefined) return 'miss';
  const [type, chain = ''] = verdict.split(' ');
  if (type === 'goto') return { goto: chain };
  if (type === 'jump') return { jump: chain };
  return type as 'accept' | 'drop' | 'return';
}

/** All parts equal but the last, which is in the element's prefix. */
function isInPrefix(key: readonly string[], element: readonly string[]): boolean {
  const last = key.length - 1;
  if (key.slice(0, last).some((part, index) => part !== element[index])) return false;
  const address = parseAddress(key[last] ?? '');
  const text = element[last] ?? '';
  const cidr = parseCidr(text.includes('/') ? text : `${text}/${address?.family === 'IPv6' ? 128 : 32}`);
  return address !== undefined && cidr !== undefined && cidrContains(cidr, address.family, address.value);
}

/** Every base chain of the hook in its order; `accept` ends only its own chain, as in the kernel. */
export function walkHook(
  walker: Walker,
  state: WalkState,
  at: { hook: Hook; family: Table['family']; type: 'filter' | 'nat' | 'all' },
): WalkVerdict {
  const bases = walker.tables
    .tables()
    .filter(({ family }) => family === at.family)
    .flatMap((table) => [...table.chains].map(([name, { base }]) => ({ table, name, base })))
    .filter(({ base }) => base?.hook === at.hook && (at.type === 'all' || base.type === at.type))
    .sort((one, other) => (one.base?.priority ?? 0) - (other.base?.priority ?? 0));
  const { packet } = state;
  for (const { table, name, base } of bases) {
    // Only the first packet of a connection sees nat chains, and only until one of them has rewritten it (nf_nat_core.c).
    if (base?.type === 'nat' && (!state.isNew || state.packet !== packet)) continue;
    const verdict = new Evaluation(walker, table, state).chain(name);
    if (verdict !== 'return' && verdict !== 'accept') return verdict;
  }
  return 'accept';
}
