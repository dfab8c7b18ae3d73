/** What the server answers, before it is written. */
import type { ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WherryError } from '../../lib/errors.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A refusal; its message is the answer's body. */
export class Refusal extends WherryError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super('REFUSED', message);
    this.status = status;
    this.headers = headers;
  }
}

const plainText = {
  'content-type': 'text/plain; charset=utf-8',
  // No browser may take words of a container for a page.
  'x-content-type-options': 'nosniff',
};

export const text = (status: number, body: string, headers: Answer['headers'] = {}): Answer => ({
  status,
  headers: { ...plainText, ...headers },
  body,
});

export const json = (value: unknown, status = 200): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

export function answerOf(failure: unknown): Answer {
  if (failure instanceof Refusal) return text(failure.status, failure.message, failure.headers);
  return text(500, failure instanceof Error ? failure.message : String(failure));
}

export function sendAnswer(response: ServerResponse, { status, headers, body }: Answer): void {
  if (response.destroyed) return;
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  response.end(bytes);
}

/** To one who asked for an upgrade, instead of one: the connection ends with it. */
export function sendRawAnswer(socket: Duplex, { status, headers, body }: Answer): void {
  if (socket.destroyed) return;
  const bytes = Buffer.from(body);
  const all = { ...headers, 'content-length': String(bytes.length), connection: 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    Buffer.concat([
      Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`, 'latin1'),
      bytes,
    ]),
  );
}
