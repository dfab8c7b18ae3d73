/**
 * The kubelet's own HTTPS server: what the API server asks a node. Source: kubelet/server/server.go. Whoever comes needs a
 * client certificate of the cluster's authority that names the API server; `/healthz` is no exception.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { ContainerRuntime } from '../../cri/runtime.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { admit } from './admit.ts';
import { type Answer, answerOf, json, Refusal, sendAnswer, sendRawAnswer, text } from './answer.ts';
import { serveContainerLogs } from './container-logs.ts';
import { serverLimits } from './limits.ts';
import { answerPlain, type PlainServing } from './plain-requests.ts';
import { notFound, podRequest, requestTarget } from './requests.ts';
import { runCommand } from './run-command.ts';
import { StatsReader } from './stats.ts';
import { streamAddress } from './stream-address.ts';
import { tunnel } from './tunnel.ts';

/** Both PEM. */
export interface ServingPair {
  readonly certificate: string;
  readonly key: string;
}

/** A path of the node's own, beside upstream's. */
export type ExtraRoute = (
  query: URLSearchParams,
  body: unknown,
) => Promise<{ readonly status: number; readonly json: unknown }>;

export interface KubeletServerOptions extends Omit<PlainServing, 'stats' | 'runtime'> {
  readonly address: string;
  /** 0: one that is free. */
  readonly port: number;
  /** `clientAuthority`: whose client certificates are looked at; PEM. */
  readonly tls: ServingPair & { readonly clientAuthority: string };
  readonly runtime: ContainerRuntime;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** By method and path: `GET /wherry/v1/trace`. */
  readonly extra?: Readonly<Record<string, ExtraRoute>>;
}

export interface KubeletServer {
  readonly port: number;
  /** For connections from now on: the certificate was renewed. */
  setServingCertificate(pair: ServingPair): void;
  /** Ends everything under way. */
  close(): Promise<void>;
}

interface Running extends KubeletServerOptions {
  readonly stats: StatsReader;
  readonly stopping: AbortController;
  readonly count: { tunnels: number; logReaders: number };
}

export async function startKubeletServer(options: KubeletServerOptions): Promise<KubeletServer> {
  const running: Running = {
    ...options,
    stats: new StatsReader(options),
    stopping: new AbortController(),
    count: { tunnels: 0, logReaders: 0 },
  };
  const server = makeServer(running);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.address, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (failure) => options.log.warn('the kubelet server failed', { error: String(failure) }));
  return {
    port: (server.address() as AddressInfo).port,
    setServingCertificate: ({ certificate, key }) =>
      server.setSecureContext({ ...secureContext(options), cert: certificate, key }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        running.stopping.abort();
        server.closeAllConnections();
      }),
  };
}

const secureContext = ({ tls }: KubeletServerOptions) => ({
  key: tls.key,
  cert: tls.certificate,
  ca: tls.clientAuthority,
  minVersion: 'TLSv1.2' as const,
});

const streamPath = /^\/(exec|attach|portForward)\//;

