import { createdAtColumn, nameColumn } from './columns.ts';
import type { Role } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { isPathSegmentName } from './names.ts';
import { rbacGroup, validateRules } from './rbac-rules.ts';

export const role = defineKind<Role>({
  group: rbacGroup,
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  scope: 'Namespaced',
  createOnUpdate: true,
  validateName: isPathSegmentName,
  validate: (role) => validateRules(role.rules, true),
  columns: [nameColumn, createdAtColumn],
  example: {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'reader', namespace: 'default' },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  },
});
