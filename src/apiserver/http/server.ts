/**
 * The skin: TLS, HTTP/2 and HTTP/1.1 around a `Handler`. There is no plain HTTP. Which protocol a connection speaks is
 * settled in its TLS handshake (ALPN).
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../lib/clock.ts';
import { sleep } from '../../lib/clock.ts';
import { UserError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import * as limits from '../limits.ts';
import type { Handler } from '../request.ts';
import { Deadlines } from './deadlines.ts';
import { Exchange, type Shared } from './exchange.ts';
import { mayUpgrade, refuseConnect, refuseMalformed, serveRequest, serveUpgrade } from './http1.ts';
import { Http2Connection, serveStream } from './http2.ts';
import { defaultHttpSettings, type HttpSettings } from './settings.ts';

export interface TlsMaterial {
  /** PEM, the leaf first. */
  readonly certificate: string | Uint8Array;
  readonly key: string | Uint8Array;
  /** PEM of the authority that signs client certificates. */
  readonly clientAuthority: string | Uint8Array;
}

export interface HttpServerOptions {
  readonly handler: Handler;
  readonly tls: TlsMaterial;
  readonly clock: Clock;
  readonly log: Logger;
  readonly bindAddress: string;
  /** It listens there, too, on the same port. */
  readonly moreAddresses?: readonly string[];
  /** 0 takes a free one. */
  readonly port: number;
  readonly settings?: Partial<HttpSettings>;
}

export interface HttpServer {
  readonly port: number;
  /** Connections and requests that are open now. */
  open(): { connections: number; requests: number };
  /** Takes nothing new, ends watches, lets requests finish for a while, cuts what is left. Idempotent. */
  drain(): Promise<void>;
}

/** Listens; resolves when connections are taken. Throws UserError PORT_TAKEN and ADDRESS_UNAVAILABLE. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const settings: HttpSettings = { ...defaultHttpSettings, ...options.settings };
  const shared: Shared = {
    handler: options.handler,
    settings,
    clock: options.clock,
    deadlines: new Deadlines(options.clock),
    log: options.log,
    bodyAccount: { bytes: 0 },
    draining: false,
  };
  const server = createServer(options.tls, settings);
  const sockets = trackSockets(server);
  const stopSweeping = serveHttp2(server, shared);
  serveHttp1(server, shared);
  let more: Server[];
  try {
    await listen(server, options);
    more = await listenToMore(server, options);
  } catch (failure) {
    stopSweeping();
    server.close();
    throw failure;
  }
  let drained: Promise<void> | undefined;
  return {
    port: (server.address() as AddressInfo).port,
    open: () => ({ connections: sockets.size, requests: shared.deadlines.size }),
    drain: () => {
      for (const each of more.splice(0)) each.close();
      drained ??= drain(server, { shared, sockets }).finally(stopSweeping);
      return drained;
    },
  };
}

function createServer(tls: TlsMaterial, settings: HttpSettings): Http2SecureServer {
  const server = createSecureServer({
    allowHTTP1: true,
    cert: Buffer.from(tls.certificate),
    key: Buffer.from(tls.key),
    ca: Buffer.from(tls.clientAuthority),
    requestCert: true,
    // No certificate means anonymous, a bad one 401: both are answers, not broken connections.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    handshakeTimeout: settings.handshakeMilliseconds,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: settings.idleMilliseconds,
    settings: {
      maxConcurrentStreams: settings.concurrentStreamsMax,
      initialWindowSize: limits.streamWindowBytes,
      maxHeaderListSize: limits.headerBytesMax,
      enablePush: false,
    },
    maxHeaderListPairs: limits.headerPairsMax,
    maxSessionMemory: limits.sessionMemoryMegabytes,
    maxSessionInvalidFrames: limits.sessionInvalidFramesMax,
    maxSessionRejectedStreams: limits.sessionRejectedStreamsMax,
    streamResetBurst: limits.streamResetsBurst,
    streamResetRate: limits.streamResetsPerSecond,
    // What follows is HTTP/1.1's. Our own deadline covers the body, on both protocols.
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: settings.headersMilliseconds,
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(1000, settings.headersMilliseconds),
    keepAliveTimeout: settings.idleMilliseconds,
    requireHostHeader: false,
    insecureHTTPParser: false,
  } as Parameters<typeof createSecureServer>[0]);
  server.maxConnections = settings.connectionsMax;
  return server;
}

function trackSockets(server: Http2SecureServer): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return sockets;
}

/** Returns what ends the sweeping of idle connections. */
function serveHttp2(server: Http2SecureServer, shared: Shared): () => void {
  const { clock, settings } = shared;
  const connections = new Set<Http2Connection>();
  server.on('session', (session: ServerHttp2Session) => {
    const connection = new Http2Connection(session, clock);
    connections.add(connection);
    session.on('error', () => session.destroy());
    session.on('close', () => connections.delete(connection));
    session.on('stream', (stream, headers, flags) =>
      serveStream(shared, connection, { stream, headers, flags }),
    );
  });
  let cancel = () => {};
  const sweep = () => {
    const oldest = clock.monotonic() - settings.idleMilliseconds;
    for (const connection of connections)
      if (connection.openStreams === 0 && connection.idleSince <= oldest) connection.session.close();
    cancel = clock.after(settings.idleMilliseconds / 4, sweep);
  };
  sweep();
  return () => cancel();
}

