/** What a reconcile sees: the caches of the kinds its controller watches, the time, and what went wrong last. */
import type { StatusError } from '../kinds/status.ts';
import { WherryError } from '../lib/errors.ts';
import type { KindName, ObjectOf } from './kind-names.ts';
import type { ObjectCache, Selection } from './object-cache.ts';

export interface View {
  /** Milliseconds since the epoch. */
  now(): number;
  get<Name extends KindName>(kind: Name, key: string): ObjectOf<Name> | undefined;
  /** Of a namespace, with labels, or all. */
  list<Name extends KindName>(kind: Name, selection?: Selection): ObjectOf<Name>[];
  /** By an index that the controller defines, or one of the built-in ones: `controllerUid`, `ownerUid`. */
  byIndex<Name extends KindName>(kind: Name, index: string, value: string): ObjectOf<Name>[];
  /** Everything that was written to the kind up to this revision is in the view. */
  revision(kind: KindName): number;
  /** What the last attempt at this key failed with: the server's refusal. Undefined after a success. */
  readonly failure: StatusError | undefined;
}

/** The ObjectCache behind a view, by kind; its type follows from the name, which no type can say here. */
export type CacheOf = (kind: KindName) => unknown;

export function makeView(options: {
  readonly cacheOf: CacheOf;
  readonly revisionOf: (kind: KindName) => number;
  readonly now: () => number;
  readonly failure?: StatusError;
}): View {
  const { now, failure, revisionOf } = options;
  const cacheOf = <Name extends KindName>(kind: Name): ObjectCache<ObjectOf<Name>> => {
    const cache = options.cacheOf(kind);
    if (cache === undefined)
      throw new WherryError(
        'NOT_WATCHED',
        `a reconcile looked at ${kind}, which its controller does not watch`,
      );
    return cache as ObjectCache<ObjectOf<Name>>;
  };
  return {
    now,
    failure,
    revision: revisionOf,
    get: (kind, key) => cacheOf(kind).get(key),
    list: (kind, selection) => cacheOf(kind).list(selection),
    byIndex: (kind, index, value) => cacheOf(kind).byIndex(index, value),
  };
}
