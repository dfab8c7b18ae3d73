/**
 * Ownership of fields on create, update and patch: whoever sets a field to another value owns it from then on.
 * Source: KEP-555; k8s.io/apimachinery pkg/util/managedfields/internal; structured-merge-diff merge Updater.Update.
 */
import type { ManagedFieldsEntry } from '../../kinds/generated/types.ts';
import { type AnyObject, apiVersionOf } from '../../kinds/object.ts';
import type { JsonMap } from '../patch/json.ts';
import { compareObjects } from './compare.ts';
import { createdFields } from './created-fields.ts';
import { difference, type FieldSet, isEmpty, touches, union } from './field-set.ts';
import {
  capUpdateEntries,
  compareEntries,
  decodeEntry,
  encodeEntry,
  identityOf,
  type Manager,
  type ManagerName,
  nameOf,
  startingEntries,
} from './managers.ts';
import { emptyObjectOf, type OwnedKind, withoutResetFields, withoutServerFields } from './owned-fields.ts';
import { planOf } from './plan.ts';

export interface UpdateRecord {
  /** What is stored; absent on create. */
  before: AnyObject | undefined;
  /** What will be stored, complete; its metadata.managedFields is what the caller sent. Only they are changed. */
  after: AnyObject;
  /** fieldManager, or the user agent up to its first slash. */
  manager: string;
  /** '' for the object itself. */
  subresource: string;
  /** The kind in whose version both objects are. */
  kind: OwnedKind;
  /** RFC 3339, seconds. */
  time: string;
}

interface Outcome {
  readonly name: ManagerName;
  /** What the writer owns from now on. */
  readonly gained: FieldSet;
  /** What everyone else has lost: all that has another value, and all that is gone. */
  readonly lost: FieldSet;
}

function nameOfWriter({ manager, kind, subresource }: UpdateRecord): ManagerName {
  return {
    manager: manager === '' ? 'unknown' : manager,
    operation: 'Update',
    apiVersion: apiVersionOf(kind.group, kind.version),
    subresource,
  };
}

function outcomeOf(record: Omit<UpdateRecord, 'before'> & { before: AnyObject }): Outcome {
  const { before, after, kind, subresource } = record;
  const found = compareObjects(planOf(kind.schema), before, after);
  const changed = withoutResetFields(found.changed, kind, subresource);
  const removed = withoutResetFields(found.removed, kind, subresource);
  return { name: nameOfWriter(record), gained: withoutServerFields(changed), lost: union(changed, removed) };
}

/** The entries after the write. Those that it does not touch are handed on as they are, without a look inside. */
function entriesAfter(
  entries: readonly ManagedFieldsEntry[],
  { name, gained, lost }: Outcome,
  time: string,
): readonly ManagedFieldsEntry[] {
  const own = identityOf(name);
  const gains = !isEmpty(gained);
  const kept: Manager[] = [];
  const result: ManagedFieldsEntry[] = [];
  let previous: Manager | undefined;
  for (const entry of entries) {
    const isOwn = gains && identityOf(nameOf(entry)) === own;
    if (!isOwn && !touches((entry.fieldsV1 ?? {}) as JsonMap, lost)) {
      result.push(entry);
      continue;
    }
    const manager = decodeEntry(entry);
    if (manager === undefined) continue;
    const rest = { ...manager, set: difference(manager.set, lost) };
    if (isOwn) previous = rest;
    else kept.push(rest);
  }
  if (gains) kept.push({ ...name, time, set: previous === undefined ? gained : union(previous.set, gained) });
  if (kept.length === 0) return entries;
  for (const manager of kept) if (!isEmpty(manager.set)) result.push(encodeEntry(manager));
  return capUpdateEntries(result).sort(compareEntries);
}

/** The usual create: nobody owns anything yet, and the writer all that it sent. */
function recordCreate(record: UpdateRecord): void {
  const { after, kind, time } = record;
  const fieldsV1 = createdFields(kind, after);
  if (fieldsV1 === undefined) return;
  const { manager, operation, apiVersion } = nameOfWriter(record);
  const entry = { manager, operation, apiVersion, time, fieldsType: 'FieldsV1', fieldsV1 };
  after.metadata.managedFields = [entry];
}

/**
 * Sets `after.metadata.managedFields`. An object whose managedFields are empty, because someone reset them, is not
 * tracked by updates; an apply begins anew.
 */
export function recordUpdate(record: UpdateRecord): void {
  const { before, after, kind, subresource, time } = record;
  const { metadata } = after;
  const entries = startingEntries(before?.metadata.managedFields, metadata.managedFields, subresource);
  delete metadata.managedFields;
  if (entries.length === 0 && before !== undefined) return;
  if (entries.length === 0 && subresource === '') {
    recordCreate(record);
    return;
  }
  const outcome = outcomeOf({ ...record, before: before ?? emptyObjectOf(kind) });
  const found = entriesAfter(entries, outcome, time);
  if (found.length > 0) metadata.managedFields = found as ManagedFieldsEntry[];
}
