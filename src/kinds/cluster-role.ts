import { createdAtColumn, nameColumn } from './columns.ts';
import { type FieldError, path, required } from './field.ts';
import type { ClusterRole } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { validateLabelSelector } from './label-selector.ts';
import { isPathSegmentName } from './names.ts';
import { rbacGroup, validateRules } from './rbac-rules.ts';

function validate(role: ClusterRole): FieldError[] {
  const errors = validateRules(role.rules, false);
  if (role.aggregationRule === undefined) return errors;
  const at = path('aggregationRule', 'clusterRoleSelectors');
  const { clusterRoleSelectors = [] } = role.aggregationRule;
  if (clusterRoleSelectors.length === 0)
    errors.push(required(at, 'at least one clusterRoleSelector required if aggregationRule is non-nil'));
  for (const [index, selector] of clusterRoleSelectors.entries())
    errors.push(...validateLabelSelector(selector, at.index(index)));
  return errors;
}

export const clusterRole = defineKind<ClusterRole>({
  group: rbacGroup,
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  scope: 'Cluster',
  createOnUpdate: true,
  validateName: isPathSegmentName,
  validate,
  columns: [nameColumn, createdAtColumn],
  example: {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'reader' },
    rules: [
      { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
      { nonResourceURLs: ['/healthz'], verbs: ['get'] },
    ],
  },
});
