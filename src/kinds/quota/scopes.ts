/** Which objects a quota is about, beyond their kind. Source: k8s.io/apiserver pkg/quota/v1/generic/evaluator.go. */
import type { ResourceQuotaSpec, ScopedResourceSelectorRequirement } from '../generated/types.ts';

export type ScopeRequirement = ScopedResourceSelectorRequirement;

/** `spec.scopes` and `spec.scopeSelector` in one list: an object must match all of them. */
export function scopesOf(spec: ResourceQuotaSpec | undefined): ScopeRequirement[] {
  const named = (spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }));
  return [...named, ...(spec?.scopeSelector?.matchExpressions ?? [])];
}

/** As a label selector with the scope for a key would: NotIn and DoesNotExist hold where there is no value. */
export function matchesValue({ operator, values = [] }: ScopeRequirement, value: string): boolean {
  switch (operator) {
    case 'Exists':
      return value !== '';
    case 'DoesNotExist':
      return value === '';
    case 'In':
      return value !== '' && values.includes(value);
    case 'NotIn':
      return value === '' || !values.includes(value);
    default:
      return false;
  }
}
