/**
 * The least that a server in Node can do: `node:http2` with TLS, and no code of ours behind it. What it answers is told
 * by its parent; see FloorOrder. Run by `forkScript`.
 */
import { createSecureServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { CommitFloor } from './floor-commits.ts';
import type { FloorOrder } from './wire.ts';

const [, , certificate, key, authority] = process.argv as string[];
let headers: Record<string, string | number> = {};
let body = Buffer.alloc(0);
let line = Buffer.alloc(0);
let commits: CommitFloor | undefined;
const watchers = new Set<ServerHttp2Stream>();

// The same TLS as ours, with a certificate asked of the client.
const server = createSecureServer({
  cert: certificate,
  key,
  ca: authority,
  requestCert: true,
  rejectUnauthorized: false,
  settings: { maxConcurrentStreams: 250 },
});

server.on('stream', (stream: ServerHttp2Stream, received: IncomingHttpHeaders) => {
  stream.on('error', () => {});
  if (received[':method'] === 'POST' && commits !== undefined) answerWhenCommitted(commits, stream);
  else if (received[':method'] === 'POST') {
    stream.resume();
    for (const watcher of watchers) watcher.write(line);
    stream.respond({ ':status': 201 });
    stream.end();
  } else if (received[':path']?.includes('watch=true')) {
    stream.respond({ ':status': 200, 'content-type': 'application/json' });
    watchers.add(stream);
    stream.on('close', () => watchers.delete(stream));
  } else {
    stream.respond(headers);
    stream.end(body);
  }
});

function answerWhenCommitted(to: CommitFloor, stream: ServerHttp2Stream): void {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () =>
    to.push(chunks, () => {
      stream.respond({ ':status': 201, 'content-type': 'application/json', 'content-length': body.length });
      stream.end(body);
    }),
  );
}

process.on('message', (order: FloorOrder) => {
  commits?.close();
  commits = undefined;
  if (order.order === 'broadcast') {
    line = Buffer.from(order.line);
  } else if (order.order === 'commit') {
    commits = new CommitFloor(order.file, order.bytes);
    body = Buffer.alloc(order.bytes, 'x');
  } else {
    body = Buffer.from(order.body);
    headers = { ':status': 200, ...order.headers, 'content-length': body.length };
  }
  process.send?.('done');
});
process.on('disconnect', () => process.exit(0));

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
