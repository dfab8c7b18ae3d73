/** GET and LIST: from the watch cache, which has taken in everything that was acknowledged before the request came. */

import type { Kind } from '../../kinds/kind.ts';
import { apiVersionOf } from '../../kinds/object.ts';
import { notFoundError, StatusError, timeoutError } from '../../kinds/status.ts';
import { type CachedObject, parseCached } from '../cache/cached-object.ts';
import type { Collection } from '../cache/collection.ts';
import { revisionWaitMilliseconds } from '../cache/limits.ts';
import { withoutTypeBytes } from '../codec.ts';
import type { ResourceRequest } from '../context.ts';
import { kindPrefix, objectKey, prefixEnd, registryPrefix } from '../keys.ts';
import {
  listItem,
  listKindOf,
  listOpening,
  partialObject,
  presentCached,
  table,
  tableRow,
} from '../present.ts';
import type { ApiResponse } from '../request.ts';
import { decodeContinue, encodeContinue, expiredContinue } from './continue.ts';
import { objectsPerTurn } from './limits.ts';
import { type ListOptions, parseListOptions, parseRevision } from './list-options.ts';
import { bytesSuffice, respondBytes, respondJson, respondStored, tableOptionsOf } from './respond.ts';

/** Waits until the cache holds everything acknowledged so far, or, for a resourceVersion, at least that one. */
export async function freshen(
  request: Pick<ResourceRequest, 'backend'>,
  resourceVersion: string,
): Promise<void> {
  const { store, cache } = request.backend;
  if (resourceVersion === '0') return;
  const wanted =
    resourceVersion === ''
      ? (await store.range({ from: registryPrefix, limit: 0 })).revision
      : parseRevision(resourceVersion);
  if (cache.revision >= wanted) return;
  if (await cache.waitFor(wanted, revisionWaitMilliseconds)) return;
  throw timeoutError(`Timeout: Too large resource version: ${wanted}, current: ${cache.revision}`, 1, {
    reason: 'ResourceVersionTooLarge',
    message: 'Too large resource version',
  });
}

/** The newest acknowledged state of the object the request names. Throws 404. */
export async function readCurrent(request: ResourceRequest): Promise<CachedObject> {
  await freshen(request, request.info.query.get('resourceVersion') ?? '');
  const { kind, stored, info, backend } = request;
  const found = backend.cache.collection(stored).get(objectKey(stored, info.namespace, info.name));
  if (found === undefined) throw notFoundError(kind, info.name);
  return found;
}

export async function get(request: ResourceRequest): Promise<ApiResponse> {
  return respondStored(request, 200, (await readCurrent(request)).bytes);
}

/** What a list request sees: the matching objects in order, as of one revision. */
interface Page {
  readonly objects: CachedObject[];
  readonly revision: number;
  readonly continueToken: string;
  readonly remainingItemCount: number | undefined;
}

/** The collection as it was at `revision`: now, with every later event undone. Undefined when too long ago. */
export function snapshotAt(
  collection: Collection,
  range: { from: string; to: string },
  revision: number,
): CachedObject[] | undefined {
  const now = collection.snapshot(range.from, range.to);
  if (collection.newestEventRevision <= revision) return now;
  const later = collection.eventsAfter(revision);
  if (later === undefined) return undefined;
  const before = new Map<string, CachedObject | undefined>();
  for (const event of later) {
    const { key } = event.object;
    if (key >= range.from && key < range.to && !before.has(key)) before.set(key, event.previous);
  }
  if (before.size === 0) return now;
  const kept = now.filter((object) => !before.has(object.key));
  for (const object of before.values()) if (object !== undefined) kept.push(object);
  return kept.sort((a, b) => (a.key < b.key ? -1 : 1));
}

function rangeOf(request: ResourceRequest): { from: string; to: string } {
  const { stored, info } = request;
  const prefix =
    kindPrefix(stored) + (info.namespace === '' || stored.scope === 'Cluster' ? '' : `${info.namespace}/`);
  return { from: prefix, to: prefixEnd(prefix) };
}

/**
 * The revision that a list must show, where it says so: by resourceVersionMatch, or, as of old, by having a limit.
 * Source: Kubernetes API concepts, "Semantics for get and list".
 */
function exactRevision(options: ListOptions): number | undefined {
  const { resourceVersion, resourceVersionMatch: match, limit } = options;
  if (resourceVersion === '' || resourceVersion === '0') return undefined;
  return match === 'Exact' || (match === '' && limit > 0) ? parseRevision(resourceVersion) : undefined;
}

/** Who takes whatever is there (0) gets all of it, as upstream (cacher.go, computeListLimit). */
function limitOf({ limit, resourceVersion, continueToken }: ListOptions): number {
  return resourceVersion === '0' && continueToken === '' ? 0 : limit;
}

