/**
 * What SelfSubjectRulesReview lists (`kubectl auth can-i --list`): the rules of bootstrap-rules.ts as upstream's
 * ClusterRoles have them, one after the other. A path that two of the roles allow stands there twice, as with RBAC.
 * What the node authorizer allows depends on the cluster's pods and is not listed, as upstream.
 */
import type { NonResourceRule, ResourceRule } from '../../kinds/generated/types.ts';
import type { UserInfo } from '../request.ts';

interface Rules {
  resourceRules: ResourceRule[];
  nonResourceRules: NonResourceRule[];
}

const reads = (...nonResourceURLs: string[]): NonResourceRule => ({ verbs: ['get'], nonResourceURLs });
const creates = (group: string, ...resources: string[]): ResourceRule => ({
  verbs: ['create'],
  apiGroups: [group],
  resources,
});

/** ClusterRole, the group that it is bound to, and its rules. */
const roles: readonly (Partial<Rules> & { readonly role: string; readonly group: string })[] = [
  {
    role: 'cluster-admin',
    group: 'system:masters',
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  },
  {
    role: 'system:basic-user',
    group: 'system:authenticated',
    resourceRules: [
      creates('authorization.k8s.io', 'selfsubjectaccessreviews', 'selfsubjectrulesreviews'),
      creates('authentication.k8s.io', 'selfsubjectreviews'),
    ],
  },
  {
    role: 'system:discovery',
    group: 'system:authenticated',
    nonResourceRules: [
      reads(
        ...['/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez'],
        ...['/openapi', '/openapi/*', '/readyz', '/version', '/version/'],
      ),
    ],
  },
  {
    role: 'system:node-bootstrapper',
    group: 'system:bootstrappers',
    resourceRules: [
      {
        verbs: ['create', 'get', 'list', 'watch'],
        apiGroups: ['certificates.k8s.io'],
        resources: ['certificatesigningrequests'],
      },
    ],
  },
  ...['system:authenticated', 'system:unauthenticated'].map((group) => ({
    role: 'system:public-info-viewer',
    group,
    nonResourceRules: [reads('/healthz', '/livez', '/readyz', '/version', '/version/')],
  })),
  {
    role: 'system:service-account-issuer-discovery',
    group: 'system:serviceaccounts',
    nonResourceRules: [
      reads(
        ...['/.well-known/openid-configuration', '/.well-known/openid-configuration/'],
        ...['/openid/v1/jwks', '/openid/v1/jwks/'],
      ),
    ],
  },
];

export function bootstrapRulesOf({ groups }: UserInfo): Rules {
  const held = roles.filter(({ group }) => groups.includes(group));
  return {
    resourceRules: held.flatMap(({ resourceRules = [] }) => resourceRules),
    nonResourceRules: held.flatMap(({ nonResourceRules = [] }) => nonResourceRules),
  };
}
