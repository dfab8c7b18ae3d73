/** What the headers of a request for a WebSocket say. RFC 6455. */
import { badRequestError, unauthorizedError } from '../../kinds/status.ts';
import type { ApiRequest } from '../request.ts';
import { protocolsMax } from './limits.ts';

export function isWebSocketRequest({ headers }: Pick<ApiRequest, 'headers'>): boolean {
  return (
    (headers.connection ?? '').toLowerCase().includes('upgrade') &&
    (headers.upgrade ?? '').toLowerCase() === 'websocket'
  );
}

/** What the client offers, in its order. Throws 400 for too many. */
export function protocolsOf({ headers }: Pick<ApiRequest, 'headers'>): string[] {
  const offered = (headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '');
  if (offered.length > protocolsMax)
    throw badRequestError(
      `at most ${protocolsMax} WebSocket protocols may be offered, not ${offered.length}`,
    );
  return offered;
}

/** RFC 6455, 4.2.1. Throws 400 before anybody is asked anything for the client's sake. */
export function checkHandshake({ method, headers }: ApiRequest): void {
  const fault =
    method !== 'GET'
      ? 'request method is not GET'
      : headers['sec-websocket-version'] !== '13'
        ? "unsupported version: 13 not found in 'Sec-Websocket-Version' header"
        : /^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')
          ? undefined
          : "'Sec-WebSocket-Key' header must be Base64 encoded value of 16-byte in length";
  if (fault !== undefined) throw badRequestError(`websocket: not a websocket handshake: ${fault}`);
}

/** A token in the guise of a protocol, which browsers use because they cannot set headers. */
const tokenProtocol = 'base64url.bearer.authorization.k8s.io.';

/** Source: k8s.io/apiserver pkg/authentication/request/websocket. A token must come with a protocol that is one. */
export function protocolToken(request: Pick<ApiRequest, 'headers'>): string | undefined {
  if (!isWebSocketRequest(request)) return undefined;
  const protocols = protocolsOf(request);
  const tokens = protocols.filter((protocol) => protocol.startsWith(tokenProtocol));
  const [token] = tokens;
  if (token === undefined) return undefined;
  if (tokens.length > 1 || tokens.length === protocols.length) throw unauthorizedError();
  return Buffer.from(token.slice(tokenProtocol.length), 'base64url').toString();
}

/** The protocols that are none of our business: the token is not for the backend. */
export function withoutToken(protocols: string): string {
  return protocols
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => !protocol.startsWith(tokenProtocol))
    .join(', ');
}
