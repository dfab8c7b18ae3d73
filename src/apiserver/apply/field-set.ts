/**
 * A set of field paths, and its form in managedFields (FieldsV1): a tree in which `{}` is a member, and `"."` marks a
 * member that has members below it.
 * Source: sigs.k8s.io/structured-merge-diff fieldpath (set.go, serialize.go).
 */
import { setOwn } from '../../kinds/object.ts';
import { isMap, type JsonMap } from '../patch/json.ts';
import { describeElement, normalizeElement, sortByElement } from './path-element.ts';

/** Never changed once it has been handed out: operations share what they can. */
export interface FieldSet {
  member: boolean;
  children: Map<string, FieldSet> | undefined;
}

export const leafSet: FieldSet = { member: true, children: undefined };

export const emptySet: FieldSet = { member: false, children: undefined };

export function isEmpty(set: FieldSet): boolean {
  return !set.member && (set.children === undefined || set.children.size === 0);
}

export function isMember(set: FieldSet | undefined, element: string): boolean {
  return set?.children?.get(element)?.member === true;
}

/** The members of `a` and of `b`. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a;
  if (isEmpty(a)) return b;
  if (b.children === undefined) return a.member ? a : { member: b.member, children: a.children };
  const children = new Map(a.children ?? []);
  for (const [element, child] of b.children) {
    const own = children.get(element);
    children.set(element, own === undefined ? child : union(own, child));
  }
  return { member: a.member || b.member, children };
}

/** The members of `a` that are not in `b`. A member's own members stay when only it is in `b`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(b) || isEmpty(a)) return a;
  let children = a.children;
  if (a.children !== undefined && b.children !== undefined) {
    for (const [element, theirs] of b.children) {
      const own = a.children.get(element);
      if (own === undefined) continue;
      const rest = difference(own, theirs);
      if (rest === own) continue;
      if (children === a.children) children = new Map(a.children);
      if (isEmpty(rest)) (children as Map<string, FieldSet>).delete(element);
      else (children as Map<string, FieldSet>).set(element, rest);
    }
  }
  const member = a.member && !b.member;
  return member === a.member && children === a.children ? a : { member, children };
}

/** The members that both have. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  if (a.children !== undefined && b.children !== undefined)
    for (const [element, own] of a.children) {
      const theirs = b.children.get(element);
      if (theirs === undefined) continue;
      const common = intersection(own, theirs);
      if (!isEmpty(common)) children.set(element, common);
    }
  return { member: a.member && b.member, children };
}

export function equalSets(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  if (a.member !== b.member || (a.children?.size ?? 0) !== (b.children?.size ?? 0)) return false;
  for (const [element, own] of a.children ?? []) {
    const theirs = b.children?.get(element);
    if (theirs === undefined || !equalSets(own, theirs)) return false;
  }
  return true;
}

/** A set of the paths given: `setOf(['f:metadata', 'f:name'])`. */
export function setOf(...paths: readonly string[][]): FieldSet {
  return paths.reduce<FieldSet>((set, path) => {
    const single = path.reduceRight<FieldSet>(
      (child, element) => ({ member: false, children: new Map([[element, child]]) }),
      leafSet,
    );
    return union(set, single);
  }, emptySet);
}

/** Only what is below these first elements. */
export function onlyBelow(set: FieldSet, keep: (element: string) => boolean): FieldSet {
  if (set.children === undefined) return set;
  const children = new Map([...set.children].filter(([element]) => keep(element)));
  return children.size === set.children.size ? set : { member: set.member, children };
}

const sortedChildren = (set: FieldSet): [string, FieldSet][] => sortByElement(set.children ?? []);

/** Every member as a message shows it, `.spec.replicas`: at each place the members, then what is below. */
export function describePaths(set: FieldSet, prefix = ''): string[] {
  const children = sortedChildren(set);
  const here = children
    .filter(([, child]) => child.member)
    .map(([element]) => prefix + describeElement(element));
  return [
    ...here,
    ...children.flatMap(([element, child]) => describePaths(child, prefix + describeElement(element))),
  ];
}

/** FieldsV1 in the order of upstream. */
export function encodeFields(set: FieldSet): JsonMap {
  const fields: JsonMap = {};
  if (set.children === undefined || set.children.size === 0) return fields;
  if (set.member) fields['.'] = {};
  for (const [element, child] of sortedChildren(set)) setOwn(fields, element, encodeFields(child));
  return fields;
}

function decodeBelow(fields: unknown): FieldSet | undefined {
  if (!isMap(fields)) return undefined;
  const elements = Object.keys(fields);
  if (elements.length === 0) return leafSet;
  const children = new Map<string, FieldSet>();
  for (const element of elements) {
    if (element === '.') continue;
    const normal = normalizeElement(element);
    const child = decodeBelow(fields[element]);
    if (normal === undefined || child === undefined) return undefined;
    children.set(normal, child);
  }
  return { member: Object.hasOwn(fields, '.'), children: children.size === 0 ? undefined : children };
}

/** Undefined for what is no FieldsV1. Depth is that of the body it came in, which was bounded. */
export function decodeFields(fields: unknown): FieldSet | undefined {
  const set = decodeBelow(fields);
  return set === undefined ? undefined : { member: false, children: set.children };
}

/** Whether encoded fields hold a member of the set, without decoding them. */
export function touches(fields: JsonMap, set: FieldSet): boolean {
  for (const [element, child] of set.children ?? []) {
    const own = Object.hasOwn(fields, element) ? fields[element] : undefined;
    if (!isMap(own)) continue;
    if (child.member && (Object.hasOwn(own, '.') || Object.keys(own).length === 0)) return true;
    if (child.children !== undefined && touches(own, child)) return true;
  }
  return false;
}
