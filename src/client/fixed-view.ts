/** A view of a few given objects, to try a reconcile without a server. */
import type { KubeObject } from '../kinds/object.ts';
import type { StatusError } from '../kinds/status.ts';
import { WherryError } from '../lib/errors.ts';
import type { Controller } from './controller.ts';
import { deepFreeze } from './deep-freeze.ts';
import { type KindName, kindNameOf, type ObjectOf } from './kind-names.ts';
import { type IndexFunction, ObjectCache } from './object-cache.ts';
import { makeView, type View } from './view.ts';

/** Objects say their apiVersion and kind; they are frozen, as a reconcile may not change them. */
export function fixedView(
  controller: Pick<Controller, 'watches' | 'indexes'>,
  state: {
    readonly now?: number;
    readonly objects: readonly KubeObject[];
    readonly failure?: StatusError;
    /** How far each kind's cache has come; unless given, as far as can be. */
    readonly revisions?: { readonly [Name in KindName]?: number };
  },
): View {
  const caches = new Map<KindName, ObjectCache<ObjectOf<KindName>>>();
  for (const kind of Object.keys(controller.watches) as KindName[]) {
    const cache = new ObjectCache<ObjectOf<KindName>>();
    const indexes = (controller.indexes?.[kind] ?? {}) as Record<string, IndexFunction<ObjectOf<KindName>>>;
    for (const [name, valuesOf] of Object.entries(indexes)) cache.addIndex(name, valuesOf);
    caches.set(kind, cache);
  }
  for (const object of state.objects) {
    const kind = kindNameOf(object.apiVersion ?? '', object.kind ?? '');
    const cache = kind === undefined ? undefined : caches.get(kind);
    if (cache === undefined)
      throw new WherryError(
        'NOT_WATCHED',
        `the controller does not watch ${object.apiVersion ?? ''} ${object.kind ?? ''}`,
      );
    cache.set(deepFreeze(object) as ObjectOf<KindName>);
  }
  const now = state.now ?? Date.UTC(2026, 0, 1);
  return makeView({
    cacheOf: (kind) => caches.get(kind),
    revisionOf: (kind) => state.revisions?.[kind] ?? Number.POSITIVE_INFINITY,
    now: () => now,
    failure: state.failure,
  });
}
