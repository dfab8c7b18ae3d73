/**
 * A host with the kernel's tables and connection tracking, in memory: takes the same transactions as the kernel, and
 * says what becomes of a packet. Ships with the module: simulation, `wherry why` and tests use it.
 */
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { FakeTables } from './fake-tables.ts';
import { type Packet, type WalkState, type WalkVerdict, walkHook } from './fake-walk.ts';
import { fakeConnectionsMax } from './limits.ts';
import type { Nft, TableName } from './nft.ts';
import type { Operation } from './operation.ts';
import type { Reading } from './reading.ts';
import type { Hook, TableFamily } from './table.ts';

export interface FakeHostOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The host's own addresses. */
  readonly addresses: readonly string[];
  /** The host's address that a packet to there leaves with. */
  readonly addressToward: (destination: string) => string;
}

export type Delivery = 'local' | 'forward' | Exclude<WalkVerdict, 'accept' | 'masquerade'>;

export interface Walk {
  readonly delivery: Delivery;
  /** As it leaves the host, or reaches its socket. */
  readonly packet: Packet;
  /** The rules that did something, as `chain: rule`. */
  readonly trace: readonly string[];
}

interface Connection {
  readonly original: Packet;
  readonly translated: Packet;
}

const tuple = ({ protocol, saddr, sport, daddr, dport }: Packet): string =>
  `${protocol} ${saddr} ${sport} ${daddr} ${dport}`;

const reversed = (packet: Packet): Packet => ({
  ...packet,
  saddr: packet.daddr,
  sport: packet.dport,
  daddr: packet.saddr,
  dport: packet.sport,
});

const ephemeralPorts = { first: 32_768, count: 28_232 };

export class FakeHost implements Nft {
  readonly #options: FakeHostOptions;
  readonly #tables: FakeTables;
  readonly #byOriginal = new Map<string, Connection>();
  readonly #byReply = new Map<string, Connection>();

  constructor(options: FakeHostOptions) {
    this.#options = options;
    this.#tables = new FakeTables(options.clock);
  }

  async apply(table: TableName, operations: readonly Operation[]): Promise<void> {
    this.#tables.apply(table, operations);
  }

  async read(table: TableName): Promise<Reading | undefined> {
    return this.#tables.read(table);
  }

  /** `origin`: a process of the host sends it, or it comes in from elsewhere. */
  walk(packet: Packet, origin: 'host' | 'network'): Walk {
    const reply = this.#byReply.get(tuple(packet));
    if (reply !== undefined) {
      const back = reversed(reply.original);
      return { delivery: this.#isOwn(back.daddr) ? 'local' : 'forward', packet: back, trace: [] };
    }
    const known = this.#byOriginal.get(tuple(packet));
    const trace: string[] = [];
    const state: WalkState = {
      packet,
      mark: 0,
      isNew: known === undefined,
      isTranslated: known !== undefined && known.translated.daddr !== packet.daddr,
    };
    const verdict = this.#hooks(state, { origin, known, trace });
    if (verdict !== 'accept' && verdict !== 'masquerade')
      return { delivery: verdict, packet: state.packet, trace };
    if (verdict === 'masquerade') this.#masquerade(state);
    if (known === undefined) this.#remember({ original: packet, translated: state.packet });
    return { delivery: this.#isOwn(state.packet.daddr) ? 'local' : 'forward', packet: state.packet, trace };
  }

  /** The tracked connections, as `conntrack -L` would list them. */
  connections(): readonly Connection[] {
    return [...this.#byOriginal.values()];
  }

  /** As `conntrack -D` for one connection. */
  forget({ original, translated }: Connection): void {
    this.#byOriginal.delete(tuple(original));
    this.#byReply.delete(tuple(reversed(translated)));
  }

  #hooks(
    state: WalkState,
    { origin, known, trace }: { origin: 'host' | 'network'; known: Connection | undefined; trace: string[] },
  ): WalkVerdict {
    const walker = { tables: this.#tables, random: this.#options.random, trace };
    const family: TableFamily = state.packet.daddr.includes(':') ? 'ip6' : 'ip';
    const pass = (hook: Hook) => walkHook(walker, state, { hook, family, type: 'all' });
    const first = pass(origin === 'host' ? 'output' : 'prerouting');
    if (first !== 'accept') return first;
    // Rewriting happens where the nat chains stand, which for known connections is here.
    if (known !== undefined) state.packet = known.translated;
    const isOwn = this.#isOwn(state.packet.daddr);
    // A packet of the host to itself leaves and comes in again.
    if (isOwn) return pass('input');
    if (origin === 'network') {
      const forward = pass('forward');
      if (forward !== 'accept') return forward;
    }
    return pass('postrouting');
  }

  #isOwn(address: string): boolean {
    return this.#options.addresses.includes(address);
  }

  #masquerade(state: WalkState): void {
    const saddr = this.#options.addressToward(state.packet.daddr);
    const { first, count } = ephemeralPorts;
    const start = Math.floor(this.#options.random.next() * count);
    for (let index = 0; index < count; index++) {
      const packet = { ...state.packet, saddr, sport: first + ((start + index) % count) };
      if (this.#byReply.has(tuple(reversed(packet)))) continue;
      state.packet = packet;
      return;
    }
    throw new RangeError(`no port of ${saddr} is free`);
  }

  #remember(connection: Connection): void {
    const [oldest] = this.#byOriginal.values();
    if (oldest !== undefined && this.#byOriginal.size >= fakeConnectionsMax) this.forget(oldest);
    this.#byOriginal.set(tuple(connection.original), connection);
    this.#byReply.set(tuple(reversed(connection.translated)), connection);
  }
}
