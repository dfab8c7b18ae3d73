/**
 * pods/proxy, services/proxy and nodes/proxy: every method, path and query as they came, bodies in both directions as
 * they come. Source: apimachinery's UpgradeAwareHandler and Transport.
 */
import type { IncomingMessage } from 'node:http';
import { badRequestError, StatusError } from '../../kinds/status.ts';
import type { ResourceRequest } from '../context.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import { type Asked, ask, type Reply } from './ask.ts';
import { passOn } from './pass-answer.ts';
import { restOfUrl } from './paths.ts';
import { answerHeaders, requestHeaders } from './proxy-headers.ts';
import { locate, type ProxyLocation } from './proxy-location.ts';
import { type Rewriting, rewriteUrl } from './rewrite.ts';
import { rewritePage } from './rewrite-page.ts';
import type { Tunnels } from './tunnels.ts';
import { asksUpgrade, tunnel } from './upgrade.ts';

export async function proxy(resource: ResourceRequest, tunnels: Tunnels): Promise<ApiResponse> {
  const { request } = resource;
  const { prefix, rest, query } = placesOf(resource);
  const location = await locate(resource, tunnels);
  const path = `${rest === '' ? '/' : rest}${query}`;
  if (asksUpgrade(request) && request.canTunnel === true) {
    const headers = requestHeaders(request, { upgrades: true });
    return tunnel(request, tunnels, {
      target: location.target,
      asked: { method: request.method, path, headers },
    });
  }
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  // Relative links of a page at the root would else lead beside it.
  if (rest === '' && isReading) return { status: 301, headers: { location: `${prefix}/${query}` }, body: [] };
  if (request.method === 'CONNECT' || request.method === 'TRACE')
    throw badRequestError(`${request.method} cannot be passed on`);
  request.longRunning?.();
  const leave = tunnels.enter();
  try {
    const headers = requestHeaders(request, { upgrades: false });
    headers['x-forwarded-uri'] = `${prefix}${rest}`;
    const asked = { method: request.method, path, ...bodyOf(request, headers) };
    const reply = await send(request, tunnels, { location, asked });
    if (reply.upgraded !== undefined) {
      reply.close();
      throw unreachable(
        `backend tried to switch protocol ${protocolOf(reply.message)} when "" was requested`,
      );
    }
    const end = () => {
      leave();
      reply.close();
    };
    const rewriting = { prefix, backendHost: location.host, clientHost: headers.host ?? '' };
    return await answer(reply.message, { rewriting, onEnd: end });
  } catch (error) {
    leave();
    throw error;
  }
}

/** Where the proxied path begins in the URL, which goes on as the client wrote it. */
function placesOf({ request, info }: ResourceRequest): { prefix: string; rest: string; query: string } {
  const path = request.url.split('?', 1)[0] as string;
  const segments = path.split('/').filter((segment) => segment !== '').length - info.rest.length;
  const { rest, query } = restOfUrl(request.url, segments);
  return { prefix: path.slice(0, path.length - rest.length), rest, query };
}

function bodyOf(request: ApiRequest, headers: Record<string, string>): Pick<Asked, 'headers' | 'body'> {
  if (request.openBody === undefined) {
    const { body } = request;
    if (body.length === 0) return { headers };
    return { headers: { ...headers, 'content-length': String(body.length) }, body };
  }
  const isChunked = headers['content-length'] === undefined;
  return {
    headers: isChunked ? { ...headers, 'transfer-encoding': 'chunked' } : headers,
    body: request.openBody(),
  };
}

async function send(
  { signal }: ApiRequest,
  tunnels: Tunnels,
  { location, asked }: { location: ProxyLocation; asked: Asked },
): Promise<Reply> {
  try {
    const connection = await tunnels.dialler.connect(await location.target(), signal);
    return await ask(connection, asked, { signal, clock: tunnels.clock });
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw unreachable((error as Error).message);
  }
}

const unreachable = (why: string): StatusError =>
  new StatusError(503, 'ServiceUnavailable', `error trying to reach service: ${why}`);

const protocolOf = ({ headers }: IncomingMessage): string => JSON.stringify(headers.upgrade ?? '');

async function answer(
  message: IncomingMessage,
  { rewriting, onEnd }: { rewriting: Rewriting; onEnd: () => void },
): Promise<ApiResponse> {
  const headers = answerHeaders(message);
  const status = message.statusCode ?? 502;
  const { location } = message.headers;
  if (location !== undefined && location !== '') headers.location = rewriteUrl(location, rewriting);
  else if (isPage(message)) {
    const page = await rewritePage(message, rewriting);
    if (page !== undefined) {
      onEnd();
      delete headers['content-length'];
      return { status, headers, body: [page] };
    }
  }
  return { status, headers, body: passOn(message, { onEnd, cutWhenBroken: true }) };
}

function isPage({ headers }: IncomingMessage): boolean {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim() === 'text/html';
}
