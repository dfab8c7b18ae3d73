/** A kubelet without a node: logs, commands and ports that a test can foresee, behind the TLS of a real one. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import type { Duplex } from 'node:stream';
import type { KeyPair } from '../../src/cluster/issue.ts';
import { runCommand } from './fake-commands.ts';
import { type ServedStream, serveSpdy } from './spdy-server.ts';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: string[];
  /** The common name of the client's certificate. */
  readonly client: string;
  readonly body: string;
}

export interface FakeKubelet {
  readonly port: number;
  /** Every request, in order. */
  readonly seen: Seen[];
  /** Answers instead of the usual; returns true when it did. */
  answer: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Takes an upgrade instead of the usual; returns true when it did. */
  upgrade: (request: IncomingMessage, socket: Duplex) => boolean;
  /** Where its containers' commands find files. */
  folder: string;
  /** Logs that are being followed. */
  readonly followed: ServerResponse[];
  /** Connections that are open. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

export async function startFakeKubelet(tls: { pair: KeyPair; authority: string }): Promise<FakeKubelet> {
  const server: Server = createServer({
    cert: tls.pair.certificate,
    key: tls.pair.key,
    ca: tls.authority,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const kubelet: FakeKubelet = {
    port: 0,
    seen: [],
    answer: () => false,
    upgrade: () => false,
    folder: tmpdir(),
    followed: [],
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
      ),
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  const sockets = new Set<Duplex>();
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (request, response) => void serve(kubelet, request, response));
  server.on('upgrade', (request, socket: Duplex) => {
    socket.on('error', () => {});
    kubelet.seen.push(seenOf(request, ''));
    if (!kubelet.upgrade(request, socket)) serveUpgrade(request, socket, kubelet.folder);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(kubelet, { port: (server.address() as AddressInfo).port });
}

function seenOf(request: IncomingMessage, body: string): Seen {
  const { method = '', url = '', headers, rawHeaders } = request;
  const certificate = (
    request.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }
  ).getPeerCertificate();
  return { method, url, headers, rawHeaders, client: certificate.subject.CN, body };
}

async function serve(
  kubelet: FakeKubelet,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.on('error', () => {});
  if (kubelet.answer(request, response)) return;
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return;
  }
  const body = Buffer.concat(chunks).toString();
  kubelet.seen.push(seenOf(request, body));
  const url = new URL(request.url ?? '/', 'https://kubelet');
  if (url.pathname.startsWith('/containerLogs/')) serveLog(kubelet, url, response);
  else {
    response.setHeader('content-type', 'text/plain');
    response.end(`${request.method} ${request.url} ${body.length}\n`);
  }
}

function serveLog(kubelet: FakeKubelet, url: URL, response: ServerResponse): void {
  const container = url.pathname.split('/').at(-1);
  if (container === 'starting') {
    response.statusCode = 400;
    response.end('container "starting" in pod "web" is waiting to start: ContainerCreating');
    return;
  }
  response.setHeader('transfer-encoding', 'chunked');
  response.write(`${container} line 1\n${container} line 2\n`);
  if (url.searchParams.has('follow')) kubelet.followed.push(response);
  else response.end();
}

function serveUpgrade(request: IncomingMessage, socket: Duplex, folder: string): void {
  const url = new URL(request.url ?? '/', 'https://kubelet');
  const [, action = ''] = url.pathname.split('/');
  const offered = (request.headers['x-stream-protocol-version'] ?? '').toString().split(',');
  const protocol = offered.map((each) => each.trim()).find((each) => known.has(each));
  if (request.headers.upgrade !== 'SPDY/3.1' || protocol === undefined) {
    socket.end(
      'HTTP/1.1 403 Forbidden\r\ncontent-length: 22\r\nconnection: close\r\n\r\nno protocol was common',
    );
    return;
  }
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n' +
      `X-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  );
  if (action === 'portForward') serveSpdy(socket, forwardPort);
  else runCommand(url, socket, folder);
}

const known = new Set(['v4.channel.k8s.io', 'portforward.k8s.io']);

/** Says on which port it is, then gives everything back in capital letters. */
function forwardPort(stream: ServedStream): void {
  const { headers } = stream;
  if (headers.get('streamtype') === 'error') {
    stream.end();
    return;
  }
  stream.write(`port ${headers.get('port')}\n`);
  stream.onData = (bytes) => stream.write(Buffer.from(bytes).toString().toUpperCase());
  stream.onEnd = () => stream.end();
}
