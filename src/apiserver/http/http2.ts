import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../lib/clock.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import { Exchange, type Shared } from './exchange.ts';
import { headerValue } from './header-text.ts';
import { type Identity, identityOf } from './identity.ts';
import { methodNotAllowed } from './refusals.ts';

/** What is kept for each HTTP/2 connection. */
export class Http2Connection {
  readonly session: ServerHttp2Session;
  readonly identity: Identity;
  openStreams = 0;
  /** When the last stream ended, in monotonic milliseconds. */
  idleSince: number;
  readonly #clock: Clock;

  constructor(session: ServerHttp2Session, clock: Clock) {
    this.session = session;
    this.identity = identityOf(session.socket as TLSSocket);
    this.#clock = clock;
    this.idleSince = clock.monotonic();
  }

  streamClosed(): void {
    if (--this.openStreams === 0) this.idleSince = this.#clock.monotonic();
  }
}

/**
 * Serves the streams of a connection through the core API. The compatibility API (`request` events) costs about a
 * third of a small GET's time.
 */
export function serveStream(
  shared: Shared,
  connection: Http2Connection,
  incoming: { stream: ServerHttp2Stream; headers: IncomingHttpHeaders; flags: number },
): void {
  const exchange = new Http2Exchange(shared, connection, incoming);
  if (exchange.method === 'CONNECT' || !exchange.url.startsWith('/')) exchange.refuse(methodNotAllowed);
  else exchange.begin((incoming.flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0);
}

class Http2Exchange extends Exchange {
  readonly #connection: Http2Connection;
  readonly #stream: ServerHttp2Stream;
  /** A stream of HTTP/2 is no connection (RFC 9113, 8.6). */
  readonly canTunnel = false;

  constructor(
    shared: Shared,
    connection: Http2Connection,
    incoming: { stream: ServerHttp2Stream; headers: IncomingHttpHeaders },
  ) {
    const { stream, headers } = incoming;
    super(shared, {
      method: headers[':method'] ?? '',
      url: headers[':path'] ?? '',
      // Node gives an array for set-cookie only, which no request has a use for.
      headers: headers as ApiRequest['headers'],
      identity: connection.identity,
      remoteAddress: connection.session.socket?.remoteAddress,
    });
    this.#connection = connection;
    this.#stream = stream;
    connection.openStreams++;
    // Without a listener a reset by the client would be an uncaught error; `close` follows it anyway.
    stream.on('error', ignore);
    // Once: V8 takes the streams of Node along into its old space, and whatever their listeners still hold.
    stream.once('close', () => {
      connection.streamClosed();
      this.closed();
    });
  }

  protected get target(): ServerHttp2Stream {
    return this.#stream;
  }

  protected get source(): ServerHttp2Stream {
    return this.#stream;
  }

  protected sendHead(response: ApiResponse, length: number | undefined): void {
    const headers: OutgoingHttpHeaders = { ':status': response.status };
    for (const name in response.headers) {
      if (name === 'connection') this.#goAway();
      else headers[name] = headerValue(response.headers[name]!);
    }
    if (length !== undefined) headers['content-length'] = length;
    if (this.#stream.closed || this.#stream.destroyed) return;
    this.#stream.respond(headers, length === 0 ? noBody : undefined);
    this.headSent = true;
  }

  protected sendContinue(): void {
    this.#stream.additionalHeaders({ ':status': 100 });
  }

  /** The stream is reset once the response is out; other streams of the connection go on. */
  protected abandonBody(): void {
    this.#stream.resume();
    this.#stream.once('finish', () => this.#stream.close(constants.NGHTTP2_NO_ERROR));
  }

  destroy(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  /** HTTP/2 has no `connection: close`; as Go does, take no more requests on this connection and let those under way end. */
  #goAway(): void {
    setImmediate(() => {
      if (!this.#connection.session.closed) this.#connection.session.close();
    });
  }
}

const noBody = { endStream: true };

function ignore(): void {}
