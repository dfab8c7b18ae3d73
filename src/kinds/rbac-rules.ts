/** What the four kinds of rbac.authorization.k8s.io share. Source: pkg/apis/rbac/validation and v1/defaults of Kubernetes. */
import { ageColumn, nameColumn, textColumn, wide } from './columns.ts';
import { type FieldError, invalid, notSupported, type Path, path, required } from './field.ts';
import type { ClusterRoleBinding, PolicyRule, RbacSubject, RoleBinding } from './generated/types.ts';
import type { Column } from './kind.ts';
import { isDNS1123Subdomain, isPathSegmentName } from './names.ts';
import { semanticEqual } from './pod/equality.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';

type Binding = RoleBinding | ClusterRoleBinding;

function validateRule(rule: PolicyRule, namespaced: boolean, at: Path): FieldError[] {
  const { verbs = [], nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] } = rule;
  const errors: FieldError[] = [];
  if (verbs.length === 0) errors.push(required(at.child('verbs'), 'verbs must contain at least one value'));
  if (nonResourceURLs.length > 0) {
    const where = at.child('nonResourceURLs');
    if (namespaced)
      errors.push(invalid(where, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
    if (apiGroups.length + resources.length + resourceNames.length > 0)
      errors.push(
        invalid(where, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'),
      );
    return errors;
  }
  if (apiGroups.length === 0)
    errors.push(required(at.child('apiGroups'), 'resource rules must supply at least one api group'));
  if (resources.length === 0)
    errors.push(required(at.child('resources'), 'resource rules must supply at least one resource'));
  return errors;
}

export function validateRules(rules: readonly PolicyRule[] | undefined, namespaced: boolean): FieldError[] {
  return (rules ?? []).flatMap((rule, index) => validateRule(rule, namespaced, path('rules').index(index)));
}

function validateSubject(subject: RbacSubject, namespaced: boolean, at: Path): FieldError[] {
  const { kind, name = '', apiGroup = '', namespace = '' } = subject;
  const errors = name === '' ? [required(at.child('name'), '')] : [];
  if (kind === 'ServiceAccount') {
    if (name !== '')
      errors.push(...isDNS1123Subdomain(name).map((message) => invalid(at.child('name'), name, message)));
    if (apiGroup !== '') errors.push(notSupported(at.child('apiGroup'), apiGroup, ['']));
    if (!namespaced && namespace === '') errors.push(required(at.child('namespace'), ''));
  } else if (kind === 'User' || kind === 'Group') {
    if (name === '')
      errors.push(invalid(at.child('name'), name, `${kind.toLowerCase()} name cannot be empty`));
    if (apiGroup !== rbacGroup) errors.push(notSupported(at.child('apiGroup'), apiGroup, [rbacGroup]));
  } else errors.push(notSupported(at.child('kind'), kind ?? '', ['ServiceAccount', 'User', 'Group']));
  return errors;
}

/** `kinds` are the kinds of role that the binding may name. */
export function validateBinding(binding: Binding, kinds: readonly string[]): FieldError[] {
  const at = path('roleRef');
  const { apiGroup = '', kind = '', name = '' } = binding.roleRef ?? {};
  const errors: FieldError[] = [];
  if (apiGroup !== rbacGroup) errors.push(notSupported(at.child('apiGroup'), apiGroup, [rbacGroup]));
  if (!kinds.includes(kind)) errors.push(notSupported(at.child('kind'), kind, kinds));
  if (name === '') errors.push(required(at.child('name'), ''));
  errors.push(...isPathSegmentName(name).map((message) => invalid(at.child('name'), name, message)));
  const namespaced = kinds.includes('Role');
  for (const [index, subject] of (binding.subjects ?? []).entries())
    errors.push(...validateSubject(subject, namespaced, path('subjects').index(index)));
  return errors;
}

export function validateBindingUpdate(binding: Binding, old: Binding): FieldError[] {
  return semanticEqual(binding.roleRef, old.roleRef)
    ? []
    : [invalid(path('roleRef'), binding.roleRef, 'cannot change roleRef')];
}

export function bindingDefaults(binding: Binding): void {
  if (binding.roleRef !== undefined) binding.roleRef.apiGroup ||= rbacGroup;
  for (const subject of binding.subjects ?? [])
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= rbacGroup;
}

const subjectsCell = (binding: Binding, kind: string): string =>
  (binding.subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name))
    .join(', ');

export const bindingColumns: readonly Column<Binding>[] = [
  nameColumn as Column<Binding>,
  textColumn<Binding>('Role', ({ roleRef }) => `${roleRef?.kind ?? ''}/${roleRef?.name ?? ''}`),
  ageColumn as Column<Binding>,
  wide(textColumn<Binding>('Users', (binding) => subjectsCell(binding, 'User'))),
  wide(textColumn<Binding>('Groups', (binding) => subjectsCell(binding, 'Group'))),
  wide(textColumn<Binding>('ServiceAccounts', (binding) => subjectsCell(binding, 'ServiceAccount'))),
];
