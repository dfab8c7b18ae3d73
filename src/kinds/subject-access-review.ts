import { validateReview } from './access-review-rules.ts';
import type { SubjectAccessReview } from './generated/types.ts';
import { defineKind } from './kind.ts';

export const subjectAccessReview = defineKind<SubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  scope: 'Cluster',
  verbs: ['create'],
  validate: (review) => validateReview(review.spec),
  example: {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {},
    spec: { user: 'ada', resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } },
  },
});
