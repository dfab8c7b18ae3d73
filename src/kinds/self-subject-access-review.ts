import { validateSelfReview } from './access-review-rules.ts';
import type { SelfSubjectAccessReview } from './generated/types.ts';
import { defineKind } from './kind.ts';

export const selfSubjectAccessReview = defineKind<SelfSubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  scope: 'Cluster',
  verbs: ['create'],
  validate: (review) => validateSelfReview(review.spec),
  example: {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    metadata: {},
    spec: { resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } },
  },
});
