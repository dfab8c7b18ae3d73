/** Where things stand in the store. Scope and exact resource decide the key (CVE-2019-11247, CVE-2022-3162). */
import type { Kind } from '../kinds/kind.ts';

/** Every API object is below this. */
export const registryPrefix = '/registry/';

/** Things that may be given out once only (node ports) have a key each below this; not API objects. */
export const allocationsPrefix = '/allocations/';

/** The least key that is greater than every key with this prefix. */
export function prefixEnd(prefix: string): string {
  return `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`;
}

/** The kind that holds the stored form: itself, or what `storedAs` names. */
function storedResource(kind: Kind): string {
  return `${kind.storedAs?.group ?? kind.group}/${kind.plural}`.replace(/^\//, 'core/');
}

const prefixes = new WeakMap<Kind, string>();

/** `/registry/core/pods/` */
export function kindPrefix(kind: Kind): string {
  let prefix = prefixes.get(kind);
  if (prefix === undefined) {
    prefix = `${registryPrefix}${storedResource(kind)}/`;
    prefixes.set(kind, prefix);
  }
  return prefix;
}

/** `/registry/core/pods/default/web`, `/registry/core/nodes/node-1` */
export function objectKey(kind: Kind, namespace: string, name: string): string {
  return kind.scope === 'Namespaced'
    ? `${kindPrefix(kind)}${namespace}/${name}`
    : `${kindPrefix(kind)}${name}`;
}
