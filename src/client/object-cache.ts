/**
 * Objects of one kind in memory, with indexes. Objects are shared by everybody who reads them: nobody changes them.
 * Two indexes are always there: `controllerUid` (the owner that controls the object) and `ownerUid` (every owner).
 */
import type { LabelSelector } from '../kinds/generated/types.ts';
import { selectorMatches } from '../kinds/label-selector.ts';
import type { KubeObject } from '../kinds/object.ts';
import { WherryError } from '../lib/errors.ts';
import { keyOf } from './object-key.ts';

/** The values under which an object is found; pure, and cheap, as it runs twice for each change. */
export type IndexFunction<Type> = (object: Type) => readonly string[];

interface Index<Type> {
  readonly valuesOf: IndexFunction<Type>;
  readonly byValue: Map<string, Map<string, Type>>;
}

export interface Selection {
  readonly namespace?: string;
  readonly selector?: LabelSelector;
}

export const controllerUid = (object: KubeObject): readonly string[] => {
  const owner = object.metadata.ownerReferences?.find(({ controller }) => controller === true);
  return owner === undefined ? none : [owner.uid];
};

const ownerUid = (object: KubeObject): readonly string[] =>
  object.metadata.ownerReferences?.map(({ uid }) => uid) ?? none;

const none: readonly string[] = [];
const byNamespace = (object: KubeObject): readonly string[] => [object.metadata.namespace ?? ''];

export class ObjectCache<Type extends KubeObject> {
  readonly #objects = new Map<string, Type>();
  readonly #indexes = new Map<string, Index<Type>>();
  readonly #namespaces: Index<Type>;

  constructor() {
    this.#namespaces = { valuesOf: byNamespace, byValue: new Map() };
    this.#indexes.set('', this.#namespaces);
    this.addIndex('controllerUid', controllerUid);
    this.addIndex('ownerUid', ownerUid);
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): Type | undefined {
    return this.#objects.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  values(): IterableIterator<Type> {
    return this.#objects.values();
  }

  /** In the order in which they came. */
  list({ namespace, selector }: Selection = {}): Type[] {
    const found =
      namespace === undefined
        ? this.#objects.values()
        : (this.#namespaces.byValue.get(namespace)?.values() ?? []);
    if (selector === undefined) return [...found];
    const matching: Type[] = [];
    for (const object of found) if (selectorMatches(selector, object.metadata.labels)) matching.push(object);
    return matching;
  }

  /** Throws NO_SUCH_INDEX. */
  byIndex(name: string, value: string): Type[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new WherryError('NO_SUCH_INDEX', `there is no index ${name}`);
    return [...(index.byValue.get(value)?.values() ?? [])];
  }

  /**
   * Everybody who shares the cache shares its indexes: the same name with the same function is the same index.
   * Throws INDEX_TAKEN when another function has the name.
   */
  addIndex(name: string, valuesOf: IndexFunction<Type>): void {
    const known = this.#indexes.get(name);
    if (known?.valuesOf === valuesOf) return;
    if (known !== undefined)
      throw new WherryError('INDEX_TAKEN', `the index ${name} exists already, with another function`);
    const index: Index<Type> = { valuesOf, byValue: new Map() };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) insert(index, key, object);
  }

  /** Returns what was there. */
  set(object: Type): Type | undefined {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const index of this.#indexes.values()) {
      if (old !== undefined) remove(index, key, old);
      insert(index, key, object);
    }
    return old;
  }

  /** Returns what was there. */
  delete(key: string): Type | undefined {
    const old = this.#objects.get(key);
    if (old === undefined) return undefined;
    this.#objects.delete(key);
    for (const index of this.#indexes.values()) remove(index, key, old);
    return old;
  }
}

function insert<Type>(index: Index<Type>, key: string, object: Type): void {
  for (const value of index.valuesOf(object)) {
    const found = index.byValue.get(value);
    if (found === undefined) index.byValue.set(value, new Map([[key, object]]));
    else found.set(key, object);
  }
}

function remove<Type>(index: Index<Type>, key: string, object: Type): void {
  for (const value of index.valuesOf(object)) {
    const found = index.byValue.get(value);
    found?.delete(key);
    if (found?.size === 0) index.byValue.delete(value);
  }
}
