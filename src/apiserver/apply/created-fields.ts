/**
 * Which fields the creator of an object owns, written as FieldsV1 in one walk. The same as comparing the object with the
 * empty one, taking off what is the server's and encoding the set (record.test.ts holds them equal), in a fifth of the
 * time: every create takes this way. Objects of one template own the same fields, so that the result is kept.
 */
import { type AnyObject, getOwn } from '../../kinds/object.ts';
import { equalJson, isMap, type Json, type JsonMap } from '../patch/json.ts';
import { elementOf, isBare } from './compare.ts';
import { createdFieldsMax } from './limits.ts';
import { emptyObjectOf, isUnowned, isUnownedMetadata, type OwnedKind, resetsStatus } from './owned-fields.ts';
import { sortByElement } from './path-element.ts';
import { type ListPlan, type Plan, planOf, type StructPlan } from './plan.ts';

type Value = Json | undefined;

const leaf = '{}';
const nothing = '';

/** FieldsV1 of what differs; `nothing` where nothing does. What is gone is of no concern: nobody owned it. */
function changedText(plan: Plan, before: Value, after: Value): string {
  if (before === after) return nothing;
  if (plan.atomic || (isBare(before) && isBare(after)))
    return before !== undefined && equalJson(before, after) ? nothing : leaf;
  const inside = textInside(plan, before, after);
  // An object that was not there is owned itself, beside what is in it.
  if (before === undefined) return inside === '' ? leaf : `{".":{},${inside}}`;
  return inside === '' ? nothing : `{${inside}}`;
}

function textInside(plan: Plan, before: Value, after: Value): string {
  if (plan.shape === 'list') return Array.isArray(after) ? textOfItems(plan, after) : '';
  const left = isMap(before) ? before : undefined;
  if (!isMap(after)) return '';
  return plan.shape === 'struct' ? textOfFields(plan, left, after) : textOfKeys(plan, left, after);
}

/** Few strings, most of them in order already. */
function sortNames(names: string[]): string[] {
  for (let end = 1; end < names.length; end++) {
    const name = names[end] as string;
    let at = end;
    for (; at > 0 && (names[at - 1] as string) > name; at--) names[at] = names[at - 1] as string;
    names[at] = name;
  }
  return names;
}

const insertionSortMax = 64;

const sorted = (names: string[]): string[] =>
  names.length > insertionSortMax ? names.sort() : sortNames(names);

function textOfFields(
  plan: StructPlan,
  before: JsonMap | undefined,
  after: JsonMap,
  isSkipped?: (name: string) => boolean,
): string {
  let text = '';
  for (const name of sorted(Object.keys(after))) {
    const field = plan.fields.get(name);
    const own = after[name];
    if (field === undefined || own === undefined || isSkipped?.(name)) continue;
    const old = before === undefined ? undefined : before[name];
    const inner = changedText(field.plan, old, own);
    // A field's name is an identifier: there is nothing in it to escape.
    if (inner !== nothing) text += text === '' ? `"f:${name}":${inner}` : `,"f:${name}":${inner}`;
  }
  return text;
}

function textOfKeys(plan: Exclude<Plan, StructPlan>, before: JsonMap | undefined, after: JsonMap): string {
  if (plan.shape !== 'map') return '';
  let text = '';
  for (const key of sorted(Object.keys(after))) {
    const inner = changedText(plan.of, getOwn(before, key), getOwn(after, key));
    if (inner !== nothing) text += `${text === '' ? '' : ','}${JSON.stringify(`f:${key}`)}:${inner}`;
  }
  return text;
}

/** No list of the empty object has an item, so that each is new. */
function textOfItems(plan: ListPlan, items: readonly Json[]): string {
  const texts = new Map<string, string>();
  for (const item of items) {
    const element = elementOf(plan, item);
    if (element === undefined) continue;
    // Duplicates, which should not be, are owned as one whole.
    texts.set(element, texts.has(element) ? leaf : changedText(plan.of, undefined, item));
  }
  const ordered = texts.size > 1 ? sortByElement(texts) : texts;
  let text = '';
  for (const [element, inner] of ordered)
    text += `${text === '' ? '' : ','}${JSON.stringify(element)}:${inner}`;
  return text;
}

/** FieldsV1 of a new object as text; '' when its creator owns nothing. */
function createdText(kind: OwnedKind, object: AnyObject): string {
  const plan = planOf(kind.schema);
  const before = emptyObjectOf(kind) as unknown as JsonMap;
  const after = object as unknown as JsonMap;
  let text = '';
  for (const name of sorted(Object.keys(after))) {
    const field = plan.fields.get(name);
    if (field === undefined || (name === 'status' && resetsStatus(kind))) continue;
    const inner = textOfPart(field.plan, name, { before: before[name], after: after[name] });
    if (inner !== nothing) text += `${text === '' ? '' : ','}"f:${name}":${inner}`;
  }
  return text;
}

/** One field of the object itself, without what is the server's. */
function textOfPart(plan: Plan, name: string, { before, after }: { before: Value; after: Value }): string {
  if (name !== 'metadata' || plan.shape !== 'struct' || !isMap(before) || !isMap(after))
    return isUnowned(name) || after === undefined ? nothing : changedText(plan, before, after);
  const fields = textOfFields(plan, before, after, isUnownedMetadata);
  return fields === '' ? nothing : `{${fields}}`;
}

/** By text, frozen; in two generations: what is not asked for while one fills is forgotten with the next. */
let known = new Map<string, JsonMap>();
let knownBefore = new Map<string, JsonMap>();

/** Fields that are known as bytes: they need not be written out again. */
const encoded = new WeakMap<object, Uint8Array>();
const encoder = new TextEncoder();

function deepFreeze(value: JsonMap): JsonMap {
  for (const key of Object.keys(value)) deepFreeze(value[key] as JsonMap);
  return Object.freeze(value);
}

function fieldsOf(text: string): JsonMap {
  const found = known.get(text);
  if (found !== undefined) return found;
  if (known.size >= createdFieldsMax) {
    knownBefore = known;
    known = new Map();
  }
  let made = knownBefore.get(text);
  if (made === undefined) {
    made = deepFreeze(JSON.parse(text) as JsonMap);
    encoded.set(made, encoder.encode(text));
  }
  known.set(text, made);
  return made;
}

/** FieldsV1 of a new object; undefined when its creator owns nothing. Shared and frozen. */
export function createdFields(kind: OwnedKind, object: AnyObject): JsonMap | undefined {
  const text = createdText(kind, object);
  return text === '' ? undefined : fieldsOf(`{${text}}`);
}

/** FieldsV1 as JSON, if it came from here. */
export function encodedFields(fields: object): Uint8Array | undefined {
  return encoded.get(fields);
}
