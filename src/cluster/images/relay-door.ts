/**
 * The relay's end in a node's namespace: on its 127.0.0.1, which the node's containerd reaches, and pods on the node's own
 * network, but no other pod and no other machine. What it says is passed on to the relay's socket as it is.
 */
import net from 'node:net';
import { UserError } from '../../lib/errors.ts';
import { relayLimits } from './limits.ts';

/**
 * Always the same: containerd outlives the agent that gave it the environment. Beside the ports of Kubernetes' own
 * programs (10248 to 10259), which nodes' pods are used to leave alone.
 */
export const relayDoorPort = 10247;

/** For the environment of a containerd: what of Go's ProxyFromEnvironment it asks. */
export function proxyEnvironment(port: number): Record<string, string> {
  const url = `http://127.0.0.1:${port}`;
  return { HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: '127.0.0.1,::1,localhost' };
}

export interface RelayDoor {
  readonly port: number;
  close(): Promise<void>;
}

/** Rejects with RELAY_PORT when another process listens there. */
export async function startRelayDoor(options: {
  /** Of the relay. */
  socketPath: string;
  /** 0 takes a free one. */
  port?: number;
}): Promise<RelayDoor> {
  const { port = relayDoorPort } = options;
  const clients = new Set<net.Socket>();
  // What one side has said to its end is passed on as an end; the other may still speak.
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    clients.add(client);
    client.on('close', () => clients.delete(client));
    passOn(client, options.socketPath);
  });
  server.maxConnections = relayLimits.connectionsMax;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new UserError('RELAY_PORT', `the way to registries: ${cause.message}`, { cause })),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as net.AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const client of clients) client.destroy();
      }),
  };
}

function passOn(client: net.Socket, socketPath: string): void {
  const relay = net.connect({ path: socketPath, allowHalfOpen: true });
  let isThere = false;
  relay.once('connect', () => {
    isThere = true;
  });
  client.on('error', () => relay.destroy());
  relay.on('error', () => {
    if (isThere) client.destroy();
    // As a proxy would say it, so that the pull's error is one that can be understood.
    else client.end("HTTP/1.1 502 The cluster's server does not run\r\nconnection: close\r\n\r\n");
  });
  client.on('close', () => relay.destroy());
  relay.on('close', () => client.destroySoon());
  client.pipe(relay).pipe(client);
}
