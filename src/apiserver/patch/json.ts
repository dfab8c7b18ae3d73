/** Free JSON, and what patches do with it. Keys are plain data, `__proto__` too. */
import { setOwn } from '../../kinds/object.ts';

export type Json = null | boolean | number | string | Json[] | JsonMap;

export interface JsonMap {
  [key: string]: Json;
}

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function cloneJson<Value extends Json>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneJson) as Value;
  const copy: JsonMap = {};
  for (const key of Object.keys(value)) setOwn(copy, key, cloneJson((value as JsonMap)[key] as Json));
  return copy as Value;
}

/** The same for an object that came out of JSON; structuredClone takes four times as long. */
export const cloneObject = <Value extends object>(value: Value): Value =>
  cloneJson(value as JsonMap) as Value;

export function equalJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((each, index) => equalJson(each, b[index]))
    );
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equalJson(a[key], b[key]))
  );
}

/** The height of a tree: 1 for a scalar, and how many values it holds, itself counted. */
export function measure(value: Json): { height: number; nodes: number } {
  if (typeof value !== 'object' || value === null) return { height: 1, nodes: 1 };
  let height = 0;
  let nodes = 1;
  for (const child of Object.values(value)) {
    const of = measure(child);
    height = Math.max(height, of.height);
    nodes += of.nodes;
  }
  return { height: height + 1, nodes };
}
