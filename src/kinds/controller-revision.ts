/** ControllerRevisions. Source of behaviour: pkg/apis/apps/validation, pkg/registry/apps/controllerrevision of Kubernetes. */
import { ageColumn, countColumn, nameColumn, none, textColumn } from './columns.ts';
import { type FieldError, path, required } from './field.ts';
import type { ControllerRevision } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { validateImmutable, validateNonNegative } from './pod/checks.ts';

function validate(object: ControllerRevision): FieldError[] {
  return [
    ...(object.data == null ? [required(path('data'), 'data is mandatory')] : []),
    ...validateNonNegative(object.revision, path('revision')),
  ];
}

/** `statefulset.apps/web` */
function controllerCell(object: ControllerRevision): string {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (owner === undefined) return none;
  const slash = owner.apiVersion.indexOf('/');
  const group = slash === -1 ? '' : `.${owner.apiVersion.slice(0, slash)}`;
  return `${`${owner.kind}${group}`.toLowerCase()}/${owner.name}`;
}

export const controllerRevision = defineKind<ControllerRevision>({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  scope: 'Namespaced',
  defaults: (object) => {
    // Upstream's field has no omitempty.
    object.revision ??= 0;
  },
  validate,
  validateUpdate: (object, old) => validateImmutable(object.data, old.data, path('data')),
  columns: [
    nameColumn,
    textColumn('Controller', controllerCell),
    countColumn('Revision', (object: ControllerRevision) => object.revision ?? 0),
    ageColumn,
  ],
  example: {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: { name: 'web-5d4f8c7b9', namespace: 'default' },
    revision: 1,
    data: { spec: { template: { metadata: { labels: { app: 'web' } } } } },
  },
});
