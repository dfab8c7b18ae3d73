/**
 * Which fields differ between two objects. Absent is undefined; null is a value of its own, as it is in Go.
 * Source: sigs.k8s.io/structured-merge-diff typed (compare.go, tofieldset.go).
 */
import { getOwn } from '../../kinds/object.ts';
import { equalJson, isMap, type Json, type JsonMap } from '../patch/json.ts';
import { emptySet, type FieldSet, isEmpty, leafSet } from './field-set.ts';
import { fieldElement, keyElement, valueElement } from './path-element.ts';
import type { ListPlan, Plan, StructPlan } from './plan.ts';

type Value = Json | undefined;

/** Either is absent where nothing is in it. */
export interface Difference {
  /** Added or with another value. */
  readonly changed: FieldSet | undefined;
  readonly removed: FieldSet | undefined;
}

const leafChanged: Difference = { changed: leafSet, removed: undefined };
const leafRemoved: Difference = { changed: undefined, removed: leafSet };

function compareLeaf(before: Value, after: Value): Difference | undefined {
  if (before === undefined) return leafChanged;
  if (after === undefined) return leafRemoved;
  return equalJson(before, after) ? undefined : leafChanged;
}

/** Gathers the differences of what is inside one value. */
class Gatherer {
  #changed: Map<string, FieldSet> | undefined;
  #removed: Map<string, FieldSet> | undefined;

  add(element: string, inner: Difference | undefined): void {
    if (inner === undefined) return;
    if (inner.changed !== undefined) {
      this.#changed ??= new Map();
      this.#changed.set(element, inner.changed);
    }
    if (inner.removed !== undefined) {
      this.#removed ??= new Map();
      this.#removed.set(element, inner.removed);
    }
  }

  finish(before: Value, after: Value): Difference | undefined {
    const added = before === undefined;
    const gone = !added && after === undefined;
    const changed =
      this.#changed !== undefined || added ? { member: added, children: this.#changed } : undefined;
    const removed =
      this.#removed !== undefined || gone ? { member: gone, children: this.#removed } : undefined;
    return changed === undefined && removed === undefined ? undefined : { changed, removed };
  }
}

export function isBare(value: Value): boolean {
  if (typeof value !== 'object' || value === null) return true;
  // What comes from JSON inherits nothing that could be listed.
  for (const _key in value) return false;
  return true;
}

function compareValues(plan: Plan, before: Value, after: Value): Difference | undefined {
  if (before === after) return undefined;
  // Where both are empty, the difference between empty, null and absent is one of a leaf.
  if (plan.atomic || (isBare(before) && isBare(after))) return compareLeaf(before, after);
  const gatherer = new Gatherer();
  if (plan.shape === 'list') compareLists({ plan, gatherer }, before, after);
  else {
    const left = isMap(before) ? before : undefined;
    const right = isMap(after) ? after : undefined;
    if (plan.shape === 'struct') compareFields({ plan, gatherer }, left, right);
    else if (plan.shape === 'map') compareKeys({ of: plan.of, gatherer }, left, right);
  }
  return gatherer.finish(before, after);
}

/** Fields that the type does not know are nobody's. */
function compareFields(
  { plan, gatherer }: { plan: StructPlan; gatherer: Gatherer },
  before: JsonMap | undefined,
  after: JsonMap | undefined,
): void {
  for (const key in after) {
    const field = plan.fields.get(key);
    const own = after[key];
    if (field === undefined || own === undefined) continue;
    const old = before === undefined ? undefined : before[key];
    if (old !== own) gatherer.add(field.element, compareValues(field.plan, old, own));
  }
  for (const key in before) {
    if (before[key] === undefined || (after !== undefined && after[key] !== undefined)) continue;
    const field = plan.fields.get(key);
    if (field !== undefined) gatherer.add(field.element, compareValues(field.plan, before[key], undefined));
  }
}

