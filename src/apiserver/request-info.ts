/**
 * What a request is about, read from its method and path alone, before anything is looked up.
 * Source: Kubernetes API concepts, "Resource URIs"; k8s.io/apiserver pkg/endpoints/request.
 */
import { badRequestError } from '../kinds/status.ts';

export interface RequestInfo {
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /**
   * get, list, watch, create, update, patch, delete, deletecollection, or '' for a method that is no verb; for other paths
   * the method in lower case.
   */
  readonly verb: string;
  /** The path is below /api/v1 or /apis/GROUP/VERSION and names a resource. */
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  /** The plural, `pods`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  /** What follows the subresource: the path of a proxy request. */
  readonly rest: readonly string[];
}

const noQuery = new URLSearchParams();

/** Methods are case-sensitive (RFC 9110, 9.1): `get` is not GET. */
const methodVerbs: ReadonlyMap<string, string> = new Map([
  ['GET', 'get'],
  ['HEAD', 'get'],
  ['POST', 'create'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]);

/** Segments of the path, each decoded by itself, so that an encoded slash never becomes a separator. */
function segmentsOf(path: string): string[] {
  if (!path.includes('%')) return path.split('/').filter((segment) => segment !== '');
  try {
    return path
      .split('/')
      .filter((segment) => segment !== '')
      .map(decodeURIComponent);
  } catch {
    throw badRequestError(`the path has a malformed percent-encoding`);
  }
}

const nonResource = (path: string, query: URLSearchParams, method: string): RequestInfo => ({
  path,
  query,
  verb: method.toLowerCase(),
  isResource: false,
  group: '',
  version: '',
  resource: '',
  namespace: '',
  name: '',
  subresource: '',
  rest: [],
});

/** `true`, `1`, and a bare `?watch` count as true, as Go's ParseBool and upstream's conversion have it. */
export function isTrue(value: string | null): boolean {
  return (
    value !== null &&
    value !== 'false' &&
    value !== '0' &&
    value !== 'F' &&
    value !== 'f' &&
    value !== 'False' &&
    value !== 'FALSE'
  );
}

/** Throws 400 for a path that cannot be decoded. */
export function parseRequest(method: string, url: string): RequestInfo {
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  const query = mark === -1 ? noQuery : new URLSearchParams(url.slice(mark + 1));
  const segments = segmentsOf(path);
  const [root, ...tail] = segments;
  const prefix = root === 'api' ? 1 : root === 'apis' ? 2 : 0;
  if (prefix === 0 || tail.length <= prefix) return nonResource(path, query, method);
  const group = prefix === 1 ? '' : (tail[0] as string);
  const version = tail[prefix - 1] as string;
  let rest = tail.slice(prefix);
  let legacyWatch = false;
  if (rest[0] === 'watch' && rest.length > 1) {
    legacyWatch = true;
    rest = rest.slice(1);
  }
  const place = placeOf(rest);
  return {
    path,
    query,
    isResource: true,
    group,
    version,
    ...place,
    verb: verbOf(method, query, place, legacyWatch),
  };
}

function placeOf(
  rest: readonly string[],
): Pick<RequestInfo, 'resource' | 'namespace' | 'name' | 'subresource' | 'rest'> {
  // namespaces/NS/status and /finalize are subresources of the namespace; anything else after it is a resource in it.
  if (
    rest[0] === 'namespaces' &&
    rest.length > 2 &&
    !(rest.length === 3 && (rest[2] === 'status' || rest[2] === 'finalize'))
  ) {
    const [, namespace = '', resource = '', name = '', subresource = '', ...more] = rest;
    return { namespace, resource, name, subresource, rest: more };
  }
  const [resource = '', name = '', subresource = '', ...more] = rest;
  return { namespace: resource === 'namespaces' ? name : '', resource, name, subresource, rest: more };
}

function verbOf(
  method: string,
  query: URLSearchParams,
  place: { name: string; subresource: string },
  legacyWatch: boolean,
): string {
  const verb = methodVerbs.get(method) ?? '';
  if (verb === 'get' && place.subresource === '') {
    if (legacyWatch) return 'watch';
    const named = place.name !== '';
    if (!named) return query.size > 0 && isTrue(query.get('watch')) ? 'watch' : 'list';
    // GET of one name with watch=true is a watch on that one object.
    if (query.size > 0 && isTrue(query.get('watch'))) return 'watch';
  }
  if (verb === 'delete' && place.name === '') return 'deletecollection';
  return verb;
}