function makeServer(running: Running): Server {
  const { log } = running;
  const server = createServer({
    ...secureContext(running),
    requestCert: true,
    // Who has none, or a wrong one, is told so in HTTP, as upstream does it.
    rejectUnauthorized: false,
    maxHeaderSize: serverLimits.headerBytesMax,
    handshakeTimeout: serverLimits.headerMilliseconds,
    headersTimeout: serverLimits.headerMilliseconds,
    requestTimeout: serverLimits.idleMilliseconds,
    keepAliveTimeout: serverLimits.idleMilliseconds,
    // Who has said all may still listen: streams have two directions.
    allowHalfOpen: true,
    // Whoever asks for another protocol anywhere else is answered in this one.
    shouldUpgradeCallback: ({ url }) => streamPath.test(url ?? ''),
    keepAlive: true,
    keepAliveInitialDelay: serverLimits.keepAliveMilliseconds,
  });
  server.maxConnections = serverLimits.connectionsMax;
  server.on('request', (request, response) => {
    answer(running, request, response).catch((failure: unknown) => {
      if (response.headersSent) response.destroy();
      else sendAnswer(response, answerOf(failure));
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // It may go at any time, and whoever writes to it then is told in another way.
    socket.on('error', () => {});
    upgrade(running, { request, socket, head }).catch((failure: unknown) => {
      if (!(failure instanceof Refusal)) log.warn('a stream failed', { error: String(failure) });
      turnAway(running, socket, answerOf(failure));
    });
  });
  return server;
}

/** The connection goes even if the other side keeps its half of it. */
function turnAway({ clock }: Running, socket: Duplex, refusal: Answer): void {
  const cancel = clock.after(serverLimits.lingerMilliseconds, () => socket.destroy());
  socket.once('close', cancel);
  // What is still coming is read away: closing on it would reset the connection, and take the answer along.
  socket.resume();
  sendRawAnswer(socket, refusal);
}

async function answer(running: Running, request: IncomingMessage, response: ServerResponse): Promise<void> {
  admit(request.socket as TLSSocket, request);
  const { method } = request;
  const { path, query } = requestTarget(request.url);
  const { extra = {} } = running;
  const route = `${method} ${path}`;
  const own = Object.hasOwn(extra, route) ? extra[route] : undefined;
  if (own !== undefined) {
    const { status, json: value } = await own(query, await jsonBody(request));
    return sendAnswer(response, json(value, status));
  }
  const asked = podRequest(path, method);
  if (asked === undefined) {
    const stats = () => running.stats.summary();
    return sendAnswer(response, await answerPlain({ ...running, stats }, path, method));
  }
  if (asked.action === 'containerLogs')
    return withinLimit(running, 'logReaders', async () => {
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      const signal = AbortSignal.any([gone.signal, running.stopping.signal]);
      await serveContainerLogs(
        { ...running, containers: running.runtime.containers },
        { ...asked, query },
        { response, signal },
      );
    });
  if (asked.action === 'run') {
    const output = await runCommand(running, { ...asked, query });
    return sendAnswer(response, text(200, output, { 'content-type': 'application/json' }));
  }
  // The parameters first: whoever gets them wrong is to read that.
  await streamAddress(running, { ...asked, action: asked.action, query, upgrade: '' });
  throw new Refusal(500, 'Upgrade request required\n');
}

async function upgrade(
  running: Running,
  client: { request: IncomingMessage; socket: Duplex; head: Buffer },
): Promise<void> {
  const { request, socket } = client;
  admit(socket as TLSSocket, request);
  const { path, query } = requestTarget(request.url);
  const asked = podRequest(path, request.method);
  if (asked === undefined || asked.action === 'containerLogs' || asked.action === 'run') throw notFound();
  const { action } = asked;
  await withinLimit(running, 'tunnels', async () => {
    const protocol = request.headers.upgrade ?? '';
    const address = await streamAddress(running, { ...asked, action, query, upgrade: protocol });
    if (socket.destroyed) return;
    await tunnel(client, address, { clock: running.clock, signal: running.stopping.signal });
  });
}

async function withinLimit(
  running: Running,
  what: keyof Running['count'],
  action: () => Promise<void>,
): Promise<void> {
  if (running.count[what] >= serverLimits[`${what}Max`])
    throw new Refusal(429, 'too many requests, please try again later', {
      'retry-after': String(serverLimits.retryAfterSeconds),
    });
  running.count[what]++;
  try {
    await action();
  } finally {
    running.count[what]--;
  }
}

/** Undefined when there is none. Throws a Refusal. */
async function jsonBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > serverLimits.bodyBytesMax) throw new Refusal(413, 'request body too large');
    chunks.push(chunk);
  }
  if (bytes === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Refusal(400, 'the body of the request is not JSON');
  }
}
