import type { ClusterRoleBinding } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { isPathSegmentName } from './names.ts';
import {
  bindingColumns,
  bindingDefaults,
  rbacGroup,
  validateBinding,
  validateBindingUpdate,
} from './rbac-rules.ts';

export const clusterRoleBinding = defineKind<ClusterRoleBinding>({
  group: rbacGroup,
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  scope: 'Cluster',
  createOnUpdate: true,
  validateName: isPathSegmentName,
  defaults: bindingDefaults,
  validate: (binding) => validateBinding(binding, ['ClusterRole']),
  validateUpdate: validateBindingUpdate,
  columns: bindingColumns,
  example: {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'ada-reads' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' },
    subjects: [{ kind: 'User', name: 'ada' }],
  },
});
