/** Who set which field, kept on every write. Recorded as the object came, before admission and the kind add their own. */
import type { AnyObject } from '../../kinds/object.ts';
import { recordUpdate } from '../apply/record.ts';
import type { ResourceRequest } from '../context.ts';
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

/** Both objects are in the stored version; `object.metadata.managedFields` is set. */
export function trackUpdate(
  request: ResourceRequest,
  write: { object: AnyObject; old: AnyObject },
  options: WriteOptions,
): void {
  recordUpdate({
    before: write.old,
    after: write.object,
    manager: options.fieldManager,
    subresource: request.info.subresource,
    kind: request.stored,
    time: timestamp(request.backend),
  });
}
