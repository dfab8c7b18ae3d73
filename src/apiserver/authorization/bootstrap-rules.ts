/**
 * The rules that hold in every cluster: the group system:masters may do everything; anyone who has identified themselves
 * may discover the API and ask about themselves; everyone may ask for health and version; who joins may ask for a
 * certificate. Source: plugin/pkg/auth/authorizer/rbac/bootstrappolicy of Kubernetes.
 */
import type { Attributes, Authorizer, Decision } from './attributes.ts';
import { noOpinion } from './attributes.ts';

/** ClusterRole system:public-info-viewer. */
const publicPaths: readonly RegExp[] = [/^\/(healthz|livez|readyz)(\/|$)/, /^\/version\/?$/];

/** ClusterRole system:discovery. */
const discoveryPaths: readonly RegExp[] = [/^\/(api|apis|openapi)(\/|$)/];

/** ClusterRole system:service-account-issuer-discovery: for those who must verify tokens. */
const issuerPaths: ReadonlySet<string> = new Set([
  '/.well-known/openid-configuration',
  '/.well-known/openid-configuration/',
  '/openid/v1/jwks',
  '/openid/v1/jwks/',
]);

/** ClusterRole system:basic-user. */
const selfReviews: ReadonlySet<string> = new Set([
  'selfsubjectaccessreviews',
  'selfsubjectrulesreviews',
  'selfsubjectreviews',
]);

/** Who shows a bootstrap token. */
const bootstrappersGroup = 'system:bootstrappers';

/** ClusterRole system:node-bootstrapper. */
const isOwnRequest = ({ group, resource, subresource, verb }: Attributes): boolean =>
  group === 'certificates.k8s.io' &&
  resource === 'certificatesigningrequests' &&
  subresource === '' &&
  ['create', 'get', 'list', 'watch'].includes(verb);

const allow = (reason: string): Decision => ({ allowed: true, reason });

export function authorizeByBootstrapRules(attributes: Attributes): Decision {
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
  if (user.groups.includes(bootstrappersGroup) && isOwnRequest(attributes))
    return allow('joining nodes may ask for a certificate');
  return noOpinion;
}

export const bootstrapRules: Authorizer = { authorize: authorizeByBootstrapRules };
