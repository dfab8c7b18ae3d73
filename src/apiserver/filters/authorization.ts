/**
 * Who may do what. Until roles are evaluated (their objects are stored already), the rules are the bootstrap ones: the
 * group system:masters may do everything; anyone who has identified themselves may discover the API and ask about
 * themselves; everyone may ask for health and version. Everything else is refused.
 */

import { StatusError } from '../../kinds/status.ts';
import type { UserInfo } from '../request.ts';
import type { RequestInfo } from '../request-info.ts';

export interface Attributes {
  readonly user: UserInfo;
  readonly verb: string;
  /** For resource requests. */
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** For other requests. */
  readonly path?: string;
}

export interface Decision {
  readonly allowed: boolean;
  /** Why; shown to the caller when refused. */
  readonly reason: string;
}

/** ClusterRole system:public-info-viewer. */
const publicPaths: readonly RegExp[] = [/^\/(healthz|livez|readyz)(\/|$)/, /^\/version\/?$/];

/** ClusterRole system:discovery. */
const discoveryPaths: readonly RegExp[] = [/^\/(api|apis|openapi)(\/|$)/];

/** ClusterRole system:service-account-issuer-discovery: for those who must verify tokens. */
const issuerPaths: ReadonlySet<string> = new Set(['/.well-known/openid-configuration', '/openid/v1/jwks']);

/** ClusterRole system:basic-user. */
const selfReviews: ReadonlySet<string> = new Set([
  'selfsubjectaccessreviews',
  'selfsubjectrulesreviews',
  'selfsubjectreviews',
]);

const allow = (reason: string): Decision => ({ allowed: true, reason });

export function authorize(attributes: Attributes): Decision {
  const { user, verb, path, resource } = attributes;
  if (user.groups.includes('system:masters')) return allow('the group system:masters may do everything');
  const authenticated = user.groups.includes('system:authenticated');
  if (path !== undefined && verb === 'get') {
    if (publicPaths.some((each) => each.test(path))) return allow('everyone may ask for health and version');
    if (authenticated && discoveryPaths.some((each) => each.test(path)))
      return allow('authenticated users may discover the API');
    if (user.groups.includes('system:serviceaccounts') && issuerPaths.has(path))
      return allow('service accounts may ask how tokens are verified');
  }
  if (authenticated && verb === 'create' && resource !== undefined && selfReviews.has(resource))
    return allow('authenticated users may ask about themselves');
  return { allowed: false, reason: '' };
}

export function attributesOf(user: UserInfo, info: RequestInfo): Attributes {
  if (!info.isResource) return { user, verb: info.verb, path: info.path };
  const { verb, group, resource, subresource, namespace, name } = info;
  return { user, verb, group, resource, subresource, namespace, name };
}

/** The 403 in upstream's words: `pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "default"`. */
export function refusal(attributes: Attributes, reason: string): StatusError {
  const who = `User ${JSON.stringify(attributes.user.name)}`;
  const why = reason === '' ? '' : `: ${reason}`;
  if (attributes.path !== undefined) {
    const message = `forbidden: ${who} cannot ${attributes.verb} path ${JSON.stringify(attributes.path)}${why}`;
    return new StatusError(403, 'Forbidden', message, {});
  }
  const { group = '', resource = '', subresource = '', namespace = '', name = '' } = attributes;
  const shown = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const subject =
    (group === '' ? resource : `${resource}.${group}`) + (name === '' ? '' : ` ${JSON.stringify(name)}`);
  return new StatusError(
    403,
    'Forbidden',
    `${subject} is forbidden: ${who} cannot ${attributes.verb} resource ${JSON.stringify(shown)} in API group ${JSON.stringify(group)} ${where}${why}`,
    { name, group, kind: resource },
  );
}

/** Throws 403. */
export function requireAllowed(attributes: Attributes): void {
  const { allowed, reason } = authorize(attributes);
  if (!allowed) throw refusal(attributes, reason);
}
