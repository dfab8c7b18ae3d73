/** What the reviews of authorization.k8s.io share. Source: pkg/apis/authorization/validation of Kubernetes. */
import { type FieldError, invalid, path } from './field.ts';
import type { SelfSubjectAccessReviewSpec, SubjectAccessReviewSpec } from './generated/types.ts';

const at = path('spec');

/** A review is about a resource or about a URL. */
export function validateSelfReview(spec: SelfSubjectAccessReviewSpec = {}): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined)
    return [
      invalid(
        at.child('nonResourceAttributes'),
        nonResourceAttributes,
        'cannot be specified in combination with resourceAttributes',
      ),
    ];
  if (resourceAttributes !== undefined || nonResourceAttributes !== undefined) return [];
  // Go prints a pointer to nothing as the word null.
  return [
    invalid(
      at.child('resourceAttributes'),
      'null',
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ),
  ];
}

/** And about someone. */
export function validateReview(spec: SubjectAccessReviewSpec = {}): FieldError[] {
  const errors = validateSelfReview(spec);
  if ((spec.user ?? '') === '' && (spec.groups ?? []).length === 0)
    errors.push(invalid(at.child('user'), '', 'at least one of user or group must be specified'));
  return errors;
}