function compareKeys(
  { of, gatherer }: { of: Plan; gatherer: Gatherer },
  before: JsonMap | undefined,
  after: JsonMap | undefined,
): void {
  for (const key of Object.keys(after ?? {}))
    gatherer.add(fieldElement(key), compareValues(of, getOwn(before, key), getOwn(after, key)));
  for (const key of Object.keys(before ?? {}))
    if (getOwn(after, key) === undefined)
      gatherer.add(fieldElement(key), compareValues(of, getOwn(before, key), undefined));
}

/** By what an element is known in its list; undefined for one that lacks its key. */
export function elementOf(plan: ListPlan, item: Json): string | undefined {
  if (plan.keys.length === 0) return valueElement(item);
  return isMap(item) ? keyElement(item, plan.keys) : undefined;
}

/** The elements by what they are known by; more than one where the list, as it should not, has duplicates. */
function indexItems(plan: ListPlan, list: Value): Map<string, Json[]> {
  const items = new Map<string, Json[]>();
  if (!Array.isArray(list)) return items;
  for (const item of list) {
    const element = elementOf(plan, item);
    if (element === undefined) continue;
    const same = items.get(element);
    if (same === undefined) items.set(element, [item]);
    else same.push(item);
  }
  return items;
}

function compareLists(
  { plan, gatherer }: { plan: ListPlan; gatherer: Gatherer },
  before: Value,
  after: Value,
): void {
  const left = indexItems(plan, before);
  const right = indexItems(plan, after);
  for (const element of new Set([...right.keys(), ...left.keys()])) {
    const old = left.get(element) ?? [];
    const own = right.get(element) ?? [];
    if (old.length < 2 && own.length < 2) gatherer.add(element, compareValues(plan.of, old[0], own[0]));
    else if (old.length >= 2 && own.length >= 2) gatherer.add(element, compareLeaf(old, own));
    else if (own.length >= 2) {
      // A new duplicate: the single one goes with all that was in it, the duplicates come as a whole.
      const gone = compareValues(plan.of, old[0], undefined);
      gatherer.add(element, { changed: leafSet, removed: gone?.removed });
    } else {
      const single = compareValues(plan.of, undefined, own[0]);
      gatherer.add(element, { changed: single?.changed, removed: leafSet });
    }
  }
}

/** The differences from one object to the other; both sets are empty where there are none. */
export function compareObjects(
  plan: StructPlan,
  before: object,
  after: object,
): { changed: FieldSet; removed: FieldSet } {
  const found = compareValues(plan, before as JsonMap, after as JsonMap);
  return { changed: found?.changed ?? emptySet, removed: found?.removed ?? emptySet };
}

/** Go prints a list that was never set as null, and this process as []: so in what is stored an empty list is a leaf. */
type Origin = 'configuration' | 'stored';

function isLeaf(value: Json, origin: Origin): boolean {
  if (value === null) return true;
  if (Array.isArray(value)) return origin === 'stored' && value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function setBelow(plan: Plan, value: Value, origin: Origin): FieldSet {
  if (plan.atomic) return leafSet;
  const children = new Map<string, FieldSet>();
  if (plan.shape === 'list') {
    for (const [element, items] of indexItems(plan, value)) {
      const inner = items.length === 1 ? setBelow(plan.of, items[0], origin) : undefined;
      children.set(element, { member: true, children: inner?.children });
    }
  } else if (isMap(value))
    for (const key of Object.keys(value)) {
      const child = value[key];
      const of =
        plan.shape === 'map' ? plan.of : plan.shape === 'struct' ? plan.fields.get(key)?.plan : undefined;
      if (child === undefined || of === undefined) continue;
      const inner = setBelow(of, child, origin);
      const member = inner.member || plan.shape === 'map' || isLeaf(child, origin);
      if (member || !isEmpty(inner)) children.set(fieldElement(key), { member, children: inner.children });
    }
  return { member: false, children: children.size === 0 ? undefined : children };
}

/**
 * What an applied configuration claims, or what a stored object has: its leaves, the elements of its lists, the keys of
 * its maps.
 */
export function fieldSetOf(plan: StructPlan, object: object, origin: Origin = 'configuration'): FieldSet {
  return setBelow(plan, object as JsonMap, origin);
}
