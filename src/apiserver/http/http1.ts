import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { StatusError } from '../../kinds/status.ts';
import { lingerBytesMax } from '../limits.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import { isTunnelPath } from '../tunnels/paths.ts';
import { Exchange, type Shared } from './exchange.ts';
import { headerValue } from './header-text.ts';
import { type Identity, identityOf } from './identity.ts';
import {
  expectationFailed,
  headersTooLarge,
  malformedRequest,
  methodNotAllowed,
  missingHost,
  requestTimedOut,
} from './refusals.ts';
import { rawStatusMessage } from './status-response.ts';

/** What is kept for each HTTP/1.1 connection: who it is, and the requests that are under way on it, one behind the other. */
interface Http1Connection {
  readonly identity: Identity;
  readonly exchanges: Set<Http1Exchange>;
}

const connections = new WeakMap<Duplex, Http1Connection>();

function connectionOf(socket: Duplex): Http1Connection {
  const found = connections.get(socket);
  if (found !== undefined) return found;
  const connection = { identity: identityOf(socket as TLSSocket), exchanges: new Set<Http1Exchange>() };
  connections.set(socket, connection);
  return connection;
}

/**
 * Whether an `upgrade` header is heeded: where a tunnel can come of it. Elsewhere it is ignored, as RFC 9110 7.8 allows.
 * A body before the tunnel is nobody's custom, and the parser gives up at the end of the head.
 */
export function mayUpgrade(request: IncomingMessage): boolean {
  return hasNoBody(request) && isTunnelPath(originForm(request.url ?? ''));
}

/** Serves a request that asks for another protocol. Whatever the answer, no other request follows on this connection. */
export function serveUpgrade(
  shared: Shared,
  request: IncomingMessage,
  { socket, head }: { socket: Duplex; head: Uint8Array },
): void {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as Socket);
  response.once('finish', () => {
    // What the client has sent already is thrown away: closing with bytes unread could take the answer from it.
    socket.resume();
    socket.end();
    const cancel = shared.clock.after(shared.settings.lingerMilliseconds, () => socket.destroy());
    socket.once('close', cancel);
  });
  socket.on('error', ignore);
  if (head.length > 0) socket.unshift(head);
  const exchange = new Http1Exchange(shared, connectionOf(socket), { request, response, upgrades: true });
  if (request.headers.host === undefined && request.httpVersion === '1.1') exchange.refuse(missingHost);
  else exchange.begin(true);
}

/** Serves one request. */
export function serveRequest(shared: Shared, request: IncomingMessage, response: ServerResponse): void {
  const connection = connectionOf(request.socket);
  const exchange = new Http1Exchange(shared, connection, { request, response, upgrades: false });
  const { expect } = request.headers;
  if (request.headers.host === undefined && request.httpVersion === '1.1') exchange.refuse(missingHost);
  else if (expect !== undefined && expect.toLowerCase() !== '100-continue')
    exchange.refuse(expectationFailed);
  else if (!exchange.url.startsWith('/')) exchange.refuse(methodNotAllowed);
  else exchange.begin(hasNoBody(request));
}

/** A message without a length and without chunks has no body (RFC 9112 6.3). */
function hasNoBody(request: IncomingMessage): boolean {
  const { headers } = request;
  return (
    headers['transfer-encoding'] === undefined &&
    (headers['content-length'] === undefined || headers['content-length'] === '0')
  );
}

