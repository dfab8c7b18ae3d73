/**
 * Nothing is created in a namespace that is not there or is going. The check is part of the write's own transaction, so
 * that no object can slip in behind a namespace's back. Source: NamespaceLifecycle admission.
 */
import type { Kind } from '../../kinds/kind.ts';
import { type AnyObject, getOwn } from '../../kinds/object.ts';
import { forbiddenError, notFoundError, StatusError } from '../../kinds/status.ts';
import type { Operation } from '../../store/store.ts';
import type { Backend } from '../context.ts';
import { objectKey } from '../keys.ts';

const namespaces = { group: '', plural: 'namespaces' };

/** The namespaces a cluster cannot be without. */
const immortalNamespaces: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

export function refuseImmortal(kind: Kind, name: string): void {
  if (kind.group === '' && kind.plural === 'namespaces' && immortalNamespaces.has(name))
    throw forbiddenError(namespaces, name, 'this namespace may not be deleted');
}

/** The operation that makes the write depend on its namespace. Throws 404 or 403. */
export function namespaceGuard(backend: Backend, kind: Kind, object: AnyObject): Operation[] {
  if (kind.scope !== 'Namespaced') return [];
  const name = object.metadata.namespace ?? '';
  const namespaceKind = backend.kinds.byResource('', 'v1', 'namespaces');
  if (namespaceKind === undefined) return [];
  const key = objectKey(namespaceKind, '', name);
  const cached = backend.cache.collection(namespaceKind).get(key);
  if (cached === undefined) throw notFoundError(namespaces, name);
  if (getOwn(cached.fields, 'status.phase') === 'Terminating') throw terminating(kind, object, name);
  return [{ type: 'check', key, expect: cached.revision }];
}

function terminating(kind: Kind, object: AnyObject, namespace: string): StatusError {
  const name = object.metadata.name ?? '';
  const plain = forbiddenError(
    kind,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  return new StatusError(plain.httpCode, plain.reason, plain.message, {
    ...plain.details,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
}
