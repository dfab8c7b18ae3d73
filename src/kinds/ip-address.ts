/** IPAddress: one ClusterIP that is taken, and by whom. Source: pkg/apis/networking/validation (KEP-1880). */
import { nameColumn, none, textColumn } from './columns.ts';
import { type FieldError, invalid, type Path, path, required } from './field.ts';
import type { IPAddress, ParentReference } from './generated/types.ts';
import { canonicalIPMessages } from './ip-rules.ts';
import { defineKind } from './kind.ts';
import { isDNS1123Subdomain, isPathSegmentName } from './names.ts';

const parentPath = path('spec', 'parentRef');

function validateSegment(value: string | undefined, at: Path): FieldError[] {
  if ((value ?? '') === '') return [required(at, '')];
  return isPathSegmentName(value as string).map((message) => invalid(at, value, message));
}

function validate(object: IPAddress): FieldError[] {
  const parent = object.spec?.parentRef;
  if (parent === undefined) return [required(parentPath, '')];
  const { group = '', resource, name, namespace = '' } = parent;
  const errors: FieldError[] = [];
  if (group !== '')
    for (const message of isDNS1123Subdomain(group))
      errors.push(invalid(parentPath.child('group'), group, message));
  errors.push(...validateSegment(resource, parentPath.child('resource')));
  errors.push(...validateSegment(name, parentPath.child('name')));
  return namespace === ''
    ? errors
    : [...errors, ...validateSegment(namespace, parentPath.child('namespace'))];
}

const identityOf = ({ group = '', resource, namespace = '', name }: ParentReference): string =>
  JSON.stringify([group, resource, namespace, name]);

function validateUpdate(object: IPAddress, old: IPAddress): FieldError[] {
  const parent = object.spec?.parentRef;
  if (parent !== undefined && identityOf(parent) === identityOf(old.spec.parentRef)) return [];
  return [invalid(parentPath, parent ?? null, 'field is immutable')];
}

/** `services/default/web`, `gateways.example.com/infra/edge` */
function parentCell(object: IPAddress): string {
  const parent = object.spec?.parentRef;
  if (parent === undefined) return none;
  const resource = (parent.group ?? '') === '' ? parent.resource : `${parent.resource}.${parent.group}`;
  return [resource.toLowerCase(), parent.namespace ?? '', parent.name]
    .filter((part) => part !== '')
    .join('/');
}

export const ipAddress = defineKind<IPAddress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  scope: 'Cluster',
  shortNames: ['ip'],
  validateName: canonicalIPMessages,
  validate,
  validateUpdate,
  columns: [nameColumn, textColumn('ParentRef', parentCell)],
  example: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name: '192.0.2.7' },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: 'web' } },
  },
});
