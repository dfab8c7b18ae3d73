/** Which paths reach into nodes and pods: the skin must know before it reads a body or heeds an `upgrade` header. */

const connectPath = /^\/+api\/+v1\/+namespaces\/+[^/?]+\/+pods\/+[^/?]+\/+(exec|attach|portforward)\/*(\?|$)/;
const proxyPath = /^\/+api\/+v1\/+(namespaces\/+[^/?]+\/+(pods|services)|nodes)\/+[^/?]+\/+proxy(\/|\?|$)/;

/** The answer may be a tunnel. */
export const isTunnelPath = (url: string): boolean => connectPath.test(url) || proxyPath.test(url);

/** The body goes on to somebody else, as it comes, and is not ours to bound. */
export const isPassedOn = (url: string): boolean => proxyPath.test(url);

/**
 * What stands behind the first `segments` segments of a URL's path, exactly as the client wrote it, and its query with
 * the question mark: `/api/v1/nodes/n/proxy//a%2Fb?c` and 5 give `//a%2Fb` and `?c`.
 */
export function restOfUrl(url: string, segments: number): { rest: string; query: string } {
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  const query = mark === -1 ? '' : url.slice(mark);
  let at = 0;
  for (let count = 0; count < segments; count++) {
    while (path[at] === '/') at++;
    while (at < path.length && path[at] !== '/') at++;
  }
  return { rest: path.slice(at), query };
}
