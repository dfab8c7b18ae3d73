/** What every write asks about its kind and is the same for as long as the server lives. */
import type { Kind } from '../kinds/kind.ts';
import type { Backend } from './context.ts';

/** The same answers as `make`, made once for each server, stored kind and subresource. There are few of these. */
export function perKind<Value extends object>(
  make: (backend: Backend, kind: Kind, subresource: string) => Value,
): (backend: Backend, kind: Kind, subresource?: string) => Value {
  const known = new WeakMap<Backend, Map<Kind, Map<string, Value>>>();
  return (backend, kind, subresource = '') => {
    const byKind = known.get(backend) ?? new Map<Kind, Map<string, Value>>();
    known.set(backend, byKind);
    const bySubresource = byKind.get(kind) ?? new Map<string, Value>();
    byKind.set(kind, bySubresource);
    const value = bySubresource.get(subresource) ?? make(backend, kind, subresource);
    bySubresource.set(subresource, value);
    return value;
  };
}
