/** The sockets: UDP and TCP on each address. Source: RFC 1035, 4.2; RFC 7766 (TCP). */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIP, type Server, type Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import { UserError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { Counter, Labeled, MetricsRegistry } from '../lib/metrics.ts';
import { numericLookup } from '../lib/numeric-lookup.ts';
import { connectionIdleMilliseconds, connectionsMax, pipelinedQueriesMax } from './limits.ts';
import type { Reply, Resolver } from './resolver.ts';
import { responseCodes } from './wire.ts';

export interface DnsAddress {
  readonly address: string;
  /** 0 for any that is free over TCP and UDP. */
  readonly port: number;
}

export interface DnsServerOptions {
  readonly resolver: Resolver;
  readonly addresses: readonly DnsAddress[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry?: MetricsRegistry;
}

export class DnsServer {
  readonly #options: DnsServerOptions;
  readonly #udp: UdpSocket[] = [];
  readonly #tcp: Server[] = [];
  readonly #connections = new Set<Socket>();
  readonly #requests: Labeled<Counter> | undefined;
  readonly #counters = new Map<string, Counter>();

  private constructor(options: DnsServerOptions) {
    this.#options = options;
    this.#requests = options.registry?.counters(
      { name: 'wherry_dns_responses_total', help: 'DNS answers given, by transport and code.' },
      ['proto', 'rcode'],
    );
  }

  /** Throws a UserError (DNS_ADDRESS) when an address can not be had; nothing is left open then. */
  static async start(options: DnsServerOptions): Promise<DnsServer> {
    const server = new DnsServer(options);
    try {
      for (const each of options.addresses) await server.#listen(each);
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /** Where it listens, in the order of the options. */
  get addresses(): DnsAddress[] {
    return this.#udp.map((socket) => {
      const { address, port } = socket.address();
      return { address, port };
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    await Promise.all([
      ...this.#udp.map((socket) => new Promise<void>((resolve) => socket.close(resolve))),
      ...this.#tcp.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    ]);
    this.#udp.length = 0;
    this.#tcp.length = 0;
  }

  async #listen({ address, port }: DnsAddress): Promise<void> {
    try {
      const tcp = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#serve(socket));
      tcp.maxConnections = connectionsMax;
      const listening = once(tcp, 'listening');
      tcp.listen({ host: address, port });
      await listening;
      // Too many open files, say: those that are connected stay, and later ones may be taken again.
      tcp.on('error', (error) => this.#options.log.warn('the DNS listener', { error }));
      this.#tcp.push(tcp);
      const bound = tcp.address();
      const family = isIP(address) === 6 ? 'udp6' : 'udp4';
      const udp = createSocket({ type: family, lookup: numericLookup, ipv6Only: family === 'udp6' });
      // An address is no name, so it is bound before `bind` returns.
      this.#udp.push(udp);
      const isBound = once(udp, 'listening');
      udp.bind({ address, port: bound !== null && typeof bound === 'object' ? bound.port : port });
      await isBound;
      udp.on('error', (error) => this.#options.log.warn('the DNS socket', { error }));
      udp.on('message', (query, from) => this.#onDatagram(udp, query, from));
    } catch (error) {
      const { message } = error as Error;
      throw new UserError('DNS_ADDRESS', `DNS cannot listen on ${address} port ${port}: ${message}`, {
        cause: error,
      });
    }
  }

  #onDatagram(socket: UdpSocket, query: Buffer, from: RemoteInfo): void {
    const reply = this.#options.resolver.reply(query, false);
    if (reply === undefined) return;
    if (reply instanceof Promise)
      reply.then(
        (late) => late && this.#send(socket, late, from),
        (error: unknown) => this.#options.log.error('a DNS question was not answered', { error }),
      );
    else this.#send(socket, reply, from);
  }

  #send(socket: UdpSocket, { message, code }: Reply, { port, address }: RemoteInfo): void {
    this.#count('udp', code);
    try {
      // An answer that cannot be sent is one that is lost: clients ask again.
      socket.send(message, port, address, () => {});
    } catch (error) {
      // The server was closed meanwhile, or the question came from port 0.
      this.#options.log.debug('a DNS answer was not sent', { error });
    }
  }

  #serve(socket: Socket): void {
    this.#connections.add(socket);
    new Connection(socket, {
      ...this.#options,
      onReply: (code) => this.#count('tcp', code),
    });
    socket.on('close', () => this.#connections.delete(socket));
  }

  #count(protocol: string, code: number): void {
    if (this.#requests === undefined) return;
    const key = `${protocol}${code}`;
    let counter = this.#counters.get(key);
    if (counter === undefined) {
      const name = Object.entries(responseCodes).find(([, number]) => number === code)?.[0] ?? String(code);
      counter = this.#requests.of(protocol, name);
      this.#counters.set(key, counter);
    }
    counter.add();
  }
}

interface ConnectionOptions extends DnsServerOptions {
  readonly onReply: (code: number) => void;
}

/** One TCP connection: messages with their length before them, answered as the answers come. */
class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  #received: Buffer = Buffer.alloc(0);
  #underWay = 0;
  #ended = false;
  #processing = false;
  #cancelIdle = () => {};

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
      this.#process();
    });
    socket.on('drain', () => this.#process());
    // Who has asked all his questions still waits for the answers.
    socket.on('end', () => {
      this.#ended = true;
      this.#endWhenDone();
    });
    socket.on('close', () => this.#cancelIdle());
    this.#rest();
  }

  #rest(): void {
    this.#cancelIdle();
    // Who waits for other servers' answers is not idle; that ends in any case.
    this.#cancelIdle = this.#options.clock.after(connectionIdleMilliseconds, () =>
      this.#underWay > 0 ? this.#rest() : this.#socket.destroy(),
    );
  }

  /** Answers that come at once look for the next question from within: they find that it is taken care of. */
  #process(): void {
    if (this.#processing) return;
    this.#processing = true;
    while (!this.#isFull) {
      if (this.#received.length < 2) break;
      const length = this.#received.readUInt16BE(0);
      if (this.#received.length < 2 + length) break;
      const query = this.#received.subarray(2, 2 + length);
      this.#received = this.#received.subarray(2 + length);
      this.#rest();
      void this.#answer(query);
    }
    this.#processing = false;
    if (this.#isFull) this.#socket.pause();
    else if (this.#socket.isPaused() && !this.#ended) this.#socket.resume();
  }

  #endWhenDone(): void {
    if (this.#ended && this.#underWay === 0) this.#socket.end();
  }

  get #isFull(): boolean {
    return this.#underWay >= pipelinedQueriesMax || this.#socket.writableNeedDrain;
  }

  async #answer(query: Buffer): Promise<void> {
    this.#underWay++;
    try {
      const outcome = this.#options.resolver.reply(query, true);
      const reply = outcome instanceof Promise ? await outcome : outcome;
      if (reply !== undefined && this.#socket.writable) {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.message.length);
        this.#socket.write(Buffer.concat([length, reply.message]));
        this.#options.onReply(reply.code);
      }
    } catch (error) {
      this.#options.log.error('a DNS question was not answered', { error });
    }
    this.#underWay--;
    if (this.#socket.isPaused()) this.#process();
    this.#endWhenDone();
  }
}
