/**
 * Carries a stream between whoever asked for it and the container runtime's streaming server. Nothing is a tunnel before
 * the runtime has answered 101 (CVE-2018-1002105), redirects are not followed, and the runtime is believed only about
 * addresses of this machine itself. Source: UpgradeAwareHandler of apimachinery/util/proxy.
 */
import { type IncomingMessage, type OutgoingHttpHeaders, request as startRequest } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { onAbort } from '../../lib/abort.ts';
import type { Clock } from '../../lib/clock.ts';
import { Refusal } from './answer.ts';
import { serverLimits } from './limits.ts';

export interface TunnelClient {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What came behind the request already. */
  readonly head: Buffer;
}

interface Backend {
  readonly response: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** What the runtime needs to know; who asks, and as whom, is none of its business. */
const passedHeaders = [
  'connection',
  'upgrade',
  'x-stream-protocol-version',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
  'origin',
  'user-agent',
];

const loopback = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/** Throws a Refusal unless it is a plain address of this machine itself. */
export function streamingTarget(address: string): { host: string; port: number; path: string } {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== 'http:' || !loopback.test(url.hostname) || !(Number(url.port) > 0) || url.username)
    throw new Refusal(
      500,
      'the container runtime gave an address for the stream that is not of this machine',
    );
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port),
    path: `${url.pathname}${url.search}`,
  };
}

/**
 * Resolves when the stream has ended. Throws a Refusal as long as nothing has been answered, in the runtime's words where
 * it was the one who refused.
 */
export async function tunnel(
  client: TunnelClient,
  address: string,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  const backend = await dial(client, address, { clock, signal });
  const { response } = backend;
  const lines = [`HTTP/1.1 101 ${response.statusMessage ?? 'Switching Protocols'}`];
  for (let at = 0; at < response.rawHeaders.length; at += 2)
    lines.push(`${response.rawHeaders[at]}: ${response.rawHeaders[at + 1]}`);
  client.socket.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
  if (backend.head.length > 0) client.socket.write(backend.head);
  if (client.head.length > 0) backend.socket.write(client.head);
  await join(client.socket, backend.socket, { clock, signal });
}

function dial(
  { request, socket }: TunnelClient,
  address: string,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<Backend> {
  const { host, port, path } = streamingTarget(address);
  const headers: OutgoingHttpHeaders = {};
  for (const name of passedHeaders) {
    const values = request.headersDistinct[name];
    if (values !== undefined) headers[name] = values;
  }
  return new Promise((resolve, reject) => {
    // Either side may end what it says and go on listening.
    const connection = connect({ host, port, allowHalfOpen: true });
    const asked = startRequest({
      ...{ host, port, path, headers, method: request.method },
      maxHeaderSize: serverLimits.headerBytesMax,
      createConnection: () => connection,
    });
    const finish = () => {
      cancel();
      takeOff();
      socket.off('close', giveUp);
    };
    const refuse = (failure: Refusal) => {
      finish();
      asked.destroy();
      // An answer that was read to its end has let go of it.
      connection.destroy();
      reject(failure);
    };
    const giveUp = () => refuse(new Refusal(504, 'the container runtime did not answer in time'));
    const cancel = clock.after(serverLimits.dialMilliseconds, giveUp);
    const takeOff = onAbort(signal, giveUp);
    socket.once('close', giveUp);
    asked.on('error', (failure) => refuse(new Refusal(502, `error dialing backend: ${failure.message}`)));
    asked.once('upgrade', (response, backend, head) => {
      finish();
      if (response.statusCode === 101) return resolve({ response, socket: backend, head });
      refuse(noStream(response.statusCode));
    });
    asked.once('response', (response) => {
      void refusalOf(response).then(refuse);
    });
    asked.end();
  });
}

const noStream = (status = 502) =>
  new Refusal(status < 400 ? 502 : status, `the container runtime answered ${status} instead of a stream`);

/** What it answered instead of a stream. */
async function refusalOf(response: IncomingMessage): Promise<Refusal> {
  const { statusCode: status = 502 } = response;
  let body = Buffer.alloc(0);
  try {
    for await (const chunk of response) {
      body = Buffer.concat([body, chunk as Buffer]);
      if (body.length >= serverLimits.refusalBytesMax) break;
    }
  } catch {
    // The status is enough.
  }
  if (status < 400) return noStream(status);
  return new Refusal(status, body.toString('utf8', 0, serverLimits.refusalBytesMax));
}

/** Bytes in both directions, each at the pace of the slower side; an end is passed on, a failure ends both. */
function join(
  client: Duplex,
  backend: Duplex,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  return new Promise((resolve) => {
    const endBoth = () => {
      client.destroy();
      backend.destroy();
    };
    const takeOff = onAbort(signal, endBoth);
    let cancel = () => {};
    let open = 2;
    const closed = (other: Duplex) => {
      open--;
      if (open === 0) {
        cancel();
        takeOff();
        resolve();
        return;
      }
      // It may have bytes to get rid of, but nobody to hear from. The runtime resets a connection on which something came
      // that it did not wait for, and what it said before that must arrive.
      other.end();
      cancel = clock.after(serverLimits.lingerMilliseconds, endBoth);
    };
    client.on('error', () => {}).once('close', () => closed(backend));
    backend.on('error', () => {}).once('close', () => closed(client));
    client.pipe(backend);
    backend.pipe(client);
    if (client.destroyed || signal.aborted) endBoth();
  });
}
