/** For tests of kinds: what a create or an update does to an object, as the API server does it, and what it says. */
import type { FieldError } from './field.ts';
import type { Kind } from './kind.ts';
import type { KubeObject } from './object.ts';

const lines = (errors: readonly FieldError[]): string[] =>
  errors.map((error) => `${error.field}: ${error.message}`);

/** The object with its defaults; the argument stays as it is. */
export function defaulted<Type extends KubeObject>(kind: Kind, object: Type): Type {
  const copy = structuredClone(object);
  kind.defaults?.(copy);
  return copy;
}

/** The object as it is stored when it is created: its status is not the client's to set, unless the kind says so. */
export function created<Type extends KubeObject>(kind: Kind, object: Type): Type {
  const copy = defaulted(kind, object);
  if (kind.subresources.includes('status') && !kind.statusOnCreate) Object.assign(copy, { status: {} });
  kind.prepareCreate?.(copy);
  return copy;
}

/** What is wrong with an object that is to be created. */
export function createErrors(kind: Kind, object: KubeObject): string[] {
  const copy = created(kind, object);
  return lines([...(kind.validate?.(copy) ?? []), ...(kind.validateCreate?.(copy) ?? [])]);
}

/** What is wrong with an update; both objects are given without their defaults. */
export function updateErrors(kind: Kind, object: KubeObject, old: KubeObject): string[] {
  const before = created(kind, old);
  const now = defaulted(kind, object);
  kind.prepareUpdate?.(now, before);
  return lines([...(kind.validate?.(now) ?? []), ...(kind.validateUpdate?.(now, before) ?? [])]);
}

/** What is wrong with an update of the status. */
export function statusErrors(
  kind: Kind,
  object: KubeObject,
  old: KubeObject,
  subresource = 'status',
): string[] {
  const before = defaulted(kind, old);
  const now = defaulted(kind, object);
  kind.prepareStatusUpdate?.(now, before, subresource);
  return lines(kind.validateStatusUpdate?.(now, before, subresource) ?? []);
}

/** The cells of a row by the names of their columns; those of `-o wide` too. */
export function row(kind: Kind, object: KubeObject, now = 0): Record<string, unknown> {
  const copy = defaulted(kind, object);
  return Object.fromEntries((kind.columns ?? []).map((column) => [column.name, column.of(copy, now)]));
}
