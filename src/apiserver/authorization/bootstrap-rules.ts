/**
 * The rules that hold in every cluster, as upstream's ClusterRoles have them: the group system:masters may do everything;
 * anyone who has identified themselves may discover the API and ask about themselves; everyone may ask for health and
 * version; who joins may ask for a certificate. Source: plugin/pkg/auth/authorizer/rbac/bootstrappolicy of Kubernetes.
 */
import type { NonResourceRule, PolicyRule, ResourceRule } from '../../kinds/generated/types.ts';
import type { UserInfo } from '../request.ts';
import { type Attributes, type Authorizer, type Decision, noOpinion } from './attributes.ts';
import { rulesAllow } from './rules.ts';

interface Rules {
  resourceRules: ResourceRule[];
  nonResourceRules: NonResourceRule[];
}

/** A ClusterRole, and the group that it is bound to. */
interface Role extends Partial<Rules> {
  readonly role: string;
  readonly group: string;
  /** Why somebody may. */
  readonly reason: string;
}

const reads = (...nonResourceURLs: string[]): NonResourceRule => ({ verbs: ['get'], nonResourceURLs });
const creates = (group: string, ...resources: string[]): ResourceRule => ({
  verbs: ['create'],
  apiGroups: [group],
  resources,
});

const roles: readonly Role[] = [
  {
    role: 'cluster-admin',
    reason: 'the group system:masters may do everything',
    group: 'system:masters',
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  },
  {
    role: 'system:basic-user',
    reason: 'authenticated users may ask about themselves',
    group: 'system:authenticated',
    resourceRules: [
      creates('authorization.k8s.io', 'selfsubjectaccessreviews', 'selfsubjectrulesreviews'),
      creates('authentication.k8s.io', 'selfsubjectreviews'),
    ],
  },
  {
    role: 'system:discovery',
    reason: 'authenticated users may discover the API',
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
    reason: 'joining nodes may ask for a certificate',
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
    reason: 'everyone may ask for health and version',
    group,
    nonResourceRules: [reads('/healthz', '/livez', '/readyz', '/version', '/version/')],
  })),
  {
    role: 'system:service-account-issuer-discovery',
    reason: 'service accounts may ask how tokens are verified',
    group: 'system:serviceaccounts',
    nonResourceRules: [
      reads(
        ...['/.well-known/openid-configuration', '/.well-known/openid-configuration/'],
        ...['/openid/v1/jwks', '/openid/v1/jwks/'],
      ),
    ],
  },
];

/** By role, with its rules of both sorts together. */
const decisions = roles.map(({ group, reason, resourceRules = [], nonResourceRules = [] }) => ({
  group,
  rules: [...resourceRules, ...nonResourceRules] as readonly PolicyRule[],
  decision: { allowed: true, reason },
}));

export function authorizeByBootstrapRules(attributes: Attributes): Decision {
  const { groups } = attributes.user;
  const found = decisions.find(({ group, rules }) => groups.includes(group) && rulesAllow(rules, attributes));
  return found?.decision ?? noOpinion;
}

export const bootstrapRules: Authorizer = { authorize: authorizeByBootstrapRules };

/**
 * What SelfSubjectRulesReview lists (`kubectl auth can-i --list`), one role after the other: a path that two of them allow
 * stands there twice, as with RBAC. What the node authorizer allows depends on the cluster's pods and is not listed, as
 * upstream.
 */
export function bootstrapRulesOf({ groups }: UserInfo): Rules {
  const held = roles.filter(({ group }) => groups.includes(group));
  return {
    resourceRules: held.flatMap(({ resourceRules = [] }) => resourceRules),
    nonResourceRules: held.flatMap(({ nonResourceRules = [] }) => nonResourceRules),
  };
}
