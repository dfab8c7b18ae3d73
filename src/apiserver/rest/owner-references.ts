/** An owner that is named twice is one owner. Source: k8s.io/apiserver pkg/endpoints/handlers/rest.go. */
import { isDeepStrictEqual } from 'node:util';
import type { OwnerReference } from '../../kinds/generated/types.ts';
import type { AnyObject } from '../../kinds/object.ts';
import type { ResourceRequest } from '../context.ts';
import { warningsMax } from './limits.ts';

/**
 * Takes out, in place, references that stand there before, whole, and warns of them. A patch is looked at only once it is
 * applied, and its warning says so.
 */
export function dedupOwnerReferences(request: ResourceRequest, object: AnyObject): void {
  const { ownerReferences } = object.metadata;
  if (ownerReferences === undefined || ownerReferences.length < 2) return;
  const byUid = new Map<string, OwnerReference[]>();
  const kept: OwnerReference[] = [];
  const duplicates: string[] = [];
  for (const reference of ownerReferences) {
    const same = byUid.get(reference.uid) ?? [];
    if (same.some((each) => isDeepStrictEqual(each, reference))) {
      duplicates.push(reference.uid);
      continue;
    }
    byUid.set(reference.uid, [...same, reference]);
    kept.push(reference);
  }
  if (duplicates.length === 0) return;
  object.metadata.ownerReferences = kept;
  const when = request.info.verb === 'patch' ? ' after mutating admission happens' : '';
  if (request.warnings.length < warningsMax)
    request.warnings.push(
      `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${duplicates.join(', ')}`,
    );
}
