/** PUT namespaces/NAME/finalize: the namespace controller's word that it is done with the content. */
import type { Namespace } from '../../../kinds/generated/types.ts';
import { validateNamespaceFinalizers } from '../../../kinds/namespace.ts';
import type { AnyObject } from '../../../kinds/object.ts';
import { invalidError } from '../../../kinds/status.ts';
import type { ResourceRequest } from '../../context.ts';
import type { ApiResponse } from '../../request.ts';
import { readObject } from '../body.ts';
import { placeObject } from '../prepare.ts';
import { readCurrent } from '../read.ts';
import { respondStored } from '../respond.ts';
import { changeObject } from '../update.ts';
import { parseWriteOptions } from '../write-options.ts';

/** One that is going, and that nothing holds any more, is gone with this. */
export async function finalize(request: ResourceRequest): Promise<ApiResponse> {
  const options = parseWriteOptions(request);
  await readCurrent(request);
  const sent = await readObject(request, request.kind, options.fieldValidation);
  const errors = validateNamespaceFinalizers(sent as unknown as Namespace, { indexed: true });
  if (errors.length > 0) throw invalidError(request.kind, request.info.name, errors);
  const change = (old: AnyObject) => {
    const namespace = structuredClone(sent);
    placeObject(request, namespace);
    namespace.status = old.status;
    return namespace;
  };
  return respondStored(request, 200, await changeObject(request, change, { ...options, target: 'custom' }));
}
