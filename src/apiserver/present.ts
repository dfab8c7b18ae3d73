/** Turns what the cache holds into the form that the client asked for. */

import { ageColumn, nameColumn } from '../kinds/columns.ts';
import type { Column, Kind } from '../kinds/kind.ts';
import { type AnyObject, apiVersionOf } from '../kinds/object.ts';
import type { CachedObject } from './cache/cached-object.ts';
import { decodeTrusted } from './codec.ts';

/** The object as this kind shows it: stored objects of another version are converted. */
export function present(kind: Kind, bytes: Uint8Array): Uint8Array {
  return kind.storedAs === undefined
    ? bytes
    : Buffer.from(JSON.stringify(presentObject(kind, decodeTrusted(bytes))));
}

export function presentObject(kind: Kind, object: AnyObject): AnyObject {
  return kind.storedAs === undefined ? object : kind.storedAs.fromStored(object);
}

export function partialObject(object: AnyObject, metaVersion: string): AnyObject {
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: `meta.k8s.io/${metaVersion}`,
    metadata: object.metadata,
  };
}

const genericColumns: readonly Column[] = [nameColumn, ageColumn];

/** `columnDefinitions` of a Table. */
export function columnDefinitions(kind: Kind): object[] {
  return (kind.columns ?? genericColumns).map((column) => ({
    name: column.name,
    type: column.type,
    format: column.format ?? '',
    description: column.description ?? '',
    priority: column.priority ?? 0,
  }));
}

export interface TableOptions {
  /** What a row carries besides its cells: the query parameter includeObject. */
  includeObject: 'None' | 'Metadata' | 'Object';
  metaVersion: string;
  /** Milliseconds since the epoch, for ages. */
  now: number;
}

export function tableRow(kind: Kind, object: AnyObject, options: TableOptions): object {
  const cells = (kind.columns ?? genericColumns).map((column) => column.of(object, options.now));
  if (options.includeObject === 'None') return { cells };
  const shown = options.includeObject === 'Object' ? object : partialObject(object, options.metaVersion);
  return { cells, object: shown };
}

export function table(kind: Kind, options: TableOptions & { metadata: object; rows: object[] }): object {
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${options.metaVersion}`,
    metadata: options.metadata,
    columnDefinitions: columnDefinitions(kind),
    rows: options.rows,
  };
}

export function listKindOf(kind: Kind): string {
  return `${kind.kind}List`;
}

/** An object in a list of its kind: the list says what it is, but for custom resources. */
export function listItem(kind: Kind, object: AnyObject): object {
  if (kind.isCustomResource === true) return object;
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  return rest;
}

/** `{"kind":"PodList","apiVersion":"v1","metadata":{...},"items":[` */
export function listOpening(kind: Kind, metadata: object): Buffer {
  const head = JSON.stringify({
    kind: listKindOf(kind),
    apiVersion: apiVersionOf(kind.group, kind.version),
    metadata,
  });
  return Buffer.from(`${head.slice(0, -1)},"items":[`);
}

/** The object of a cached entry, in the version of `kind`; fresh, so the caller may change it. */
export function presentCached(kind: Kind, cached: CachedObject): AnyObject {
  return presentObject(kind, decodeTrusted(cached.bytes));
}
