import type { Kind } from '../../kinds/kind.ts';
import { Discovery } from '../discovery.ts';
import type { Route } from './routes.ts';

/** /api and /apis and what is below them, resources apart. `serverAddress` is `host:port`. */
export function discoveryRoute(kinds: readonly Kind[], serverAddress: string): Route {
  const discovery = new Discovery(kinds, serverAddress);
  return ({ info, request }) => {
    if (info.verb !== 'get' && info.verb !== 'head') return undefined;
    const path = info.path.length > 1 && info.path.endsWith('/') ? info.path.slice(0, -1) : info.path;
    const answer = discovery.answer(path, request.headers.accept);
    if (answer === undefined) return undefined;
    const headers = {
      'content-type': answer.contentType,
      'cache-control': 'no-cache, private',
      vary: 'Accept',
      ...(answer.etag === undefined ? {} : { etag: answer.etag }),
    };
    if (answer.etag !== undefined && request.headers['if-none-match'] === answer.etag)
      return { status: 304, headers, body: [] };
    return { status: 200, headers, body: [answer.body] };
  };
}
