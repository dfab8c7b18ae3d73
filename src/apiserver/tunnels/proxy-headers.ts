/** Headers on their way through. Sources: net/http/httputil ReverseProxy, apimachinery's corsRemovingTransport. */
import type { IncomingMessage } from 'node:http';
import type { ApiRequest } from '../request.ts';
import { withoutToken } from './websocket-head.ts';

/** Meant for the next hop alone: RFC 9110, 7.6.1. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Who the caller is, is between the caller and this server. */
const identity = /^(authorization|impersonate-.*|x-remote-(user|uid|group|extra-.*))$/;

const corsHeaders: ReadonlySet<string> = new Set([
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
]);

/** The names that a `connection` header lists. */
function listed(connection: string | undefined): Set<string> {
  return new Set((connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
}

/** What goes on to the backend. `upgrades`: the request to speak another protocol goes on, too. */
export function requestHeaders(
  { headers, remoteAddress }: Pick<ApiRequest, 'headers' | 'remoteAddress'>,
  { upgrades }: { upgrades: boolean },
): Record<string, string> {
  const skipped = listed(headers.connection);
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(':') || hopByHop.has(name) || skipped.has(name)) continue;
    if (identity.test(name) || name === 'expect') continue;
    kept[name] = value;
  }
  // HTTP/2 has another name for it.
  kept.host ??= headers[':authority'] ?? '';
  const protocols = withoutToken(kept['sec-websocket-protocol'] ?? '');
  if (protocols !== '') kept['sec-websocket-protocol'] = protocols;
  else delete kept['sec-websocket-protocol'];
  if (upgrades) {
    kept.connection = 'Upgrade';
    if (headers.upgrade !== undefined) kept.upgrade = headers.upgrade;
  }
  if (remoteAddress !== undefined) {
    const before = kept['x-forwarded-for'];
    kept['x-forwarded-for'] = before === undefined ? remoteAddress : `${before}, ${remoteAddress}`;
  }
  return kept;
}

/** What goes back to the client. */
export function answerHeaders({ headers }: IncomingMessage): Record<string, string | string[]> {
  const skipped = listed(headers.connection);
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !hopByHop.has(name) && !skipped.has(name) && !corsHeaders.has(name))
      kept[name] = value;
  return kept;
}
