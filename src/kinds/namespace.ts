import { ageColumn, nameColumn, textColumn } from './columns.ts';
import { type FieldError, invalid, path } from './field.ts';
import type { Namespace } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { maskTrailingDash } from './metadata.ts';
import { isDNS1123Label, isQualifiedName } from './names.ts';

const nameLabel = 'kubernetes.io/metadata.name';
const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** The label by which selectors find a namespace by its name (KEP-2161). A nameless one gets it once it has a name. */
function defaults(namespace: Namespace): void {
  const { name } = namespace.metadata;
  if (name !== undefined && name !== '') {
    namespace.metadata.labels ??= {};
    namespace.metadata.labels[nameLabel] = name;
  }
  namespace.spec ??= {};
  namespace.status ??= {};
}

/** The finalizer in spec holds the namespace until its contents are gone; only the finalize subresource removes it. */
function prepareCreate(namespace: Namespace): void {
  defaults(namespace);
  namespace.status = { phase: 'Active' };
  const finalizers = namespace.spec?.finalizers ?? [];
  if (!finalizers.includes('kubernetes')) namespace.spec = { finalizers: [...finalizers, 'kubernetes'] };
}

function prepareUpdate(namespace: Namespace, old: Namespace): void {
  namespace.spec = { ...namespace.spec };
  if (old.spec?.finalizers === undefined) delete namespace.spec.finalizers;
  else namespace.spec.finalizers = old.spec.finalizers;
}

/** Also the check of the finalize subresource, which alone says which one is wrong. */
export function validateNamespaceFinalizers(
  namespace: Namespace,
  options: { indexed?: boolean } = {},
): FieldError[] {
  const finalizers = path('spec', 'finalizers');
  return (namespace.spec?.finalizers ?? []).flatMap((finalizer, index) => {
    const at = options.indexed ? finalizers.index(index) : finalizers;
    const errors = isQualifiedName(finalizer).map((message) => invalid(at, finalizer, message));
    if (!finalizer.includes('/') && !standardFinalizers.has(finalizer))
      errors.push(
        invalid(at, finalizer, 'name is neither a standard finalizer name nor is it fully qualified'),
      );
    return errors;
  });
}

function validateStatusUpdate(namespace: Namespace): FieldError[] {
  const dying = namespace.metadata.deletionTimestamp !== undefined;
  const phase = namespace.status?.phase ?? '';
  const wanted = dying ? 'Terminating' : 'Active';
  if (phase === wanted) return [];
  return [
    invalid(
      path('status', 'Phase'),
      phase,
      `may only be '${wanted}' if \`deletionTimestamp\` is ${dying ? 'not ' : ''}empty`,
    ),
  ];
}

export const namespace = defineKind<Namespace>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  scope: 'Cluster',
  shortNames: ['ns'],
  subresources: ['finalize', 'status'],
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  validateName: (name, prefix) => isDNS1123Label(prefix ? maskTrailingDash(name) : name),
  defaults,
  prepareCreate,
  prepareUpdate,
  validate: (namespace) => validateNamespaceFinalizers(namespace),
  validateStatusUpdate,
  selectableFields: (namespace) => ({ 'status.phase': namespace.status?.phase ?? '' }),
  columns: [
    nameColumn,
    textColumn<Namespace>('Status', (namespace) => namespace.status?.phase ?? ''),
    ageColumn,
  ],
  example: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team-a' } },
});
