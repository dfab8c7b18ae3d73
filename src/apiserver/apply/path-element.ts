/**
 * One step of a field path as managedFields writes it: `f:replicas` a field or map key, `k:{"name":"web"}` an element of
 * a list with keys, `v:"web"` an element of a set, `i:0` an index.
 * Source: sigs.k8s.io/structured-merge-diff fieldpath (serialize-pe.go, element.go).
 */
import { getOwn } from '../../kinds/object.ts';
import { isMap, type Json, type JsonMap } from '../patch/json.ts';

/** A field of that name is the default of the key of the same name: `ports` need not say TCP. Source: the API's OpenAPI. */
const keyDefaults: Readonly<Record<string, Json>> = { protocol: 'TCP' };

export const fieldElement = (name: string): string => `f:${name}`;

export const valueElement = (value: Json): string => `v:${JSON.stringify(value)}`;

/** The first key that an element of the list lacks, and that has no default. */
export function missingKey(item: JsonMap, keys: readonly string[]): string | undefined {
  return keys.find((key) => getOwn(item, key) === undefined && getOwn(keyDefaults, key) === undefined);
}

/** `keys` are sorted. Undefined where the element has no value for one of them. */
export function keyElement(item: JsonMap, keys: readonly string[]): string | undefined {
  let text = 'k:{';
  for (const key of keys) {
    const value = getOwn(item, key) ?? getOwn(keyDefaults, key);
    if (value === undefined) return undefined;
    text += `${text.length > 3 ? ',' : ''}${JSON.stringify(key)}:${JSON.stringify(value)}`;
  }
  return `${text}}`;
}

function parseOr(text: string, fallback: Json): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return fallback;
  }
}

/** The same element in the one form that this process compares; undefined for what is no path element. */
export function normalizeElement(element: string): string | undefined {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return element;
  if (element.startsWith('i:')) return /^-?[0-9]+$/.test(rest) ? element : undefined;
  const value = parseOr(rest, undefined as unknown as Json);
  if (value === undefined) return undefined;
  if (element.startsWith('v:')) return valueElement(value);
  if (!element.startsWith('k:') || !isMap(value)) return undefined;
  return keyElement(value, Object.keys(value).sort());
}

/** `.replicas`, `[name="web"]`, `[="web"]`, `[0]`: as messages show it. */
export function describeElement(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  if (element.startsWith('i:')) return `[${rest}]`;
  const keys = Object.entries(parseOr(rest, {}) as JsonMap);
  return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
}

const rank: Readonly<Record<string, number>> = { f: 0, k: 1, v: 2, i: 3 };

function compareValues(a: Json | undefined, b: Json | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

type Keys = readonly [string, Json][];

function compareKeys(left: Keys, right: Keys): number {
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const [leftKey, leftValue] = left[index] as [string, Json];
    const [rightKey, rightValue] = right[index] as [string, Json];
    const order = compareValues(leftKey, rightKey) || compareValues(leftValue, rightValue);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** What an element is sorted by, parsed once and not at every comparison. */
interface Sortable<Item> {
  readonly rank: number;
  readonly keys: Keys | undefined;
  readonly value: Json;
  readonly item: Item;
}

function sortableOf<Item>(element: string, item: Item): Sortable<Item> {
  const elementRank = rank[element[0] as string] ?? 4;
  if (elementRank === 0) return { rank: 0, keys: undefined, value: element, item };
  const value = parseOr(element.slice(2), null);
  return { rank: elementRank, keys: isMap(value) ? Object.entries(value) : undefined, value, item };
}

function compareSortables(a: Sortable<unknown>, b: Sortable<unknown>): number {
  if (a.rank !== b.rank) return a.rank - b.rank;
  // Nearly all are fields, and no two of them are the same.
  if (a.rank === 0) return (a.value as string) < (b.value as string) ? -1 : 1;
  return a.keys !== undefined && b.keys !== undefined
    ? compareKeys(a.keys, b.keys)
    : compareValues(a.value, b.value);
}

/** In upstream's order: fields first, then keys, values and indices; numbers by size. */
export function sortByElement<Item>(items: Iterable<[element: string, item: Item]>): [string, Item][] {
  return Array.from(items, (entry) => sortableOf(entry[0], entry))
    .sort(compareSortables)
    .map(({ item }) => item);
}