/** `GET https://host/path` is to be taken like `GET /path` (RFC 9112 3.2.2). */
function originForm(url: string): string {
  const absolute = /^https?:\/\/[^/?#]*/i.exec(url);
  if (absolute === null) return url;
  const rest = url.slice(absolute[0].length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

class Http1Exchange extends Exchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly canTunnel: boolean;
  #lingers = false;

  constructor(
    shared: Shared,
    connection: Http1Connection,
    incoming: { request: IncomingMessage; response: ServerResponse; upgrades: boolean },
  ) {
    const { request, response } = incoming;
    super(shared, {
      method: request.method ?? '',
      url: originForm(request.url ?? ''),
      headers: request.headers as ApiRequest['headers'],
      identity: connection.identity,
      remoteAddress: incoming.request.socket.remoteAddress,
    });
    connection.exchanges.add(this);
    this.canTunnel = incoming.upgrades;
    this.#request = request;
    this.#response = response;
    request.on('error', ignore);
    response.on('error', ignore);
    // Emitted when the response is done and when the connection is lost, whichever is first.
    response.on('close', () => {
      connection.exchanges.delete(this);
      this.closed();
    });
  }

  protected get target(): ServerResponse {
    return this.#response;
  }

  protected get source(): IncomingMessage {
    return this.#request;
  }

  get hasAnswered(): boolean {
    return this.headSent;
  }

  protected sendHead(response: ApiResponse, length: number | undefined): void {
    const to = this.#response;
    for (const name in response.headers) to.setHeader(name, headerValue(response.headers[name]!));
    if (length !== undefined && response.status !== 204 && response.status !== 304)
      to.setHeader('content-length', length);
    if (this.shared.draining) to.setHeader('connection', 'close');
    to.writeHead(response.status);
    this.headSent = true;
    // A watch's head must not wait for its first event.
    if (length === undefined) to.flushHeaders();
  }

  protected sendContinue(): void {
    this.#response.writeContinue();
  }

  protected override handOver(start: (client: Duplex) => () => void): () => void {
    const { socket } = this.#request;
    this.#response.detachSocket(socket);
    socket.once('close', () => this.closed());
    return start(socket);
  }

  /**
   * The connection cannot be used again. Closing it at once, with bytes unread, would reset it and could take the
   * answer away from the client, so what still comes is read and thrown away, within bounds; see `finish`.
   */
  protected abandonBody(): void {
    this.#lingers = true;
    this.#response.setHeader('connection', 'close');
  }

  protected override finish(bytes: Uint8Array | undefined): void {
    const request = this.#request;
    const response = this.#response;
    if (!this.#lingers || request.complete || bytes === undefined) {
      response.end(bytes);
      return;
    }
    response.write(bytes);
    let unread = 0;
    request.on('data', (chunk: Uint8Array) => {
      unread += chunk.length;
      if (unread > lingerBytesMax) response.end();
    });
    request.once('end', () => response.end());
    const cancel = this.shared.clock.after(this.shared.settings.lingerMilliseconds, () => response.end());
    response.once('close', cancel);
  }

  destroy(): void {
    this.#request.socket.destroy();
  }
}

/** Connections that have had their refusal; what still comes on them is thrown away until they are closed. */
const refused = new WeakSet<Duplex>();

/** Answers what could not be parsed, unless an answer is already on its way: then there is no room for another. */
export function refuseMalformed(shared: Shared, failure: Error & { code?: string }, socket: Duplex): void {
  if (refused.has(socket)) return;
  const answered = [...(connections.get(socket)?.exchanges ?? [])].some(({ hasAnswered }) => hasAnswered);
  // TLS failures come here too: without an agreed protocol there was no handshake, and nothing can be said.
  const agreed = (socket as TLSSocket).alpnProtocol !== null;
  if (!socket.writable || !agreed || failure.code === 'ECONNRESET' || answered) {
    socket.destroy();
    return;
  }
  refused.add(socket);
  socket.on('error', ignore);
  socket.end(rawStatusMessage(errorOf(failure.code)));
  // As after any refusal, the client gets time to read it before the connection is cut.
  const cancel = shared.clock.after(shared.settings.lingerMilliseconds, () => socket.destroy());
  socket.once('close', cancel);
}

function errorOf(code: string | undefined): StatusError {
  if (code === 'HPE_HEADER_OVERFLOW') return headersTooLarge;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return requestTimedOut;
  return malformedRequest;
}

/** CONNECT asks for a proxy; Node hands over the bare socket. */
export function refuseConnect(socket: Duplex): void {
  socket.on('error', ignore);
  socket.end(rawStatusMessage(methodNotAllowed), () => socket.destroy());
}

function ignore(): void {}
