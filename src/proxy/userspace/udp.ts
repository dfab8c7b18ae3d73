/** One UDP address and port: a session for each client, with a socket of its own towards its endpoint. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { numericLookup } from '../../lib/numeric-lookup.ts';
import { udpSessionMilliseconds, udpSessionsMax } from './limits.ts';
import type { Backend } from './listeners.ts';
import { type Forwarder, type ForwarderOptions, keptSource } from './tcp.ts';

interface Session {
  readonly backend: Backend;
  readonly socket: Socket;
  lastSeen: number;
  cancel: () => void;
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'udp6' : 'udp4');

export async function forwardUdp(options: ForwarderOptions): Promise<Forwarder> {
  const forwarder = new UdpForwarder(options);
  await forwarder.listen();
  return forwarder;
}

class UdpForwarder implements Forwarder {
  readonly #options: ForwarderOptions;
  readonly #socket: Socket;
  /** By `address port` of the client, the longest silent first. */
  readonly #sessions = new Map<string, Session>();
  #closed = false;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#socket = createSocket({ type: familyOf(options.address), lookup: numericLookup });
  }

  get size(): number {
    return this.#sessions.size;
  }

  async listen(): Promise<void> {
    const { address, port } = this.#options;
    const listening = once(this.#socket, 'listening');
    this.#socket.bind({ address, port });
    try {
      await listening;
    } catch (error) {
      this.#socket.close();
      throw error;
    }
    this.#socket.on('error', () => {});
    this.#socket.on('message', (message, from) => this.#onMessage(message, from));
  }

  refresh(): void {
    // A session with an endpoint that is gone would send into nothing for as long as its client goes on.
    for (const [key, { backend }] of this.#sessions) if (!this.#options.balancer.has(backend)) this.#end(key);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const key of [...this.#sessions.keys()]) this.#end(key);
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  #onMessage(message: Buffer, from: RemoteInfo): void {
    const key = `${from.address} ${from.port}`;
    let session = this.#sessions.get(key);
    if (session === undefined) {
      if (!this.#options.allows(from.address)) return;
      session = this.#begin(key, from);
      if (session === undefined) return;
    }
    this.#touch(key, session);
    session.socket.send(message, session.backend.port, session.backend.address, () => {});
  }

  #begin(key: string, from: RemoteInfo): Session | undefined {
    const { balancer } = this.#options;
    const backend = balancer.pick(from.address);
    if (backend === undefined) return undefined;
    if (this.#sessions.size >= udpSessionsMax) {
      const [longestSilent] = this.#sessions.keys();
      this.#end(longestSilent!);
    }
    const socket = createSocket({ type: familyOf(backend.address), lookup: numericLookup });
    const session: Session = { backend, socket, lastSeen: 0, cancel: () => {} };
    // A refused datagram: the client may have another endpoint with its next one.
    socket.on('error', () => (this.#sessions.get(key) === session ? this.#end(key) : undefined));
    socket.on('message', (answer, { address, port }) => {
      if (address !== backend.address || port !== backend.port || this.#closed) return;
      session.lastSeen = this.#options.clock.monotonic();
      this.#socket.send(answer, from.port, from.address, () => {});
    });
    const source = keptSource(from.address, backend.address);
    if (source !== undefined) socket.bind({ address: source });
    balancer.opened(backend);
    this.#watch(key, session, udpSessionMilliseconds);
    return session;
  }

  /** To the end of the line. */
  #touch(key: string, session: Session): void {
    session.lastSeen = this.#options.clock.monotonic();
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
  }

  #watch(key: string, session: Session, milliseconds: number): void {
    const { clock } = this.#options;
    session.cancel = clock.after(milliseconds, () => {
      const left = session.lastSeen + udpSessionMilliseconds - clock.monotonic();
      if (left <= 0) this.#end(key);
      else this.#watch(key, session, left);
    });
  }

  #end(key: string): void {
    const session = this.#sessions.get(key);
    if (session === undefined) return;
    this.#sessions.delete(key);
    session.cancel();
    session.socket.close();
    this.#options.balancer.closed(session.backend);
  }
}
