/** Who set which field, kept on every write. Recorded as the object came, before admission and the kind add their own. */
import type { AnyObject } from '../../kinds/object.ts';
import { recordUpdate } from '../apply/record.ts';
import type { ResourceRequest } from '../context.ts';
import { presentObject } from '../present.ts';
import { timestamp } from './prepare.ts';
import type { WriteOptions } from './write-options.ts';

/** `object` is in the version of the request. */
export function trackCreate(request: ResourceRequest, object: AnyObject, options: WriteOptions): void {
  recordUpdate({
    before: undefined,
    after: object,
    manager: options.fieldManager,
    subresource: '',
    kind: request.kind,
    time: timestamp(request.backend),
  });
}

/**
 * Both objects are in the stored version; `object.metadata.managedFields` is set. Fields are owned in the version that
 * the client spoke.
 */
export function trackUpdate(
  request: ResourceRequest,
  write: { object: AnyObject; old: AnyObject },
  options: WriteOptions,
): void {
  const { kind } = request;
  const { metadata } = write.object;
  const shown = presentObject(kind, write.object);
  // Converted or not, its metadata may be the very same: it must not be, or it could not be told apart.
  const after = { ...shown, metadata: { ...shown.metadata } };
  recordUpdate({
    before: presentObject(kind, write.old),
    after,
    manager: options.fieldManager,
    subresource: request.info.subresource,
    kind,
    time: timestamp(request.backend),
  });
  if (after.metadata.managedFields === undefined) delete metadata.managedFields;
  else metadata.managedFields = after.metadata.managedFields;
}
