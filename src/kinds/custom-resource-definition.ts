import { createdAtColumn, nameColumn } from './columns.ts';
import { duplicate, type FieldError, invalid, type Path, path, required } from './field.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { isDNS1035Label, isDNS1123Subdomain } from './names.ts';
import { requireText, validateChoice, validateImmutable } from './pod/checks.ts';

type Names = CustomResourceDefinition['spec']['names'];

function validateNames(names: Names | undefined, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) {
    const value = names?.[field] ?? '';
    if (value === '') {
      errors.push(required(at.child(field), ''));
      continue;
    }
    const label = field === 'kind' || field === 'listKind' ? value.toLowerCase() : value;
    for (const message of isDNS1035Label(label))
      errors.push(
        invalid(
          at.child(field),
          value,
          label === value ? message : `may have mixed case, but should otherwise match: ${message}`,
        ),
      );
  }
  if (names?.kind !== undefined && names.kind === names.listKind)
    errors.push(invalid(at.child('listKind'), names.listKind, 'kind and listKind may not be the same'));
  return errors;
}

function validateVersions(versions: readonly CustomResourceDefinitionVersion[], at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, { name = '', schema }] of versions.entries()) {
    const where = at.index(index);
    errors.push(...isDNS1035Label(name).map((message) => invalid(where.child('name'), name, message)));
    if (names.has(name)) errors.push(duplicate(where.child('name'), name));
    names.add(name);
    if (schema?.openAPIV3Schema === undefined)
      errors.push(required(where.child('schema', 'openAPIV3Schema'), 'schemas are required'));
  }
  if (versions.filter((version) => version.storage).length !== 1)
    errors.push(invalid(at, versions, 'must have exactly one version marked as storage version'));
  return errors;
}

function validate({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  const at = path('spec');
  const { group = '', names, scope, versions = [] } = spec ?? {};
  const errors: FieldError[] = [];
  const name = `${names?.plural ?? ''}.${group}`;
  if (metadata.name !== name)
    errors.push(
      invalid(path('metadata', 'name'), metadata.name ?? '', 'must be spec.names.plural+"."+spec.group'),
    );
  errors.push(...requireText(group, at.child('group')));
  if (group !== '') {
    errors.push(...isDNS1123Subdomain(group).map((message) => invalid(at.child('group'), group, message)));
    if (!group.includes('.'))
      errors.push(invalid(at.child('group'), group, 'should be a domain with at least one dot'));
  }
  errors.push(...validateChoice(scope, ['Cluster', 'Namespaced'], at.child('scope')));
  errors.push(...validateVersions(versions, at.child('versions')));
  return [...errors, ...validateNames(names, at.child('names'))];
}

/** Once the names are accepted, objects may exist: group, kind, plural and scope stay. */
function validateUpdate({ spec }: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const at = path('spec');
  const errors = validateImmutable(spec?.group, old.spec?.group, at.child('group'));
  const established = old.status?.conditions?.some(
    ({ type, status }) => type === 'Established' && status === 'True',
  );
  if (established !== true) return errors;
  return [
    ...errors,
    ...validateImmutable(spec?.scope, old.spec?.scope, at.child('scope')),
    ...validateImmutable(spec?.names?.kind, old.spec?.names?.kind, at.child('names', 'kind')),
    ...validateImmutable(spec?.names?.plural, old.spec?.names?.plural, at.child('names', 'plural')),
  ];
}

function defaults(definition: CustomResourceDefinition): void {
  const { spec } = definition;
  definition.status ??= {};
  if (spec === undefined) return;
  spec.scope ??= 'Namespaced';
  spec.conversion ??= { strategy: 'None' };
  const service = spec.conversion.webhook?.clientConfig?.service;
  if (service !== undefined) service.port ??= 443;
  if (spec.names === undefined) return;
  const { kind = '' } = spec.names;
  if (kind === '') return;
  spec.names.singular ||= kind.toLowerCase();
  spec.names.listKind ||= `${kind}List`;
}

function prepareCreate(definition: CustomResourceDefinition): void {
  const stored = definition.spec?.versions?.find((version) => version.storage);
  definition.status = stored === undefined ? {} : { storedVersions: [stored.name] };
}

export const customResourceDefinition = defineKind<CustomResourceDefinition>({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  scope: 'Cluster',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  subresources: ['status'],
  statusKeeps: 'metadata',
  generation: true,
  unconditionalUpdate: false,
  defaults,
  prepareCreate,
  validate,
  validateUpdate,
  columns: [nameColumn, createdAtColumn],
  example: {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      names: { kind: 'Widget', plural: 'widgets' },
      scope: 'Namespaced',
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    },
  },
});
