/** PUT namespaces/NAME/finalize: the namespace controller's word that it is done with the content. */
import type { Namespace } from '../../../kinds/generated/types.ts';
import type { AnyObject } from '../../../kinds/object.ts';
import type { ResourceRequest } from '../../context.ts';
import { objectKey } from '../../keys.ts';
import type { ApiResponse } from '../../request.ts';
import { readObject } from '../body.ts';
import { deleteObject } from '../delete.ts';
import { readCurrent } from '../read.ts';
import { respondStored } from '../respond.ts';
import { changeObject } from '../update.ts';
import { parseWriteOptions } from '../write-options.ts';

function isDone(namespace: Namespace): boolean {
  return (
    namespace.metadata.deletionTimestamp !== undefined &&
    (namespace.spec?.finalizers ?? []).length === 0 &&
    (namespace.metadata.finalizers ?? []).length === 0
  );
}

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
  const wire = await changeObject(request, change, { ...options, target: 'custom' });
  const namespace = JSON.parse(Buffer.from(wire).toString()) as Namespace;
  if (isDone(namespace)) await removeNamespace(request, options.dryRun);
  return respondStored(request, 200, wire);
}

async function removeNamespace(request: ResourceRequest, dryRun: boolean): Promise<void> {
  const { backend, stored, info } = request;
  const key = objectKey(stored, '', info.name);
  await deleteObject(request, () => backend.cache.collection(stored).get(key), {
    dryRun,
    gracePeriodSeconds: undefined,
    propagationPolicy: undefined,
    uid: undefined,
    resourceVersion: undefined,
  });
}
