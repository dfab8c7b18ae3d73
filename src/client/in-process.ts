/** The API server of this process as a transport: no sockets, no copies, chunks arrive as the server writes them. */
import { onAbort } from '../lib/abort.ts';
import { responseBytesMax } from './limits.ts';
import {
  AbortedError,
  abortable,
  type BodyStream,
  type StreamHandlers,
  type Transport,
  TransportError,
  type TransportRequest,
  type TransportResponse,
} from './transport.ts';

/** Whom an in-process caller speaks as. */
export interface Caller {
  readonly name: string;
  readonly groups: readonly string[];
}

interface HandlerSink {
  write(chunk: Uint8Array): void;
  pendingBytes(): number;
  end(): void;
}

type StreamingBody = (sink: HandlerSink) => () => void;

/** The shape of the API server's `handle`; this folder stands below it and does not import it. */
export type InProcessHandler = (request: {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
  readonly user: Caller | undefined;
  readonly signal: AbortSignal;
}) => Promise<{
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: readonly Uint8Array[] | StreamingBody;
}>;

const noBody = new Uint8Array();
const neverAborted = new AbortController().signal;

export function inProcessTransport(handler: InProcessHandler, options: { user: Caller }): Transport {
  const streams = new Set<BodyStream>();
  let closed = false;
  return {
    async send(request) {
      if (closed) throw new TransportError('the transport is closed');
      const { signal } = request;
      if (signal?.aborted) throw new AbortedError();
      const response = await abortable(
        handler({
          method: request.method,
          url: request.url,
          headers: { ...request.headers },
          body: request.body ?? noBody,
          user: options.user,
          signal: signal ?? neverAborted,
        }),
        signal,
      );
      const { status, headers, body } = response;
      if (typeof body !== 'function') return { status, headers, body: joined(body) };
      return { status, headers, body: streamOf(body, request, streams) };
    },
    async close() {
      closed = true;
      for (const stream of [...streams]) endStream(stream, new TransportError('the transport is closed'));
    },
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  let bytes = 0;
  for (const part of parts) bytes += part.length;
  if (bytes > responseBytesMax)
    throw new TransportError(`the answer has ${bytes} bytes, at most ${responseBytesMax} are taken`);
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts, bytes);
}

/** How the transport ends a stream with an error. */
const enders = new WeakMap<BodyStream, (error: Error) => void>();
const endStream = (stream: BodyStream, error: Error) => enders.get(stream)?.(error);

/** A server's writing to a sink, as a stream that can be cancelled from either side. */
function streamOf(
  body: StreamingBody,
  request: TransportRequest,
  streams: Set<BodyStream>,
): TransportResponse['body'] {
  let handlers: StreamHandlers | undefined;
  let over = false;
  let stopServer: (() => void) | undefined;
  const finish = (error?: Error, silent = false) => {
    if (over) return;
    over = true;
    streams.delete(stream);
    takeOff();
    stopServer?.();
    if (!silent) handlers?.onEnd(error);
  };
  let takeOff = () => {};
  const sink: HandlerSink = {
    write(chunk) {
      if (over) return;
      // What the reader throws is the reader's: the server that writes must not meet it.
      try {
        handlers?.onChunk(chunk);
      } catch (error) {
        finish(new TransportError('the reader of the stream failed', error));
      }
    },
    pendingBytes: () => 0,
    end: () => finish(),
  };
  const stream: BodyStream = {
    open(given) {
      if (request.signal?.aborted) over = true;
      if (over) {
        given.onEnd(new AbortedError());
        return;
      }
      handlers = given;
      const stop = body(sink);
      // The stream may have ended while it was being opened.
      if (over) stop();
      else stopServer = stop;
    },
    cancel: () => finish(undefined, true),
  };
  enders.set(stream, finish);
  streams.add(stream);
  if (request.signal !== undefined) takeOff = onAbort(request.signal, () => finish(new AbortedError()));
  return stream;
}
