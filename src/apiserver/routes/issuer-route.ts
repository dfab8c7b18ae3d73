/** How others verify service account tokens: OpenID Connect discovery. Source: pkg/serviceaccount/openidmetadata.go. */
import type { Tokens } from '../tokens/tokens.ts';
import type { Route } from './routes.ts';

const keySetPath = '/openid/v1/jwks';

/** `serverAddress` is `host:port`. */
export function issuerRoute(tokens: Tokens, serverAddress: string): Route {
  const documents: Readonly<Record<string, { type: string; value: object }>> = {
    '/.well-known/openid-configuration': {
      type: 'application/json',
      value: tokens.discovery(`https://${serverAddress}${keySetPath}`),
    },
    [keySetPath]: { type: 'application/jwk-set+json', value: tokens.keySet() },
  };
  return ({ info }) => {
    if (info.verb !== 'get' && info.verb !== 'head') return undefined;
    // Clients made from the API's description ask with a slash at the end, as it has these paths.
    const path = info.path.endsWith('/') ? info.path.slice(0, -1) : info.path;
    const document = Object.hasOwn(documents, path) ? documents[path] : undefined;
    if (document === undefined) return undefined;
    return {
      status: 200,
      headers: { 'content-type': document.type, 'cache-control': 'public, max-age=3600' },
      body: [Buffer.from(JSON.stringify(document.value))],
    };
  };
}