function pageOf(request: ResourceRequest, options: ListOptions): Page {
  const { cache } = request.backend;
  const collection = cache.collection(request.stored);
  const range = rangeOf(request);
  const token = options.continueToken === '' ? undefined : decodeContinue(options.continueToken);
  const revision = token?.revision ?? exactRevision(options) ?? cache.revision;
  if (revision > cache.revision)
    throw timeoutError(`Timeout: Too large resource version: ${revision}, current: ${cache.revision}`, 1);
  const from = token === undefined ? range.from : `${range.from}${token.start}\0`;
  const all = snapshotAt(collection, { from, to: range.to }, revision);
  if (all === undefined) {
    if (token !== undefined) throw expiredContinue(token.start);
    throw new StatusError(410, 'Expired', `The resourceVersion for the provided list is too old.`);
  }
  const { matches } = options;
  const limit = limitOf(options);
  if (limit === 0)
    return {
      objects: matches === undefined ? all : all.filter(matches),
      revision,
      continueToken: '',
      remainingItemCount: undefined,
    };
  const objects: CachedObject[] = [];
  let index = 0;
  for (; index < all.length && objects.length < limit; index++) {
    const object = all[index] as CachedObject;
    if (matches === undefined || matches(object)) objects.push(object);
  }
  while (matches !== undefined && index < all.length && !matches(all[index] as CachedObject)) index++;
  const last = objects.at(-1);
  const more = index < all.length && last !== undefined;
  return {
    objects,
    revision,
    continueToken: more ? encodeContinue(revision, last.key.slice(range.from.length)) : '',
    remainingItemCount: more && matches === undefined ? all.length - objects.length : undefined,
  };
}

function listMetadata(page: Page): object {
  return {
    resourceVersion: String(page.revision),
    ...(page.continueToken === '' ? {} : { continue: page.continueToken }),
    ...(page.remainingItemCount === undefined ? {} : { remainingItemCount: page.remainingItemCount }),
  };
}

/** Lets other requests go on between slices of a long piece of work. */
async function inSlices<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Result,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += objectsPerTurn) {
    if (start > 0) await new Promise((resolve) => setImmediate(resolve));
    for (const item of items.slice(start, start + objectsPerTurn)) results.push(work(item));
  }
  return results;
}

const comma = Buffer.from(',');
const brace = Buffer.from('{');
const commaAndBrace = Buffer.from(',{');
const closing = Buffer.from(']}\n');

/**
 * `{...,"items":[a,b]}` as the cache's own bytes, not copied: whoever sends them joins as much as goes out at a time, so
 * that a long list does not stand in memory twice.
 */
function listPieces(
  kind: Kind,
  { metadata, objects }: { metadata: object; objects: readonly CachedObject[] },
): Uint8Array[] {
  const whole = kind.isCustomResource === true;
  const pieces: Uint8Array[] = [listOpening(kind, metadata)];
  objects.forEach(({ bytes }, index) => {
    if (!whole) pieces.push(index > 0 ? commaAndBrace : brace, withoutTypeBytes(kind, bytes));
    else if (index > 0) pieces.push(comma, bytes);
    else pieces.push(bytes);
  });
  pieces.push(closing);
  return pieces;
}

export async function list(request: ResourceRequest): Promise<ApiResponse> {
  const options = parseListOptions(request);
  await freshen(request, options.continueToken !== '' ? '0' : options.resourceVersion);
  const page = pageOf(request, options);
  const metadata = listMetadata(page);
  const { kind, representation } = request;
  if (representation.as === 'Table') {
    const tableOptions = tableOptionsOf(request);
    const rows = await inSlices(page.objects, (cached) =>
      tableRow(kind, presentCached(kind, cached), tableOptions),
    );
    return respondJson(request, 200, table(kind, { ...tableOptions, metadata, rows }));
  }
  if (representation.as === 'PartialObjectMetadata') {
    const { metaVersion } = representation;
    const items = await inSlices(page.objects, (cached) => partialObject(parseCached(cached), metaVersion));
    return respondJson(request, 200, {
      kind: 'PartialObjectMetadataList',
      apiVersion: `meta.k8s.io/${metaVersion}`,
      metadata,
      items,
    });
  }
  if (bytesSuffice(request) && kind.storedAs === undefined)
    return respondBytes(request, 200, listPieces(kind, { metadata, objects: page.objects }));
  const items = await inSlices(page.objects, (cached) => listItem(kind, presentCached(kind, cached)));
  const apiVersion = apiVersionOf(kind.group, kind.version);
  return respondJson(request, 200, { kind: listKindOf(kind), apiVersion, metadata, items });
}
