import type { ObjectMeta } from './generated/types.ts';

/** What every API object has: type, metadata, and fields of its own. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/** A KubeObject read without knowing its kind. */
export type AnyObject = KubeObject & { [field: string]: unknown };

/** `v1` for the core group, else `group/version`. */
export function apiVersionOf(group: string, version: string): string {
  return group === '' ? version : `${group}/${version}`;
}

/**
 * Sets an own property, whatever its name. Plain assignment of `__proto__` would change the prototype instead,
 * and `__proto__` is a legal ConfigMap key.
 */
export function setOwn(target: object, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else (target as Record<string, unknown>)[key] = value;
}

/** Reads an own property only, so that `constructor` and friends are absent unless the user sent them. */
export function getOwn<Value>(
  target: Readonly<Record<string, Value>> | undefined,
  key: string,
): Value | undefined {
  return target !== undefined && Object.hasOwn(target, key) ? target[key] : undefined;
}