function serveHttp1(server: Http2SecureServer, shared: Shared): void {
  const onRequest = (request: IncomingMessage, response: ServerResponse) =>
    serveRequest(shared, request, response);
  server.on('request', onRequest as never);
  server.on('checkContinue', onRequest as never);
  server.on('checkExpectation', onRequest as never);
  // Not an option of this kind of server, but its HTTP/1.1 connections look here.
  Object.assign(server, { shouldUpgradeCallback: mayUpgrade });
  server.on(
    'upgrade' as never,
    ((request: IncomingMessage, socket: Duplex, head: Uint8Array) =>
      serveUpgrade(shared, request, { socket, head })) as never,
  );
  server.on(
    'connect' as never,
    ((_request: IncomingMessage, socket: Duplex) => refuseConnect(socket)) as never,
  );
  // A `request` listener makes Node serve HTTP/2 streams through its compatibility layer too: take that off again.
  server.removeAllListeners('stream');
  const onMalformed = (failure: Error, socket: Duplex) => refuseMalformed(shared, failure, socket);
  server.on('clientError' as never, onMalformed as never);
}

/** A server of Node's listens once: the others hand their connections to it. */
async function listenToMore(server: Http2SecureServer, options: HttpServerOptions): Promise<Server[]> {
  const { port } = server.address() as AddressInfo;
  const more: Server[] = [];
  try {
    for (const bindAddress of options.moreAddresses ?? []) {
      const each = createTcpServer({ noDelay: true, keepAlive: true }, (socket) => {
        server.emit('connection', socket);
      });
      each.maxConnections = server.maxConnections;
      await listen(each, { bindAddress, port });
      more.push(each);
    }
    return more;
  } catch (failure) {
    for (const each of more) each.close();
    throw failure;
  }
}

function listen(
  server: Server | Http2SecureServer,
  at: { bindAddress: string; port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (failure: NodeJS.ErrnoException) => reject(listenError(failure, at));
    server.once('error', fail);
    server.listen({ host: at.bindAddress, port: at.port, backlog: 511 }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

function listenError(failure: NodeJS.ErrnoException, at: { bindAddress: string; port: number }): Error {
  const where = `${at.bindAddress} port ${at.port}`;
  switch (failure.code) {
    case 'EADDRINUSE':
      return new UserError(
        'PORT_TAKEN',
        `cannot listen on ${where}: another process listens there; stop it, choose another --port, or --port 0 for a free one`,
      );
    case 'EACCES':
      return new UserError(
        'PORT_FORBIDDEN',
        `cannot listen on ${where}: this user may not; ports below 1024 need root, choose another --port`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EINVAL':
      return new UserError(
        'ADDRESS_UNAVAILABLE',
        `cannot listen on ${where}: this machine has no such address; wanted is an address of one of its interfaces as --bind-address`,
      );
    default:
      return failure;
  }
}

async function drain(
  server: Http2SecureServer,
  open: { shared: Shared; sockets: ReadonlySet<Socket> },
): Promise<void> {
  const { shared, sockets } = open;
  shared.draining = true;
  const closed = new Promise<void>((resolve) => {
    // Sends GOAWAY to HTTP/2 clients and closes idle HTTP/1.1 connections; calls back when the last one is gone.
    server.close(() => resolve());
  });
  for (const exchange of shared.deadlines.entries()) if (exchange instanceof Exchange) exchange.drain();
  const timeUp = new AbortController();
  await Promise.race([closed, sleep(shared.clock, shared.settings.drainMilliseconds, timeUp.signal)]);
  timeUp.abort();
  for (const socket of sockets) socket.destroy();
  await closed;
  // The ends of exchanges are told a few turns after those of their sockets; whoever drains wants to have seen them.
  for (let turn = 0; turn < 100 && (sockets.size > 0 || shared.deadlines.size > 0); turn++)
    await new Promise((resolve) => setImmediate(resolve));
}
