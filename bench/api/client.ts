/** The client of every measurement, in a process of its own. Run by `forkScript`; its parent sends jobs, one at a time. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { request as requestHttp1 } from 'node:https';
import type { ClientJob, FanOutJob, FanOutResult, LoadJob, LoadResult, Target, WireRequest } from './wire.ts';

const tlsOf = ({ authority, certificate, key }: Target) => ({ ca: authority, cert: certificate, key });

/** A window as large as Go's client has it, so that a long list does not wait for updates. */
const windowBytes = 4 * 2 ** 20;

async function openSession(target: Target): Promise<ClientHttp2Session> {
  const session = connect(`https://127.0.0.1:${target.port}`, {
    ...tlsOf(target),
    settings: { initialWindowSize: windowBytes, enablePush: false },
  });
  await new Promise<void>((resolve, reject) => {
    session.once('error', reject);
    session.once('remoteSettings', () => resolve());
  });
  session.setLocalWindowSize(2 ** 30);
  return session;
}

interface Answer {
  readonly status: number;
  readonly bytes: number;
  readonly headers: Record<string, unknown>;
  readonly chunks: Buffer[];
}

/** Keeps the body only when it is wanted: what is measured is the server. */
function send(
  session: ClientHttp2Session,
  request: WireRequest,
  options: { keep: boolean; onDone: (answer: Answer) => void; onFailed: (error: Error) => void },
): void {
  const headers: Record<string, string> = { ':method': request.method, ':path': request.path };
  if (request.contentType !== undefined) headers['content-type'] = request.contentType;
  const stream = session.request(headers, { endStream: request.body === undefined });
  if (request.body !== undefined) stream.end(request.body);
  let received: Record<string, unknown> = {};
  let bytes = 0;
  const chunks: Buffer[] = [];
  stream.on('response', (found) => {
    received = found;
  });
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (options.keep) chunks.push(chunk);
  });
  stream.on('error', options.onFailed);
  stream.on('end', () =>
    options.onDone({ status: Number(received[':status']), bytes, headers: received, chunks }),
  );
}

/** Sends `count` requests with `inFlight` at a time. */
function sendAll(
  session: ClientHttp2Session,
  job: { requests: readonly WireRequest[]; count: number; inFlight: number },
): Promise<Omit<LoadResult, 'milliseconds'>> {
  return new Promise((resolve, reject) => {
    const statuses: Record<string, number> = {};
    let first: LoadResult['first'] = { headers: {}, text: '' };
    let [sent, done, bytes] = [0, 0, 0];
    const next = () => {
      if (sent === job.count) return;
      const index = sent++;
      const request = job.requests[index % job.requests.length]!;
      send(session, request, {
        keep: index === 0,
        onDone: (answer) => finish(index, answer),
        onFailed: reject,
      });
    };
    const finish = (index: number, answer: Answer) => {
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      bytes += answer.bytes;
      if (index === 0) first = { headers: answer.headers, text: Buffer.concat(answer.chunks).toString() };
      if (++done === job.count) resolve({ statuses, bytes, first });
      else next();
    };
    for (let index = 0; index < job.inFlight; index++) next();
  });
}

async function load(job: LoadJob): Promise<LoadResult> {
  const session = await openSession(job.target);
  try {
    const start = performance.now();
    const result = await sendAll(session, job);
    return { milliseconds: performance.now() - start, ...result };
  } finally {
    session.destroy();
  }
}

const newline = 10;

function linesIn(chunk: Uint8Array): number {
  let count = 0;
  for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) count++;
  return count;
}

type OnChunk = (chunk: Buffer) => void;

/** Opens one connection with its watches; resolves with what ends it, once the server has begun every answer. */
async function openHttp2Watches(job: FanOutJob, onChunk: OnChunk): Promise<() => void> {
  const session = await openSession(job.target);
  const opened = Array.from({ length: job.watchersPerConnection }, () => {
    const stream: ClientHttp2Stream = session.request({ ':method': 'GET', ':path': job.watchPath });
    stream.on('data', onChunk);
    stream.on('error', () => {});
    return new Promise<void>((resolve) => stream.once('response', () => resolve()));
  });
  await Promise.all(opened);
  return () => session.destroy();
}

async function openHttp1Watch(job: FanOutJob, onChunk: OnChunk): Promise<() => void> {
  const request = requestHttp1({
    ...tlsOf(job.target),
    host: '127.0.0.1',
    port: job.target.port,
    path: job.watchPath,
    agent: false,
  });
  await new Promise<void>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      response.on('data', onChunk);
      response.on('error', () => {});
      resolve();
    });
    request.end();
  });
  return () => request.destroy();
}

async function fanOut(job: FanOutJob): Promise<FanOutResult> {
  const wanted = job.connections * job.watchersPerConnection * job.writes.length * job.linesPerWrite;
  let [lines, bytes] = [0, 0];
  let onAll = () => {};
  const all = new Promise<void>((resolve) => {
    onAll = resolve;
  });
  const onChunk = (chunk: Buffer) => {
    bytes += chunk.length;
    lines += linesIn(chunk);
    if (lines >= wanted) onAll();
  };
  const ends: (() => void)[] = [];
  const writer = await openSession(job.target);
  try {
    const open = job.protocol === 'HTTP/2' ? openHttp2Watches : openHttp1Watch;
    for (let index = 0; index < job.connections; index++) ends.push(await open(job, onChunk));
    const start = performance.now();
    const { statuses } = await sendAll(writer, {
      requests: job.writes,
      count: job.writes.length,
      inFlight: job.writesInFlight,
    });
    const refused = Object.keys(statuses).filter((status) => !status.startsWith('2'));
    if (refused.length > 0) throw new Error(`writes were answered ${JSON.stringify(statuses)}`);
    await all;
    return { milliseconds: performance.now() - start, lines, bytes };
  } finally {
    writer.destroy();
    for (const end of ends) end();
  }
}

process.on('message', (job: ClientJob) => {
  const done = job.job === 'load' ? load(job) : fanOut(job);
  done.then(
    (result) => process.send?.({ result }),
    (failure: Error) => process.send?.({ failure: failure.stack ?? failure.message }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
