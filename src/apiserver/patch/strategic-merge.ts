/**
 * Strategic merge patch: a merge patch that knows the fields. Lists with a merge key are merged element by element,
 * scalar lists with patch strategy `merge` are joined, and directives (`$patch`, `$retainKeys`, `$setElementOrder/x`,
 * `$deleteFromPrimitiveList/x`) say what a plain merge cannot.
 * Source: k8s.io/apimachinery pkg/util/strategicpatch StrategicMergeMapPatch (MergeParallelList, IgnoreUnmatchedNulls).
 */
import { getOwn, setOwn } from '../../kinds/object.ts';
import { type FieldType, type Schema, schemaOf } from '../../kinds/schema.ts';
import { cloneJson, isMap, type Json, type JsonMap } from './json.ts';
import {
  badDirective,
  badPrimitiveListPatch,
  badRetainKeysPatch,
  failure,
  wrongType,
} from './strategic-error.ts';
import {
  checkElementOrder,
  directiveMarker,
  elementOrderPrefix,
  ensureOrderList,
  fieldOfElementOrder,
  holdMaps,
  identityOf,
  orderElements,
  withoutDuplicates,
} from './strategic-order.ts';

const retainKeysMarker = '$retainKeys';
const deletionPrefix = '$deleteFromPrimitiveList';

export type SchemaLookup = (name: string) => Schema;

interface FieldMeta {
  type: FieldType;
  mergeKey: string;
  /** `merge`, `replace` or nothing; `retainKeys` is for those who make patches. */
  strategy: string;
}

const freeJson: FieldType = { type: 'any' };

interface ListPatch {
  original: Json[];
  patch: Json[];
  field: FieldMeta;
  /** The list names what goes. */
  deletion: boolean;
}

/** Works on copies of its own, so that it may change them in place. */
class StrategicMerger {
  readonly #lookup: SchemaLookup;

  constructor(lookup: SchemaLookup) {
    this.#lookup = lookup;
  }

  mergeMap(original: JsonMap, patch: JsonMap, type: FieldType): JsonMap {
    const directive = getOwn(patch, directiveMarker);
    if (directive !== undefined) return replaceOrDelete(directive, patch);
    applyRetainKeys(original, patch);
    this.#mergeOrderedLists(original, patch, type);
    for (const key of Object.keys(patch)) this.#mergeKey({ original, patch, key, type });
    return original;
  }

  #field(type: FieldType, key: string): FieldMeta {
    if (type.type === 'map') return { type: type.of, mergeKey: '', strategy: '' };
    if (type.type !== 'object') return { type: freeJson, mergeKey: '', strategy: '' };
    const field = this.#lookup(type.schema).fields.get(key);
    if (field === undefined)
      throw failure(
        `unable to find api field in struct ${type.schema} for the json field ${JSON.stringify(key)}`,
      );
    const strategy = field.patchStrategy?.find((each) => each !== 'retainKeys') ?? '';
    return { type: field.type, mergeKey: field.patchMergeKey ?? '', strategy };
  }

  #mergeKey(at: { original: JsonMap; patch: JsonMap; key: string; type: FieldType }): void {
    const { original } = at;
    const patchValue = at.patch[at.key] as Json;
    const deletion = at.key.startsWith(deletionPrefix);
    const key = deletion ? fieldOfDeletion(at.key) : at.key;
    if (patchValue === null) {
      delete original[key];
      return;
    }
    const originalValue = getOwn(original, key);
    if (isMap(originalValue) && isMap(patchValue)) {
      const field = this.#field(at.type, key);
      const merged =
        field.strategy === 'replace' ? patchValue : this.mergeMap(originalValue, patchValue, field.type);
      setOwn(original, key, merged);
    } else if (Array.isArray(originalValue) && Array.isArray(patchValue)) {
      const field = this.#field(at.type, key);
      setOwn(original, key, this.#mergeList({ original: originalValue, patch: patchValue, field, deletion }));
    } else if (!deletion) {
      const value = asNewValue(patchValue);
      if (value === undefined) delete original[key];
      else setOwn(original, key, value);
    }
  }

  #mergeList({ original, patch, field, deletion }: ListPatch): Json[] {
    const { mergeKey } = field;
    if (field.strategy !== 'merge' && !deletion) return patch;
    if (original.length === 0 && patch.length === 0) return original;
    if (!holdMaps(original, patch)) {
      if (deletion) {
        const gone = new Set(patch);
        return original.filter((element) => !gone.has(element));
      }
      const merged = withoutDuplicates([...original, ...patch]);
      return orderElements(merged, { patchOrder: patch, serverOrder: original, mergeKey });
    }
    if (mergeKey === '') throw failure('cannot merge lists without merge key for struct');
    const elementType = field.type.type === 'list' ? field.type.of : freeJson;
    const { kept, changes } = applyListDirectives(original, patch as JsonMap[], mergeKey);
    const merged = this.#mergeElements({ kept, changes, mergeKey, elementType });
    return orderElements(merged, { patchOrder: changes, serverOrder: kept, mergeKey });
  }

  #mergeElements(at: {
    kept: JsonMap[];
    changes: JsonMap[];
    mergeKey: string;
    elementType: FieldType;
  }): JsonMap[] {
    const merged = [...at.kept];
    const positions = new Map<Json | undefined, number>();
    merged.forEach((element, index) => {
      const identity = getOwn(element, at.mergeKey);
      if (!positions.has(identity)) positions.set(identity, index);
    });
    for (const change of at.changes) {
      const identity = identityOf(change, at.mergeKey);
      const position = positions.get(identity);
      if (position === undefined) {
        positions.set(identity, merged.length);
        merged.push(asNewValue(change) as JsonMap);
      } else merged[position] = this.mergeMap(merged[position] as JsonMap, change, at.elementType);
    }
    return merged;
  }

  /** The lists that `$setElementOrder/x` speaks of are merged here and taken out of the patch. */
  #mergeOrderedLists(original: JsonMap, patch: JsonMap, type: FieldType): void {
    for (const orderKey of Object.keys(patch)) {
      if (!orderKey.startsWith(elementOrderPrefix)) continue;
      const order = ensureOrderList(patch[orderKey] as Json);
      delete patch[orderKey];
      const key = fieldOfElementOrder(orderKey);
      const originalList = getOwn(original, key);
      const patchList = getOwn(patch, key);
      if (originalList !== undefined && !Array.isArray(originalList))
        throw wrongType('[]interface {}', originalList);
      if (patchList !== undefined && !Array.isArray(patchList)) throw wrongType('[]interface {}', patchList);
      const field = this.#field(type, key);
      checkElementOrder(patchList ?? [], order, field.mergeKey);
      if (originalList === undefined && patchList === undefined) continue;
      // Merging changes the elements in place, so their types and their order are looked at first.
      holdMaps(originalList ?? [], patchList ?? []);
      const serverOrder = [...(originalList ?? [])];
      const merged = this.#mergeOrdered(originalList, patchList, field);
      setOwn(
        original,
        key,
        orderElements(merged, { patchOrder: order, serverOrder, mergeKey: field.mergeKey }),
      );
      delete patch[key];
    }
  }

  #mergeOrdered(original: Json[] | undefined, patch: Json[] | undefined, field: FieldMeta): Json[] {
    if (patch === undefined) return original ?? [];
    if (original === undefined) return asNewValue(patch) as Json[];
    return this.#mergeList({ original, patch, field, deletion: false });
  }
}

