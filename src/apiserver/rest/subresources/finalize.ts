/** PUT namespaces/NAME/finalize: the namespace controller's word that it is done with the content. */
import type { Namespace } from '../../../kinds/generated/types.ts';
import type { AnyObject } from '../../../kinds/object.ts';
import type { ResourceRequest } from '../../context.ts';
import type { ApiResponse } from '../../request.ts';
import { readObject } from '../body.ts';
import { readCurrent } from '../read.ts';
import { respondStored } from '../respond.ts';
import { changeObject } from '../update.ts';
import { parseWriteOptions } from '../write-options.ts';

/** One that is going, and that nothing holds any more, is gone with this. */
export async function finalize(request: ResourceRequest): Promise<ApiResponse> {
  const options = parseWriteOptions(request);
  await readCurrent(request);
  const sent = readObject(request, request.kind, options.fieldValidation) as unknown as Namespace;
  const change = (old: AnyObject) => {
    const namespace = structuredClone(old) as unknown as Namespace;
    namespace.spec = { ...namespace.spec, finalizers: sent.spec?.finalizers ?? [] };
    namespace.metadata.resourceVersion = sent.metadata.resourceVersion;
    return namespace as unknown as AnyObject;
  };
  return respondStored(request, 200, await changeObject(request, change, { ...options, target: 'custom' }));
}
