/**
 * The way of nodes to registries: their network namespaces have none of their own, and the machine's firewall and
 * forwarding stay as they are. An HTTP proxy (RFC 9110, CONNECT in 9.3.6; RFC 9112, absolute form in 3.2.2) in the
 * machine's namespace, on a unix socket that only the agents can open; `relay-door.ts` is its end in a node's namespace.
 *
 * Nodes do not get at what listens for this machine alone: loopback and link-local addresses (where clouds keep a
 * machine's credentials) are refused, whatever name they are asked by.
 */
import { chmod, rm } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import net, { type LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import { UserError } from '../../lib/errors.ts';
import { addressScope, parseAddress } from '../../lib/ip.ts';
import type { Logger } from '../../lib/log.ts';
import { relayLimits } from './limits.ts';
import { resolveName, type Target, TargetRefused, targetOf } from './relay-target.ts';

export interface RegistryRelay {
  close(): Promise<void>;
}

export interface RelayOptions {
  /** Of the unix socket; one that an earlier process has left is replaced. */
  readonly socketPath: string;
  /** Loopback and link-local addresses are no worse than others. */
  readonly allowsLocal: boolean;
  readonly log: Logger;
  /** Unless given the machine's. */
  readonly lookup?: LookupFunction;
  /** How long a connection may be silent: as in limits.ts unless given. */
  readonly idleMilliseconds?: number;
}

type Dial = (target: Target) => net.Socket;

export async function startRegistryRelay(options: RelayOptions): Promise<RegistryRelay> {
  const { socketPath, log, idleMilliseconds = relayLimits.idleMilliseconds } = options;
  const dial = dialler({ ...options, idleMilliseconds });
  const server = http.createServer(
    {
      maxHeaderSize: relayLimits.headerBytesMax,
      headersTimeout: relayLimits.headerMilliseconds,
      // A body may take as long as it moves: see the idle time.
      requestTimeout: 0,
    },
    (request, response) => pass(request, response, { dial, log }),
  );
  server.maxConnections = relayLimits.connectionsMax;
  server.setTimeout(idleMilliseconds);
  const tunnels = new Set<Duplex>();
  server.on('connect', (request, client, head) => {
    tunnels.add(client);
    client.on('close', () => tunnels.delete(client));
    connect(request, { client: client as net.Socket, head, dial, log });
  });
  server.on('clientError', (_error, client) => {
    if (client.writable) client.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
    else client.destroy();
  });
  await rm(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new UserError(
          'RELAY_SOCKET',
          `the relay to registries cannot listen at ${socketPath}: ${cause.message}; wanted is a short path in a folder that is there`,
          { cause },
        ),
      ),
    );
    server.listen(socketPath, resolve);
  });
  // Pods with folders of this machine in them, and its other users, have no business here.
  await chmod(socketPath, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const client of tunnels) client.destroy();
      }),
  };
}

/** Checked where it is connected to, so that a name cannot mean one address to the check and another one afterwards. */
function dialler({
  allowsLocal,
  lookup = resolveName,
  idleMilliseconds,
}: RelayOptions & { idleMilliseconds: number }): Dial {
  const check = (address: string): void => {
    const parsed = parseAddress(address);
    if (allowsLocal) return;
    if (parsed === undefined || parsed.flaw !== undefined || addressScope(parsed) !== 'other')
      throw new TargetRefused(403, `${address} is an address of this machine alone`);
  };
  const checkedLookup: LookupFunction = (hostname, lookupOptions, done) =>
    lookup(hostname, { ...lookupOptions, all: true }, (error, found) => {
      if (error !== null) return done(error, '');
      const addresses = Array.isArray(found) ? found : [{ address: found, family: net.isIP(found) }];
      try {
        for (const { address } of addresses) check(address);
      } catch (refusal) {
        return done(refusal as Error, '');
      }
      const [first] = addresses;
      if (lookupOptions.all) done(null, addresses);
      else done(null, first?.address ?? '', first?.family);
    });
  return ({ host, port }) => {
    if (net.isIP(host) !== 0) check(host);
    const socket = net.connect({ host, port, lookup: checkedLookup });
    socket.setTimeout(relayLimits.connectMilliseconds, () => socket.destroy(new Error('it takes too long')));
    socket.once('connect', () => socket.setTimeout(idleMilliseconds));
    return socket;
  };
}

interface Tunnel {
  readonly client: net.Socket;
  readonly head: Buffer;
  readonly dial: Dial;
  readonly log: Logger;
}

/** RFC 9110, 9.3.6: after the answer both sides' bytes are passed on as they are. */
function connect(request: IncomingMessage, { client, head, dial, log }: Tunnel): void {
  client.on('error', () => client.destroy());
  const refuse = (error: unknown) => {
    const { status, text } = failureOf(error, request.url, log);
    client.end(
      `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\ncontent-type: text/plain\r\n` +
        `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
    );
  };
  let remote: net.Socket;
  try {
    remote = dial(targetOf(`tunnel://${request.url}`, undefined));
  } catch (error) {
    refuse(error);
    return;
  }
  let isOpen = false;
  remote.once('connect', () => {
    isOpen = true;
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    if (head.length > 0) remote.write(head);
    client.pipe(remote).pipe(client);
  });
  remote.on('error', (error) => (isOpen ? client.destroy() : refuse(error)));
  remote.on('close', () => (isOpen ? client.destroySoon() : undefined));
  client.on('timeout', () => client.destroy());
  client.on('close', () => remote.destroy());
}

/** Of this connection alone (RFC 9110, 7.6.1), and what is said to the proxy itself. */
const hopHeaders = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

function pass(
  request: IncomingMessage,
  response: ServerResponse,
  { dial, log }: { dial: Dial; log: Logger },
): void {
  const refuse = (error: unknown) => {
    if (response.headersSent) return void response.destroy();
    const { status, text } = failureOf(error, request.url, log);
    response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' }).end(text);
  };
  try {
    const target = targetOf(request.url ?? '', 'http:');
    const onward = http.request({
      method: request.method,
      path: target.path,
      headers: { ...withoutHops(request), host: target.authority, connection: 'close' },
      createConnection: () => dial(target),
    });
    onward.on('error', refuse);
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, { ...withoutHops(answer) });
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  } catch (error) {
    refuse(error);
  }
}

function withoutHops({ headers }: IncomingMessage): Record<string, string | string[]> {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const dropped = new Set([...hopHeaders, ...named]);
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || dropped.has(name) ? [] : [[name, value]],
    ),
  );
}

function failureOf(error: unknown, url: string | undefined, log: Logger): { status: number; text: string } {
  const { message } = error as Error;
  const status = error instanceof TargetRefused ? error.status : 502;
  log.warn('a node did not reach a registry', { url: url?.slice(0, 300), status, error: message });
  return { status, text: `wherry: ${message}\n` };
}
