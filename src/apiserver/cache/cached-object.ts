import type { Kind } from '../../kinds/kind.ts';
import type { AnyObject } from '../../kinds/object.ts';
import { decodeTrusted } from '../codec.ts';

/** One object as the cache holds it: serialized once, with what selectors look at beside it. Immutable. */
export interface CachedObject {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  /** The revision that wrote it; its resourceVersion. */
  readonly revision: number;
  /** The wire form, resourceVersion included. GET, LIST and every watcher share it. */
  readonly bytes: Uint8Array;
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** The kind's selectable fields; undefined when it has none besides name and namespace. */
  readonly fields: Readonly<Record<string, string>> | undefined;
}

/** A change as the cache saw it. */
export interface CacheEvent {
  readonly revision: number;
  /** The state after; for a delete the last state, carrying the delete's revision. */
  readonly object: CachedObject;
  /** The state before; undefined when it is new. */
  readonly previous: CachedObject | undefined;
  readonly deleted: boolean;
}

/** What identity, labels and selectable fields an object has, around its wire bytes. */
export function describeObject(
  kind: Kind,
  object: AnyObject,
  at: { key: string; revision: number; bytes: Uint8Array },
): CachedObject {
  return {
    key: at.key,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name ?? '',
    revision: at.revision,
    bytes: at.bytes,
    labels: object.metadata.labels,
    fields: kind.selectableFields?.(object),
  };
}

/** A fresh, unshared parse: the caller may change it. */
export function parseCached(cached: CachedObject): AnyObject {
  return decodeTrusted(cached.bytes);
}
