/** Whether a rule of RBAC allows what is asked. Source: pkg/apis/rbac/v1/evaluation_helpers.go of Kubernetes. */
import type { PolicyRule } from '../../kinds/generated/types.ts';
import type { Attributes } from './attributes.ts';

const has = (values: readonly string[] | undefined, value: string): boolean =>
  values !== undefined && (values.includes('*') || values.includes(value));

/** `*\/status` is a subresource of anything. */
const hasResource = (resources: readonly string[], combined: string, subresource: string): boolean =>
  resources.some(
    (each) =>
      each === '*' ||
      each === combined ||
      (subresource !== '' && each.length === subresource.length + 2 && each === `*/${subresource}`),
  );

const hasPath = (urls: readonly string[], path: string): boolean =>
  urls.some(
    (url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.replace(/\*+$/, ''))),
  );

function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  const { verb, path, group = '', resource = '', subresource = '', name = '' } = attributes;
  if (!has(rule.verbs, verb)) return false;
  if (path !== undefined) return hasPath(rule.nonResourceURLs ?? [], path);
  const combined = subresource === '' ? resource : `${resource}/${subresource}`;
  const { resourceNames = [] } = rule;
  return (
    has(rule.apiGroups, group) &&
    hasResource(rule.resources ?? [], combined, subresource) &&
    (resourceNames.length === 0 || resourceNames.includes(name))
  );
}

export const rulesAllow = (rules: readonly PolicyRule[], attributes: Attributes): boolean =>
  rules.some((rule) => ruleAllows(rule, attributes));
