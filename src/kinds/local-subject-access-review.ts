import { validateReview } from './access-review-rules.ts';
import { type FieldError, invalid, path } from './field.ts';
import type { LocalSubjectAccessReview } from './generated/types.ts';
import { defineKind } from './kind.ts';

/** The namespace stands in metadata and again in what is asked. */
function validate({ metadata, spec }: LocalSubjectAccessReview): FieldError[] {
  const errors = validateReview(spec);
  const at = path('spec', 'resourceAttributes', 'namespace');
  const namespace = spec?.resourceAttributes?.namespace ?? '';
  if (spec?.resourceAttributes !== undefined && namespace !== (metadata.namespace ?? ''))
    errors.push(invalid(at, namespace, 'must match metadata.namespace'));
  if (spec?.nonResourceAttributes !== undefined)
    errors.push(
      invalid(
        path('spec', 'nonResourceAttributes'),
        spec.nonResourceAttributes,
        'disallowed on this kind of request',
      ),
    );
  return errors;
}

export const localSubjectAccessReview = defineKind<LocalSubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  scope: 'Namespaced',
  verbs: ['create'],
  validate,
  example: {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'LocalSubjectAccessReview',
    metadata: { namespace: 'default' },
    spec: { user: 'ada', resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } },
  },
});
