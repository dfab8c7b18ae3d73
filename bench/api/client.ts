/** The client of every measurement, in a process of its own. Run by `forkScript`; its parent sends jobs, one at a time. */
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { request as requestHttp1 } from 'node:https';
import { LoadConnection } from './load.ts';
import type {
  Answer,
  AskJob,
  ClientJob,
  FanOutJob,
  FanOutResult,
  LoadJob,
  LoadResult,
  Target,
} from './wire.ts';

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

async function ask({ target, request }: AskJob): Promise<Answer> {
  const session = await openSession(target);
  try {
    const headers: Record<string, string> = { ':method': request.method, ':path': request.path };
    if (request.contentType !== undefined) headers['content-type'] = request.contentType;
    const stream = session.request(headers);
    stream.end(request.body);
    const [received] = (await once(stream, 'response')) as [Record<string, unknown>];
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return { status: Number(received[':status']), headers: received, text: Buffer.concat(chunks).toString() };
  } finally {
    session.destroy();
  }
}

async function load(job: LoadJob): Promise<LoadResult> {
  const connection = await LoadConnection.open(job.target);
  try {
    return await connection.run(job);
  } finally {
    connection.close();
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
  const writer = await LoadConnection.open(job.target);
  try {
    const open = job.protocol === 'HTTP/2' ? openHttp2Watches : openHttp1Watch;
    for (let index = 0; index < job.connections; index++) ends.push(await open(job, onChunk));
    const start = performance.now();
    const { statuses, refusal } = await writer.run({
      requests: job.writes,
      count: job.writes.length,
      inFlight: job.writesInFlight,
    });
    if (refusal !== undefined)
      throw new Error(`writes were answered ${JSON.stringify(statuses)}: ${refusal}`);
    await all;
    return { milliseconds: performance.now() - start, lines, bytes };
  } finally {
    writer.close();
    for (const end of ends) end();
  }
}

process.on('message', (job: ClientJob) => {
  const done: Promise<unknown> = job.job === 'ask' ? ask(job) : job.job === 'load' ? load(job) : fanOut(job);
  done.then(
    (result) => process.send?.({ result }),
    (failure: Error) => process.send?.({ failure: failure.stack ?? failure.message }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
