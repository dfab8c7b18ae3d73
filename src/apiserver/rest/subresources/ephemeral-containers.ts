/** Adding a debugging container to a running pod. Source: pkg/registry/core/pod strategy, EphemeralContainersREST. */
import { isDeepStrictEqual } from 'node:util';
import { type FieldError, forbidden, path } from '../../../kinds/field.ts';
import type { EphemeralContainer, Pod } from '../../../kinds/generated/types.ts';
import type { AnyObject } from '../../../kinds/object.ts';
import { invalidError } from '../../../kinds/status.ts';
import type { ResourceRequest } from '../../context.ts';
import type { ApiResponse } from '../../request.ts';
import { readObject, typedObject } from '../body.ts';
import { patchDocument } from '../patch.ts';
import { readCurrent } from '../read.ts';
import { respondStored } from '../respond.ts';
import { changeObject } from '../update.ts';
import { parseWriteOptions } from '../write-options.ts';

const containersOf = (pod: Pod): EphemeralContainer[] => pod.spec?.ephemeralContainers ?? [];

/** What is there may neither go nor change. */
function validateChange(old: Pod, now: Pod): FieldError[] {
  const at = path('spec', 'ephemeralContainers');
  const byName = new Map(containersOf(now).map((container) => [container.name, container]));
  return containersOf(old).flatMap((container) => {
    const name = JSON.stringify(container.name);
    const kept = byName.get(container.name);
    if (kept === undefined)
      return [forbidden(at, `existing ephemeral containers ${name} may not be removed\n`)];
    return isDeepStrictEqual(kept, container)
      ? []
      : [forbidden(at, `existing ephemeral containers ${name} may not be changed\n`)];
  });
}

async function changed(request: ResourceRequest, old: AnyObject): Promise<AnyObject> {
  const { kind, info } = request;
  const { fieldValidation } = parseWriteOptions(request);
  if (info.verb === 'update') return readObject(request, kind, fieldValidation);
  const sent = typedObject(request, patchDocument(request, structuredClone(old), { kind }), {
    kind,
    fieldValidation,
  });
  kind.defaults?.(sent);
  return sent;
}

/** PUT and PATCH of pods/NAME/ephemeralcontainers: everything else that was sent is ignored. */
export async function changeEphemeralContainers(request: ResourceRequest): Promise<ApiResponse> {
  const options = parseWriteOptions(request);
  const { kind, info } = request;
  await readCurrent(request);
  const change = async (old: AnyObject) => {
    const sent = await changed(request, old);
    const object = structuredClone(old);
    const pod = object as unknown as Pod;
    (pod.spec as NonNullable<Pod['spec']>).ephemeralContainers = containersOf(sent as unknown as Pod);
    const errors = [...(kind.validate?.(object) ?? []), ...validateChange(old as unknown as Pod, pod)];
    if (errors.length > 0) throw invalidError(kind, info.name, errors);
    object.metadata.resourceVersion = sent.metadata.resourceVersion;
    return object;
  };
  return respondStored(
    request,
    200,
    await changeObject(request, change, { ...options, target: 'part', derived: info.verb === 'patch' }),
  );
}
