import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clusterRole } from './cluster-role.ts';
import { clusterRoleBinding } from './cluster-role-binding.ts';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from './generated/types.ts';
import { validateObjectMeta } from './metadata.ts';
import { rbacGroup } from './rbac-rules.ts';
import { role } from './role.ts';
import { roleBinding } from './role-binding.ts';
import { createErrors, defaulted, row, updateErrors } from './test-kit.ts';

const metadata = { name: 'system:reader', namespace: 'default' };

describe('roles', () => {
  test('names are path segments', () => {
    assert.deepEqual(validateObjectMeta(metadata, role), []);
    const messages = validateObjectMeta({ ...metadata, name: 'a/b' }, role).map((error) => error.message);
    assert.deepEqual(messages, ['Invalid value: "a/b": may not contain \'/\'']);
  });

  test('rules are about resources, or about URLs in the whole cluster', () => {
    const rules = [
      { verbs: [] },
      { verbs: ['get'], nonResourceURLs: ['/x'], apiGroups: [''] },
      { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['web'] },
    ];
    const common = [
      'rules[0].verbs: Required value: verbs must contain at least one value',
      'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
      'rules[0].resources: Required value: resource rules must supply at least one resource',
    ];
    const both =
      'rules[1].nonResourceURLs: Invalid value: ["/x"]: rules cannot apply to both regular resources and non-resource URLs';
    assert.deepEqual(createErrors(role, { metadata, rules } as Role), [
      ...common,
      'rules[1].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
      both,
    ]);
    assert.deepEqual(createErrors(clusterRole, { metadata, rules } as ClusterRole), [...common, both]);
  });

  test('an aggregated role selects something', () => {
    assert.deepEqual(createErrors(clusterRole, { metadata, aggregationRule: {} } as ClusterRole), [
      'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
    ]);
  });
});

describe('bindings', () => {
  const roleRef = { apiGroup: rbacGroup, kind: 'ClusterRole', name: 'reader' };

  test('groups are filled in', () => {
    const binding: RoleBinding = {
      metadata,
      roleRef: { kind: 'Role', name: 'reader' },
      subjects: [
        { kind: 'User', name: 'ada' },
        { kind: 'ServiceAccount', name: 'robot' },
      ],
    };
    assert.deepEqual(defaulted(roleBinding, binding), {
      metadata,
      roleRef: { kind: 'Role', name: 'reader', apiGroup: rbacGroup },
      subjects: [
        { kind: 'User', name: 'ada', apiGroup: rbacGroup },
        { kind: 'ServiceAccount', name: 'robot' },
      ],
    });
  });

  test('roles and subjects are of a known kind', () => {
    const binding: ClusterRoleBinding = {
      metadata,
      roleRef: { apiGroup: 'x', kind: 'Role', name: '' },
      subjects: [
        { kind: 'Robot', name: 'r' },
        { kind: 'ServiceAccount', name: 'r' },
        { kind: 'User', name: '', apiGroup: 'x' },
      ],
    };
    assert.deepEqual(createErrors(clusterRoleBinding, binding), [
      `roleRef.apiGroup: Unsupported value: "x": supported values: "${rbacGroup}"`,
      'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
      'roleRef.name: Required value',
      'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
      'subjects[1].namespace: Required value',
      'subjects[2].name: Required value',
      'subjects[2].name: Invalid value: "": user name cannot be empty',
      `subjects[2].apiGroup: Unsupported value: "x": supported values: "${rbacGroup}"`,
    ]);
  });

  test('the role stays', () => {
    const old: RoleBinding = { metadata, roleRef };
    assert.deepEqual(
      updateErrors(roleBinding, { metadata, roleRef: { ...roleRef, name: 'writer' } } as RoleBinding, old),
      [
        `roleRef: Invalid value: {"apiGroup":"${rbacGroup}","kind":"ClusterRole","name":"writer"}: cannot change roleRef`,
      ],
    );
  });

  test('show whom they bind', () => {
    const subjects = [
      { kind: 'User', name: 'ada' },
      { kind: 'User', name: 'bob' },
      { kind: 'Group', name: 'staff' },
      { kind: 'ServiceAccount', name: 'robot', namespace: 'default' },
    ];
    assert.deepEqual(row(roleBinding, { metadata, roleRef, subjects } as RoleBinding), {
      Name: 'system:reader',
      Role: 'ClusterRole/reader',
      Age: '<unknown>',
      Users: 'ada, bob',
      Groups: 'staff',
      ServiceAccounts: 'default/robot',
    });
  });
});
