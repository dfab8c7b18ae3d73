/** A request that asks for another protocol, passed on: the tunnel is dug when the backend has said 101 (CVE-2018-1002105). */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { timeoutError } from '../../kinds/status.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import { type Asked, ask, NoAnswerError, type Reply } from './ask.ts';
import { refusalText } from './backend-status.ts';
import type { DialTarget } from './dialler.ts';
import { plainError } from './kubelet-target.ts';
import { upgradeAnswerMilliseconds } from './limits.ts';
import { join } from './pipe.ts';
import { answerHeaders } from './proxy-headers.ts';
import type { Tunnels } from './tunnels.ts';

export interface Upgrade {
  readonly target: () => Promise<DialTarget>;
  readonly asked: Asked;
  /** Gives back a place that is taken already. */
  readonly leave?: () => void;
}

/** What a backend answers to an upgrade: the connection, or its refusal as a response. */
export type Upgraded =
  | { readonly message: IncomingMessage; readonly backend: Duplex; readonly leave: () => void }
  | { readonly refusal: ApiResponse };

/** Whether the client asks for another protocol, and this connection could speak it. */
export function asksUpgrade({ headers }: Pick<ApiRequest, 'headers'>): boolean {
  return (headers.connection ?? '').toLowerCase().includes('upgrade');
}

/** Throws what upstream says when there is no connection, or an answer that is neither a tunnel nor a refusal. */
export async function upgradeBackend(
  request: ApiRequest,
  tunnels: Tunnels,
  { target, asked, leave = tunnels.enter() }: Upgrade,
): Promise<Upgraded> {
  const { signal } = request;
  try {
    const connection = await tunnels.dialler.connect(await target(), signal).catch((error: Error) => {
      throw plainError(`error dialing backend: ${error.message}`);
    });
    const { message, upgraded, close } = await answerOf(connection, asked, { signal, tunnels });
    if (upgraded !== undefined) return { message, backend: upgraded, leave };
    const status = message.statusCode ?? 0;
    if (status < 400) {
      close();
      throw plainError(`invalid upgrade response: status code ${status}`);
    }
    const text = await refusalText(message);
    close();
    leave();
    const headers = answerHeaders(message);
    delete headers['content-length'];
    return { refusal: { status, headers, body: [Buffer.from(text)] } };
  } catch (error) {
    leave();
    throw error;
  }
}

async function answerOf(
  connection: Duplex,
  asked: Asked,
  { signal, tunnels }: { signal: AbortSignal; tunnels: Tunnels },
): Promise<Reply> {
  try {
    return await ask(connection, asked, {
      signal,
      clock: tunnels.clock,
      milliseconds: upgradeAnswerMilliseconds,
    });
  } catch (error) {
    if (error instanceof NoAnswerError)
      throw timeoutError('Timeout: the backend did not answer the request to upgrade', 0);
    throw plainError(`error dialing backend: ${(error as Error).message}`);
  }
}

/** Byte for byte: the backend's own head first, then whatever either says. */
export async function tunnel(request: ApiRequest, tunnels: Tunnels, upgrade: Upgrade): Promise<ApiResponse> {
  request.longRunning?.();
  const upgraded = await upgradeBackend(request, tunnels, upgrade);
  if ('refusal' in upgraded) return upgraded.refusal;
  const { message, backend, leave } = upgraded;
  return {
    status: 101,
    headers: {},
    body: [],
    tunnel: (client) => {
      client.write(rawHead(message));
      return join(client, backend, { clock: tunnels.clock, onEnd: leave });
    },
  };
}

/** Node has parsed it: no line of it can hold a line break. */
function rawHead({ rawHeaders }: IncomingMessage): Buffer {
  const lines = ['HTTP/1.1 101 Switching Protocols'];
  for (let index = 0; index < rawHeaders.length; index += 2)
    lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