function replaceOrDelete(directive: Json, patch: JsonMap): JsonMap {
  if (directive === 'delete') return {};
  if (directive !== 'replace') throw badDirective(directive, patch);
  delete patch[directiveMarker];
  return patch;
}

/** `$retainKeys` names all that stays: the rest of the original goes, and the patch may set nothing else. */
function applyRetainKeys(original: JsonMap, patch: JsonMap): void {
  const retained = getOwn(patch, retainKeysMarker);
  if (retained === undefined) return;
  delete patch[retainKeysMarker];
  if (!Array.isArray(retained)) throw badRetainKeysPatch();
  const names = new Set<Json>(retained);
  for (const key of Object.keys(patch)) {
    if (patch[key] === null || key.startsWith(deletionPrefix) || key.startsWith(elementOrderPrefix)) continue;
    if (!names.has(key)) throw badRetainKeysPatch();
  }
  for (const key of Object.keys(original)) if (!names.has(key)) delete original[key];
}

/** `$deleteFromPrimitiveList/finalizers` -> `finalizers` */
function fieldOfDeletion(key: string): string {
  if (!key.startsWith(`${deletionPrefix}/`)) throw badPrimitiveListPatch();
  return key.slice(deletionPrefix.length + 1);
}

/** Elements that carry `$patch` are orders, not elements. */
function applyListDirectives(
  original: Json[],
  patch: JsonMap[],
  mergeKey: string,
): { kept: JsonMap[]; changes: JsonMap[] } {
  const changes: JsonMap[] = [];
  const deleted = new Set<Json>();
  let replace = false;
  for (const element of patch) {
    const directive = getOwn(element, directiveMarker);
    if (directive === undefined) changes.push(element);
    else if (directive === 'delete') deleted.add(identityOf(element, mergeKey));
    else if (directive === 'replace') replace = true;
    else if (directive === 'merge') throw failure('merging lists cannot yet be specified in the patch');
    else throw badDirective(directive, element);
  }
  if (replace) return { kept: changes, changes: [] };
  const kept = (original as JsonMap[]).filter((element) => {
    const identity = getOwn(element, mergeKey);
    return identity === undefined || !deleted.has(identity);
  });
  return { kept, changes };
}

/**
 * What a patch value becomes where there is nothing to merge it with: its nulls have nothing to delete, and what
 * carries a `$patch` directive is not kept. Undefined when that is the value itself.
 */
function asNewValue(value: Json): Json | undefined {
  if (Array.isArray(value)) return value.map(asNewValue).filter((each) => each !== undefined);
  if (!isMap(value)) return value;
  if (Object.hasOwn(value, directiveMarker)) return undefined;
  const kept: JsonMap = {};
  for (const key of Object.keys(value)) {
    const child = value[key] === null ? undefined : asNewValue(value[key] as Json);
    if (child !== undefined) setOwn(kept, key, child);
  }
  return kept;
}

/** The patched document; neither argument is changed. Throws StrategicMergeError. */
export function applyStrategicMergePatch(
  document: JsonMap,
  patch: JsonMap,
  { schema, lookup = schemaOf }: { schema: string; lookup?: SchemaLookup },
): JsonMap {
  const merger = new StrategicMerger(lookup);
  return merger.mergeMap(cloneJson(document), cloneJson(patch), { type: 'object', schema });
}
