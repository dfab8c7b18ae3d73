/**
 * metadata.managedFields as a table: who owns which fields.
 * Source: k8s.io/apimachinery pkg/util/managedfields/internal (managedfields.go, capmanagers.go, buildmanagerinfo.go).
 */
import type { ManagedFieldsEntry } from '../../kinds/generated/types.ts';
import { equalJson, type Json } from '../patch/json.ts';
import { decodeFields, encodeFields, type FieldSet, isEmpty, union } from './field-set.ts';
import { updateManagersMax } from './limits.ts';

export type Operation = 'Apply' | 'Update';

/** One entry. Never changed: operations make new ones. */
export interface Manager {
  readonly manager: string;
  readonly operation: Operation;
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339, seconds; absent where nobody said. */
  readonly time: string | undefined;
  readonly set: FieldSet;
}

export type ManagerName = Pick<Manager, 'manager' | 'operation' | 'apiVersion' | 'subresource'>;

/** Appliers are one whatever version they apply in. The text is what upstream sorts conflicts by. */
export function identityOf({ manager, operation, apiVersion, subresource }: ManagerName): string {
  return JSON.stringify({
    ...(manager === '' ? {} : { manager }),
    operation,
    ...(operation === 'Apply' || apiVersion === '' ? {} : { apiVersion }),
    ...(subresource === '' ? {} : { subresource }),
  });
}

export function nameOf(entry: ManagedFieldsEntry): ManagerName {
  const { manager = '', apiVersion = '', subresource = '' } = entry;
  return { manager, operation: entry.operation as Operation, apiVersion, subresource };
}

/** Undefined for an entry that cannot be read. */
export function decodeEntry(entry: ManagedFieldsEntry): Manager | undefined {
  const { operation, fieldsType, fieldsV1, time } = entry;
  if (operation !== 'Apply' && operation !== 'Update') return undefined;
  if (fieldsType !== 'FieldsV1') return undefined;
  const set = decodeFields(fieldsV1 ?? {});
  return set === undefined ? undefined : { ...nameOf(entry), time, set };
}

/** By identity; undefined where an entry cannot be read. */
export function decodeManagers(entries: readonly ManagedFieldsEntry[]): Map<string, Manager> | undefined {
  const managers = new Map<string, Manager>();
  for (const entry of entries) {
    const decoded = decodeEntry(entry);
    if (decoded === undefined) return undefined;
    managers.set(identityOf(decoded), decoded);
  }
  return managers;
}

const seconds = (time: string | undefined): number =>
  time === undefined ? 0 : Math.floor(Date.parse(time) / 1000);

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Upstream's order of entries. */
export function compareEntries(a: ManagedFieldsEntry, b: ManagedFieldsEntry): number {
  return (
    byText(a.operation ?? '', b.operation ?? '') ||
    seconds(a.time) - seconds(b.time) ||
    byText(a.manager ?? '', b.manager ?? '') ||
    byText(a.apiVersion ?? '', b.apiVersion ?? '') ||
    byText(a.subresource ?? '', b.subresource ?? '')
  );
}

export function encodeEntry({
  manager,
  operation,
  apiVersion,
  subresource,
  time,
  set,
}: Manager): ManagedFieldsEntry {
  return {
    ...(manager === '' ? {} : { manager }),
    operation,
    ...(apiVersion === '' ? {} : { apiVersion }),
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: encodeFields(set),
    ...(subresource === '' ? {} : { subresource }),
  };
}

/** The entries in upstream's order, those that own nothing left out; undefined where none is left. */
export function encodeManagers(managers: ReadonlyMap<string, Manager>): ManagedFieldsEntry[] | undefined {
  const owners = [...managers.values()].filter(({ set }) => !isEmpty(set));
  return owners.length === 0 ? undefined : owners.map(encodeEntry).sort(compareEntries);
}

/** Merges the oldest updaters of a version into one, `ancient-changes`, until there are few enough. Changes the map. */
export function capUpdateManagers(managers: Map<string, Manager>): void {
  const updaters = [...managers].filter(([, { operation }]) => operation === 'Update');
  let count = updaters.length;
  if (count <= updateManagersMax) return;
  updaters.sort(
    ([identityA, a], [identityB, b]) => seconds(a.time) - seconds(b.time) || byText(identityA, identityB),
  );
  const firstOfVersion = new Map<string, string>();
  for (const [identity, updater] of updaters) {
    if (count <= updateManagersMax) return;
    const { apiVersion } = updater;
    const first = firstOfVersion.get(apiVersion);
    if (first === undefined) {
      firstOfVersion.set(apiVersion, identity);
      continue;
    }
    const name = { manager: 'ancient-changes', operation: 'Update', apiVersion, subresource: '' } as const;
    const bucket = identityOf(name);
    if (identity === bucket) continue;
    const old = managers.get(bucket) ?? (managers.get(first) as Manager);
    if (!managers.has(bucket)) managers.delete(first);
    managers.delete(identity);
    // The later of both times: that of the one merged in.
    managers.set(bucket, { ...name, time: updater.time, set: union(updater.set, old.set) });
    count--;
  }
}

/** The same for entries; decoded only where there are too many. */
export function capUpdateEntries(entries: ManagedFieldsEntry[]): ManagedFieldsEntry[] {
  const updaters = entries.filter(({ operation }) => operation === 'Update');
  if (updaters.length <= updateManagersMax) return entries;
  const managers = decodeManagers(entries);
  if (managers === undefined) return entries;
  capUpdateManagers(managers);
  return encodeManagers(managers) ?? [];
}

/** `[]` and `[{}]` ask for managedFields to be forgotten. */
function isReset(entries: readonly ManagedFieldsEntry[]): boolean {
  return entries.length === 0 || (entries.length === 1 && Object.keys(entries[0] ?? {}).length === 0);
}

/**
 * The entries a write starts from: what it sends itself, where it sends any that can be read, else what is stored; on a
 * subresource always what is stored.
 */
export function startingEntries(
  live: readonly ManagedFieldsEntry[] | undefined,
  sent: readonly ManagedFieldsEntry[] | undefined,
  subresource: string,
): readonly ManagedFieldsEntry[] {
  const stored = live ?? [];
  if (subresource !== '' || sent === undefined || sent === live) return stored;
  if (isReset(sent)) return [];
  if (equalJson(sent as unknown as Json, stored as unknown as Json)) return stored;
  const managers = decodeManagers(sent);
  return managers === undefined || managers.size === 0 ? stored : (encodeManagers(managers) ?? []);
}
