/**
 * What applying does to values: the configuration laid over the live object, and owned fields taken out.
 * Source: sigs.k8s.io/structured-merge-diff typed (merge.go, remove.go), fieldpath (EnsureNamedFieldsAreMembers).
 */
import { getOwn, setOwn } from '../../kinds/object.ts';
import { isMap, type Json, type JsonMap } from '../patch/json.ts';
import { elementOf } from './compare.ts';
import { type FieldSet, isMember } from './field-set.ts';
import { fieldElement } from './path-element.ts';
import { type ListPlan, type Plan, planBelow, type StructPlan } from './plan.ts';

type Value = Json | undefined;

const isBare = (value: Value): boolean =>
  typeof value !== 'object' || value === null || Object.keys(value).length === 0;

function mergeBelow(plan: Plan, live: Value, config: Value): Value {
  if (plan.atomic || (isBare(live) && isBare(config))) return config === undefined ? live : config;
  if (plan.shape === 'list')
    return mergeLists(plan, Array.isArray(live) ? live : [], Array.isArray(config) ? config : []);
  return mergeMaps(plan, isMap(live) ? live : {}, isMap(config) ? config : {});
}

/** What neither knows how to merge, because the type does not know it, is kept as the configuration or else the live object has it. */
function mergeMaps(plan: Plan, live: JsonMap, config: JsonMap): Value {
  const merged: JsonMap = {};
  for (const key of new Set([...Object.keys(live), ...Object.keys(config)])) {
    const [left, right] = [getOwn(live, key), getOwn(config, key)];
    const below = planBelow(plan, fieldElement(key));
    const value = below === undefined ? (right ?? left) : mergeBelow(below, left, right);
    if (value !== undefined) setOwn(merged, key, value);
  }
  return Object.keys(merged).length === 0 ? undefined : merged;
}

interface IndexedList {
  readonly elements: readonly string[];
  readonly items: readonly Json[];
  /** Undefined for an element that stands twice: such are not merged. */
  readonly byElement: ReadonlyMap<string, Value>;
}

function indexList(plan: ListPlan, list: Json[]): IndexedList {
  const elements: string[] = [];
  const items: Json[] = [];
  const byElement = new Map<string, Value>();
  for (const item of list) {
    const element = elementOf(plan, item);
    if (element === undefined) continue;
    elements.push(element);
    items.push(item);
    byElement.set(element, byElement.has(element) ? undefined : item);
  }
  return { elements, items, byElement };
}

/**
 * The configuration's elements in its order; the live object's others stay where they are between those that both have.
 * `next` is the shared element that comes next in the configuration's order.
 */
function mergeLists(plan: ListPlan, live: Json[], config: Json[]): Value {
  const left = indexList(plan, live);
  const right = indexList(plan, config);
  const shared = right.elements.filter((element) => left.byElement.has(element));
  const merged: Json[] = [];
  const done = new Set<string>();
  let next = 0;
  let l = 0;
  let r = 0;
  const take = (element: string, ours: Value, theirs: Value) => {
    const value = mergeBelow(plan.of, ours, theirs);
    if (value !== undefined) merged.push(value);
    if (theirs !== undefined) done.add(element);
  };
  while (l < left.elements.length || r < right.elements.length) {
    const ours = left.elements[l];
    const theirs = right.elements[r];
    if (ours !== undefined && theirs !== undefined) {
      if (ours === theirs) {
        take(ours, left.byElement.get(ours), right.byElement.get(ours));
        l++;
        r++;
        next++;
        continue;
      }
      if (right.byElement.has(ours) && next < shared.length && shared[next] !== ours) {
        l++;
        continue;
      }
    }
    if (ours !== undefined) {
      if (!right.byElement.has(ours)) {
        take(ours, left.items[l], undefined);
        l++;
        continue;
      }
      if (done.has(ours)) l++;
    }
    if (theirs !== undefined) {
      take(theirs, left.byElement.get(theirs), right.byElement.get(theirs));
      r++;
      if (shared[next] === theirs) next++;
    }
  }
  return merged.length === 0 ? undefined : merged;
}

/** The configuration laid over the live object. Shares what it can with both. */
export function mergeObjects(plan: StructPlan, live: object, config: object): JsonMap {
  return mergeBelow(plan, live as JsonMap, config as JsonMap) as JsonMap;
}

function removeBelow(plan: Plan, value: Value, set: FieldSet): Value {
  if (plan.shape === 'scalar') return value;
  if (plan.atomic || isBare(value)) return undefined;
  if (plan.shape === 'list') {
    if (!Array.isArray(value)) return undefined;
    const kept: Json[] = [];
    for (const item of value) {
      const element = elementOf(plan, item) ?? '';
      const below = set.children?.get(element);
      if (below === undefined) kept.push(item);
      else if (!below.member) kept.push(removeBelow(plan.of, item, below) ?? null);
    }
    return kept.length === 0 ? undefined : kept;
  }
  if (!isMap(value)) return undefined;
  const kept: JsonMap = {};
  for (const key of Object.keys(value)) {
    const element = fieldElement(key);
    if (isMember(set, element)) continue;
    const below = set.children?.get(element);
    const of = planBelow(plan, element);
    const own = value[key] as Json;
    setOwn(kept, key, below === undefined || of === undefined ? own : (removeBelow(of, own, below) ?? null));
  }
  return Object.keys(kept).length === 0 ? undefined : kept;
}

/** The object without the members of the set. What has become empty is null: it was there, and is not any more. */
export function removeFields(plan: StructPlan, object: JsonMap, set: FieldSet): JsonMap {
  if (set.children === undefined || set.children.size === 0) return object;
  return (removeBelow(plan, object, set) ?? {}) as JsonMap;
}

/** A set in which a struct's field is a member as soon as something below it is: who owns `.a.b` may empty `.a`. */
export function withNamedFields(plan: Plan | undefined, set: FieldSet): FieldSet {
  if (set.children === undefined) return set;
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    const below = plan === undefined ? undefined : planBelow(plan, element);
    const inner = withNamedFields(below, child);
    const named =
      plan?.shape === 'struct' && plan.fields.has(element.slice(2)) && child.children !== undefined;
    children.set(element, named ? { member: true, children: inner.children } : inner);
  }
  return { member: set.member, children };
}
