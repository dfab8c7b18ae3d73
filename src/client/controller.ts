/**
 * A controller as data: which kinds it looks at, which keys a change in them concerns, and a pure function from a key
 * and a view to changes. See README.md.
 */
import { apiVersionOf, type KubeObject } from '../kinds/object.ts';
import type { Change } from './change.ts';
import { type KindName, kindNamed, type ObjectOf } from './kind-names.ts';
import type { IndexFunction } from './object-cache.ts';
import { keyOf, objectKey } from './object-key.ts';
import type { View } from './view.ts';

/** What happened to a watched object. */
export interface WatchedChange<Type> {
  readonly type: 'add' | 'update' | 'delete';
  /** As it is now; of a delete, as it was last. */
  readonly object: Type;
  /** Of an update: as it was before. */
  readonly old?: Type;
}

/**
 * The keys that an object concerns. On an update it is asked twice, for the object as it is and as it was, so that
 * both the old and the new owner hear of a move.
 */
export type KeyMap<Type> = (object: Type, view: View, change: WatchedChange<Type>) => Iterable<string>;

export type Watches = { readonly [Name in KindName]?: KeyMap<ObjectOf<Name>> };

export type Indexes = {
  readonly [Name in KindName]?: Readonly<Record<string, IndexFunction<ObjectOf<Name>>>>;
};

export interface Controller {
  /** `deployment`: in logs, metrics and, with `-controller`, as the source of Events. */
  readonly name: string;
  readonly watches: Watches;
  readonly indexes?: Indexes;
  /** Keys reconciled at once; 5 unless given. */
  readonly concurrency?: number;
  /** Every key that `self` gives is reconciled again this often, for what depends on time alone. */
  readonly resyncMilliseconds?: number;
  /** Upstream's name when it differs from `<name>-controller`: the source.component of its Events. */
  readonly eventSource?: string;
  /** Pure: no I/O, no clock but the view's, no randomness, and nothing in the view is changed. */
  readonly reconcile: (key: string, view: View) => Iterable<Change>;
}

export function defineController(controller: Controller): Controller {
  return controller;
}

/** The object's own key. */
export const self = (object: KubeObject): string[] => [keyOf(object)];

/** No key: the kind is only looked at. */
export const observe = (): string[] => [];

/** The key of the owner that controls the object, when it is of this kind. */
export function controllerOf(name: KindName): (object: KubeObject) => string[] {
  const kind = kindNamed(name);
  const apiVersion = apiVersionOf(kind.group, kind.version);
  return ({ metadata }) => {
    const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
    if (owner === undefined || owner.kind !== kind.kind || owner.apiVersion !== apiVersion) return [];
    return [objectKey(kind.scope === 'Namespaced' ? metadata.namespace : undefined, owner.name)];
  };
}

/** Both maps' keys. */
export function both<Type>(...maps: readonly KeyMap<Type>[]): KeyMap<Type> {
  return (object, view, change) => maps.flatMap((map) => [...map(object, view, change)]);
}
