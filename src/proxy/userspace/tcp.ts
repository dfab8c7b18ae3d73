/** One TCP address and port, and the connections through it. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import type { Balancer } from './balancer.ts';
import { attemptsMax, connectionsPerListenerMax, connectMilliseconds } from './limits.ts';
import type { Backend } from './listeners.ts';

export interface ForwarderOptions {
  readonly address: string;
  readonly port: number;
  readonly balancer: Balancer;
  readonly clock: Clock;
  readonly allows: (client: string) => boolean;
}

/** What listens for one Listener. */
export interface Forwarder {
  /** Connections and sessions under way. */
  readonly size: number;
  /** The endpoints have changed: those that are gone get nothing any more. */
  refresh(): void;
  /** `drain`: what is under way may go on to its own end; otherwise it is cut off. */
  close(options?: { drain?: boolean }): Promise<void>;
}

/** Within 127.0.0.0/8 every address is this machine's, so that the endpoint can be shown who its client is. */
export function keptSource(client: string, backend: string): string | undefined {
  return client.startsWith('127.') && backend.startsWith('127.') ? client : undefined;
}

export async function forwardTcp(options: ForwarderOptions): Promise<Forwarder> {
  const forwarder = new TcpForwarder(options);
  await forwarder.listen();
  return forwarder;
}

class TcpForwarder implements Forwarder {
  readonly #options: ForwarderOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #connections = 0;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
      void this.#serve(client);
    });
    this.#server.maxConnections = connectionsPerListenerMax;
  }

  get size(): number {
    return this.#connections;
  }

  async listen(): Promise<void> {
    const { address, port } = this.#options;
    const listening = once(this.#server, 'listening');
    this.#server.listen({ host: address, port });
    await listening;
    this.#server.on('error', () => {});
  }

  /** Connections outlive their endpoint's readiness, as in the kernel: the pod ends them when it ends. */
  refresh(): void {}

  /** Resolves when the last connection has ended. */
  async close({ drain = false } = {}): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    if (!drain) for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #serve(client: Socket): Promise<void> {
    this.#keep(client);
    this.#connections++;
    client.once('close', () => this.#connections--);
    const source = client.remoteAddress ?? '';
    if (!this.#options.allows(source)) return void client.destroy();
    const connected = await this.#connect(source, client);
    // Nobody answers: the client learns it as from a closed port.
    if (connected === undefined || client.destroyed) {
      connected?.socket.destroy();
      return void client.resetAndDestroy();
    }
    this.#join(client, connected);
  }

  async #connect(source: string, client: Socket): Promise<{ socket: Socket; backend: Backend } | undefined> {
    const tried = new Set<Backend>();
    while (tried.size < attemptsMax && !client.destroyed) {
      const backend = this.#options.balancer.pick(source, tried);
      if (backend === undefined) return undefined;
      tried.add(backend);
      const socket = await this.#attempt(backend, source);
      if (socket !== undefined) return { socket, backend };
    }
    return undefined;
  }

  #attempt({ address, port }: Backend, source: string): Promise<Socket | undefined> {
    const localAddress = keptSource(source, address);
    return new Promise((resolve) => {
      const socket = connect({ host: address, port, localAddress, allowHalfOpen: true, noDelay: true });
      this.#keep(socket);
      const cancel = this.#options.clock.after(connectMilliseconds, () => socket.destroy());
      socket.once('connect', () => {
        cancel();
        resolve(socket);
      });
      socket.once('close', () => {
        cancel();
        resolve(undefined);
      });
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #join(client: Socket, { socket, backend }: { socket: Socket; backend: Backend }): void {
    const { balancer } = this.#options;
    balancer.opened(backend);
    // A broken side breaks the other at once; an ended one only ends what it says.
    for (const [one, other] of [
      [client, socket],
      [socket, client],
    ] as const)
      one.once('close', (hadError) => (hadError ? other.resetAndDestroy() : undefined));
    let open = 2;
    const onClose = () => {
      if (--open === 0) balancer.closed(backend);
    };
    client.once('close', onClose);
    socket.once('close', onClose);
    client.pipe(socket);
    socket.pipe(client);
  }
}
