/**
 * In which order the elements of a merged list stand: as the patch says, then as they stood. Everything is looked up
 * in maps: the lists come from users, and a search per element would let a long one hold the event loop.
 * Source: k8s.io/apimachinery pkg/util/strategicpatch; design proposal "preserve order in strategic merge patch".
 */
import { getOwn } from '../../kinds/object.ts';
import { formatGo, goTypeOf } from './go-format.ts';
import { isMap, type Json } from './json.ts';
import { badElementOrderPatch, failure, listOfLists, noMergeKey, wrongType } from './strategic-error.ts';

export const directiveMarker = '$patch';
export const elementOrderPrefix = '$setElementOrder';

const mapType = 'map[string]interface {}';

/** The value of the merge key, or the element itself in a list of scalars. Throws where an element has none. */
export function identityOf(element: Json, mergeKey: string): Json {
  if (mergeKey === '') return element;
  if (!isMap(element)) throw wrongType(mapType, element);
  const value = getOwn(element, mergeKey);
  if (value === undefined) throw noMergeKey(element, mergeKey);
  return value;
}

/** Whether the elements are maps. All lists together must hold one type, and that may not be a list. */
export function holdMaps(...lists: Json[][]): boolean {
  let type: string | undefined;
  for (const list of lists)
    for (const element of list) {
      const own = goTypeOf(element);
      if (own === '[]interface {}' && type === undefined) throw listOfLists();
      if (type !== undefined && own !== type)
        throw failure(`list element types are not identical: ${formatGo(lists)}`);
      type = own;
    }
  if (type === undefined) throw failure('no elements in any of the given slices');
  return type === mapType;
}

const isDelete = (element: Json): boolean => isMap(element) && getOwn(element, directiveMarker) === 'delete';

/** What the patch adds or changes must stand in `$setElementOrder`, in the same order. */
export function checkElementOrder(patch: Json[], order: Json[], mergeKey: string): void {
  if (order.length === 0 || patch.length === 0) return;
  const kept = mergeKey === '' ? patch : patch.filter((element) => !isDelete(ensureMap(element)));
  let position = 0;
  for (const wanted of order) {
    while (position < kept.length && hasDirective(kept[position] as Json)) position++;
    if (position === kept.length) return;
    if (identityOf(kept[position] as Json, mergeKey) === identityOf(wanted, mergeKey)) position++;
  }
  if (position < kept.length)
    throw failure(
      `The order in patch list:\n${formatGo(patch)}\n doesn't match ${elementOrderPrefix} list:\n${formatGo(order)}\n`,
    );
}

function ensureMap(element: Json): Json {
  if (!isMap(element)) throw wrongType(mapType, element);
  return element;
}

const hasDirective = (element: Json): boolean => isMap(element) && Object.hasOwn(element, directiveMarker);

export function ensureOrderList(value: Json): Json[] {
  if (!Array.isArray(value)) throw wrongType('[]interface {}', value);
  return value;
}

/** `$setElementOrder/ports` -> `ports` */
export function fieldOfElementOrder(key: string): string {
  if (!key.startsWith(`${elementOrderPrefix}/`)) throw badElementOrderPatch();
  return key.slice(elementOrderPrefix.length + 1);
}

function positions(list: Json[], mergeKey: string): Map<Json, number> {
  const found = new Map<Json, number>();
  list.forEach((element, index) => {
    const identity = identityOf(element, mergeKey);
    if (!found.has(identity)) found.set(identity, index);
  });
  return found;
}

/**
 * The merged list in its final order. `patchOrder` orders what is named in it; everything else keeps the order it has
 * in `serverOrder`. Where both kinds meet, one that the server has first comes first, else the patch's does.
 */
export function orderElements(
  merged: Json[],
  orders: { patchOrder: Json[]; serverOrder: Json[]; mergeKey: string },
): Json[] {
  const { mergeKey } = orders;
  const inPatch = positions(orders.patchOrder, mergeKey);
  const onServer = positions(orders.serverOrder, mergeKey);
  const fromPatch: Json[] = [];
  const serverOnly: Json[] = [];
  for (const element of merged)
    (inPatch.has(identityOf(element, mergeKey)) ? fromPatch : serverOnly).push(element);
  const by = (order: Map<Json, number>) => (a: Json, b: Json) =>
    (order.get(identityOf(a, mergeKey)) ?? 0) - (order.get(identityOf(b, mergeKey)) ?? 0);
  fromPatch.sort(by(inPatch));
  serverOnly.sort(by(onServer));

  const result: Json[] = [];
  let next = 0;
  for (const element of fromPatch) {
    const limit = onServer.get(identityOf(element, mergeKey));
    while (limit !== undefined && next < serverOnly.length) {
      const position = onServer.get(identityOf(serverOnly[next] as Json, mergeKey));
      if (position === undefined || position >= limit) break;
      result.push(serverOnly[next++] as Json);
    }
    result.push(element);
  }
  return [...result, ...serverOnly.slice(next)];
}

/** Each scalar once. */
export function withoutDuplicates(list: Json[]): Json[] {
  return [...new Set(list)];
}
