/** What of a change can be owned at all, and what a new object is compared with. */
import { completeObject, decodeObject } from '../../kinds/decode.ts';
import type { Kind } from '../../kinds/kind.ts';
import type { AnyObject } from '../../kinds/object.ts';
import { difference, type FieldSet, isEmpty, onlyBelow, setOf } from './field-set.ts';
import { fieldElement } from './path-element.ts';

/** What ownership needs to know of a kind. */
export type OwnedKind = Pick<Kind, 'group' | 'version' | 'kind' | 'schema' | 'subresources' | 'statusKeeps'>;

/** What the server says of an object is nobody's. Source: managedfields stripmeta.go. */
const unownedFields = ['apiVersion', 'kind', 'metadata'];
const unownedMetadata = [
  'clusterName',
  'creationTimestamp',
  'generation',
  'managedFields',
  'name',
  'namespace',
  'resourceVersion',
  'selfLink',
  'uid',
];

const unowned = setOf(
  ...unownedFields.map((field) => [fieldElement(field)]),
  ...unownedMetadata.map((field) => [fieldElement('metadata'), fieldElement(field)]),
);

export const isUnowned = (field: string): boolean => unownedFields.includes(field);
export const isUnownedMetadata = (field: string): boolean => unownedMetadata.includes(field);

export function withoutServerFields(set: FieldSet): FieldSet {
  return difference(set, unowned);
}

const [metadata, status] = [fieldElement('metadata'), fieldElement('status')];

/** What a write of the status can own: status, and of metadata what it does not leave as it is. */
function statusFields(set: FieldSet, keeps: Kind['statusKeeps'] = []): FieldSet {
  if (keeps === 'metadata') return onlyBelow(set, (element) => element === status);
  const fields = onlyBelow(set, (element) => element === status || element === metadata);
  const below = fields.children?.get(metadata);
  if (keeps.length === 0 || below === undefined) return fields;
  const kept = keeps.map(fieldElement);
  const rest = onlyBelow(below, (element) => !kept.includes(element));
  const children = new Map(fields.children);
  if (isEmpty(rest)) children.delete(metadata);
  else children.set(metadata, rest);
  return { member: fields.member, children };
}

/**
 * What a write through this resource cannot change it cannot own: status through the object itself, everything but
 * status and metadata through /status. Source: the kinds' GetResetFields.
 */
export function withoutResetFields(set: FieldSet, kind: OwnedKind, subresource: string): FieldSet {
  if (subresource === 'status') return statusFields(set, kind.statusKeeps);
  if (subresource !== '' || !resetsStatus(kind)) return set;
  return onlyBelow(set, (element) => element !== status);
}

/** Whether only /status can change the status. */
export const resetsStatus = (kind: OwnedKind): boolean => kind.subresources.includes('status');

const emptyObjects = new Map<string, AnyObject>();

/**
 * The object in which nothing is set, as Go prints it: its structs by value are there. So no creator owns `spec`, but
 * what is in it. Shared: read only.
 */
export function emptyObjectOf(kind: OwnedKind): AnyObject {
  let object = emptyObjects.get(kind.schema);
  if (object === undefined) {
    object = decodeObject<AnyObject>({}, kind.schema).object;
    object.metadata ??= {};
    completeObject(object, kind.schema);
    emptyObjects.set(kind.schema, object);
  }
  return object;
}
