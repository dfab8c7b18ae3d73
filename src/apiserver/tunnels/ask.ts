/** One HTTP/1.1 request on a connection of its own. Redirects are answers like any other: nothing is ever followed. */
import { type ClientRequest, type IncomingMessage, request as startRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { onAbort } from '../../lib/abort.ts';
import type { Clock } from '../../lib/clock.ts';
import { answerHeadBytesMax } from './limits.ts';

export interface Asked {
  readonly method: string;
  /** Path and query, as they are to be sent. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Goes out as it comes. */
  readonly body?: Readable | Uint8Array | undefined;
}

export interface AskOptions {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** When the head of the answer is not there by then, it is given up. */
  readonly milliseconds?: number | undefined;
}

export interface Reply {
  readonly message: IncomingMessage;
  /** With status 101: the connection, with whatever came behind the head first in it. */
  readonly upgraded: Duplex | undefined;
  /** Ends the connection. */
  readonly close: () => void;
}

/** The other side has not answered in time. */
export class NoAnswerError extends Error {}

/** Rejects in Go's words when the connection ends before there is an answer. Owns the connection, whatever happens. */
export async function ask(connection: Duplex, asked: Asked, options: AskOptions): Promise<Reply> {
  const close = () => connection.destroy();
  const request = requestOn(connection, asked);
  const answered = new Promise<Reply>((resolve, reject) => {
    const fail = (error: Error) => {
      cancel();
      takeOff();
      close();
      reject(error);
    };
    const { milliseconds, clock, signal } = options;
    const cancel =
      milliseconds === undefined
        ? () => {}
        : clock.after(milliseconds, () =>
            fail(new NoAnswerError('net/http: timeout awaiting response headers')),
          );
    // Also later: whoever reads the answer to its end must not wait for it when nobody else does.
    const takeOff = onAbort(signal, () => fail(new Error('context canceled')));
    connection.once('close', takeOff);
    if (signal.aborted) fail(new Error('context canceled'));
    request.once('response', (message) => {
      cancel();
      resolve({ message, upgraded: undefined, close });
    });
    request.once('upgrade', (message, socket, head) => {
      cancel();
      if (head.length > 0) socket.unshift(head);
      resolve({ message, upgraded: socket, close });
    });
    request.on('error', (error: NodeJS.ErrnoException) => fail(new Error(askFailure(error))));
  });
  sendBody(request, asked.body);
  return answered;
}

/** Throws for what HTTP/1.1 cannot say. */
function requestOn(connection: Duplex, { method, path, headers }: Asked): ClientRequest {
  try {
    return startRequest({
      createConnection: () => connection as Socket,
      method,
      path,
      // A server that may close when it has answered does so, perhaps, with the rest of the body unread, and thereby
      // takes the answer away. The connection is ended here, when all has been read.
      headers: { connection: 'keep-alive', ...headers },
      setHost: false,
      maxHeaderSize: answerHeadBytesMax,
    });
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

function sendBody(request: ClientRequest, body: Asked['body']): void {
  if (body === undefined || body instanceof Uint8Array) {
    request.end(body);
    return;
  }
  body.pipe(request);
  const cut = () => {
    if (!body.readableEnded) request.destroy();
  };
  body.once('error', cut);
  body.once('close', cut);
  request.once('close', () => body.unpipe(request));
}

function askFailure({ code = '', message }: NodeJS.ErrnoException): string {
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'EOF';
  if (code === 'HPE_HEADER_OVERFLOW') return 'net/http: server response headers exceeded the limit';
  if (code.startsWith('HPE_')) return `malformed HTTP response: ${message}`;
  return message;
}
