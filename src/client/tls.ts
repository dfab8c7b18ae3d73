/**
 * An API server over TLS and HTTP/2: one connection for everything, opened when it is needed and again when it broke.
 * A connection that does not answer pings is given up, so that a watch over a dead link ends.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { onAbort } from '../lib/abort.ts';
import type { Clock } from '../lib/clock.ts';
import type { TlsTarget } from './kubeconfig.ts';
import {
  connectionWindowBytes,
  connectMilliseconds,
  pingAnswerMilliseconds,
  pingMilliseconds,
  responseBytesMax,
  streamWindowBytes,
} from './limits.ts';
import {
  AbortedError,
  type BodyStream,
  type StreamHandlers,
  type Transport,
  TransportError,
  type TransportRequest,
  type TransportResponse,
} from './transport.ts';

export function tlsTransport(target: TlsTarget, options: { clock: Clock }): Transport {
  return new TlsTransport(target, options.clock);
}

class TlsTransport implements Transport {
  readonly #target: TlsTarget;
  readonly #clock: Clock;
  #connection: Connection | undefined;
  #closed = false;

  constructor(target: TlsTarget, clock: Clock) {
    this.#target = target;
    this.#clock = clock;
  }

  async send(request: TransportRequest): Promise<TransportResponse> {
    if (request.signal?.aborted) throw new AbortedError();
    const session = this.#session();
    return exchange(session, request);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#connection?.close();
    this.#connection = undefined;
  }

  /** Requests wait in the session while it connects. */
  #session(): ClientHttp2Session {
    if (this.#closed) throw new TransportError('the transport is closed');
    if (this.#connection === undefined || !this.#connection.isUsable)
      this.#connection = new Connection(this.#target, this.#clock);
    return this.#connection.session;
  }
}

/** A session with its deadline for connecting and its pings. */
class Connection {
  readonly session: ClientHttp2Session;
  readonly #clock: Clock;
  #cancel: () => void;

  constructor(target: TlsTarget, clock: Clock) {
    this.#clock = clock;
    this.session = connect(target.server, {
      ca: target.authority,
      cert: target.certificate,
      key: target.key,
      minVersion: 'TLSv1.2',
      settings: { enablePush: false, initialWindowSize: streamWindowBytes },
    });
    const giveUp = (why: string) => this.session.destroy(new TransportError(why));
    this.#cancel = clock.after(connectMilliseconds, () =>
      giveUp(`${target.server} did not answer within ${connectMilliseconds} ms`),
    );
    // Requests hear of it themselves; without a listener it would be an uncaught error.
    this.session.on('error', () => {});
    this.session.on('close', () => this.#cancel());
    this.session.once('connect', () => {
      this.#cancel();
      this.session.setLocalWindowSize(connectionWindowBytes);
      this.#ping(giveUp);
    });
  }

  get isUsable(): boolean {
    return !this.session.closed && !this.session.destroyed;
  }

  close(): void {
    this.#cancel();
    this.session.destroy(new TransportError('the transport is closed'));
  }

  #ping(giveUp: (why: string) => void): void {
    this.#cancel = this.#clock.after(pingMilliseconds, () => {
      if (this.session.destroyed) return;
      const cancelAnswer = this.#clock.after(pingAnswerMilliseconds, () =>
        giveUp('the server does not answer pings'),
      );
      this.#cancel = cancelAnswer;
      this.session.ping((error) => {
        cancelAnswer();
        if (error === null) this.#ping(giveUp);
      });
    });
  }
}

function exchange(session: ClientHttp2Session, request: TransportRequest): Promise<TransportResponse> {
  return new Promise((resolve, reject) => {
    const { method, url, body, signal } = request;
    const hasBody = body !== undefined && body.length > 0;
    let stream: ClientHttp2Stream;
    try {
      const head = { ...request.headers, ':method': method, ':path': url };
      stream = session.request(hasBody ? { ...head, 'content-length': body.length } : head, {
        endStream: !hasBody,
      });
    } catch (error) {
      reject(failed(request, error));
      return;
    }
    let failure: unknown;
    const giveUp = () => {
      failure = new AbortedError();
      stream.close(constants.NGHTTP2_CANCEL);
      reject(failure);
    };
    const takeOff = signal === undefined ? () => {} : onAbort(signal, giveUp);
    stream.on('error', (error) => {
      failure ??= failed(request, error);
    });
    stream.on('close', () => {
      takeOff();
      reject(failure ?? failed(request, undefined));
    });
    stream.once('response', (received) => {
      const { status, headers } = headOf(received);
      if (request.stream && status === 200)
        resolve({ status, headers, body: new StreamBody(stream, () => failure) });
      else gather(stream, { request, resolve: (bytes) => resolve({ status, headers, body: bytes }) });
    });
    if (hasBody) stream.end(body);
  });
}

const failed = (request: TransportRequest, error: unknown): Error =>
  error instanceof AbortedError || error instanceof TransportError
    ? error
    : new TransportError(
        `${request.method} ${request.url} got no answer: ${error instanceof Error ? error.message : 'the stream was closed'}`,
        error,
      );

type ReceivedHeaders = Readonly<Record<string, string | string[] | number | undefined>>;

function headOf(received: ReceivedHeaders): { status: number; headers: Record<string, string | string[]> } {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(received))
    if (!name.startsWith(':') && value !== undefined)
      headers[name] = Array.isArray(value) ? value : String(value);
  return { status: Number(received[':status']), headers };
}

/** The whole body; one that is too large or breaks off is no answer. */
function gather(
  stream: ClientHttp2Stream,
  { request, resolve }: { request: TransportRequest; resolve: (bytes: Uint8Array) => void },
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > responseBytesMax)
      stream.destroy(
        new TransportError(
          `${request.method} ${request.url} answers with more than ${responseBytesMax} bytes`,
        ),
      );
    else chunks.push(chunk);
  });
  stream.on('end', () => {
    if (!stream.aborted) resolve(Buffer.concat(chunks, bytes));
  });
}

/** The body of an HTTP/2 answer as it comes. Node's flow control holds the server back while nobody reads. */
class StreamBody implements BodyStream {
  readonly #stream: ClientHttp2Stream;
  readonly #failure: () => unknown;
  #over = false;

  /** `failure` says why the stream was closed, when it is known. */
  constructor(stream: ClientHttp2Stream, failure: () => unknown) {
    this.#stream = stream;
    this.#failure = failure;
  }

  open(handlers: StreamHandlers): void {
    const stream = this.#stream;
    const end = (error?: Error) => {
      if (this.#over) return;
      this.#over = true;
      handlers.onEnd(error);
    };
    const broken = (): Error => {
      const failure = this.#failure();
      return failure instanceof Error ? failure : new TransportError('the stream broke off');
    };
    if (this.#over || stream.destroyed) {
      this.#over = false;
      end(broken());
      return;
    }
    stream.on('data', (chunk: Buffer) => {
      if (this.#over) return;
      try {
        handlers.onChunk(chunk);
      } catch (error) {
        stream.close(constants.NGHTTP2_CANCEL);
        end(new TransportError('the reader of the stream failed', error));
      }
    });
    let ended = false;
    stream.on('end', () => {
      ended = true;
    });
    // A reset shows as an end too: only the code on close tells them apart.
    stream.on('close', () =>
      end(ended && stream.rstCode === constants.NGHTTP2_NO_ERROR ? undefined : broken()),
    );
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }
}
