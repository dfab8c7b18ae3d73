/** Server-side apply: PATCH with application/apply-patch+yaml. Source: KEP-555; pkg/endpoints/handlers/patch.go applyPatcher. */
import { path, required } from '../../kinds/field.ts';
import type { AnyObject } from '../../kinds/object.ts';
import {
  badRequestError,
  conflictError,
  invalidError,
  notFoundError,
  staleObject,
} from '../../kinds/status.ts';
import { applyInSteps } from '../apply/apply-configuration.ts';
import type { ResourceRequest } from '../context.ts';
import { cloneObject } from '../patch/json.ts';
import { presentObject } from '../present.ts';
import type { ApiResponse } from '../request.ts';
import { isTrue } from '../request-info.ts';
import { parseYamlBody, typedObject } from './body.ts';
import { createUnlessThere, toStored } from './create.ts';
import { writeAttemptsMax } from './limits.ts';
import { placeObject, timestamp } from './prepare.ts';
import { respondStored } from './respond.ts';
import { inTurns, nextTurn } from './turn.ts';
import { type ChangeOptions, changeObject, findStored } from './update.ts';

async function readConfig(request: ResourceRequest): Promise<AnyObject> {
  const { value } = await parseYamlBody(request, (why) => badRequestError(`error decoding YAML: ${why}`));
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequestError('error decoding YAML: the patch must be an object');
  const config = value as AnyObject;
  config.metadata ??= {};
  return config;
}

/** The applied object, typed and defaulted, in the version of the request. */
async function applied(
  request: ResourceRequest,
  objects: { live: AnyObject | undefined; config: AnyObject },
  options: ChangeOptions,
): Promise<AnyObject> {
  const { kind, info, backend } = request;
  const bytes = request.request.body.length + (findStored(request)?.bytes.length ?? 0);
  const steps = applyInSteps({
    ...objects,
    manager: options.fieldManager,
    force: isTrue(info.query.get('force')),
    subresource: info.subresource,
    kind,
    time: timestamp(backend),
  });
  const merged = await inTurns(bytes, steps);
  await nextTurn(bytes);
  const object = typedObject(request, merged, { kind, fieldValidation: 'Ignore' });
  await nextTurn(bytes);
  placeObject(request, object);
  kind.defaults?.(object);
  return object;
}

/** Creates what is not there; changes what is. Throws 409 with the owners of what it would take, unless forced. */
export async function serverSideApply(
  request: ResourceRequest,
  options: ChangeOptions,
): Promise<ApiResponse> {
  const { kind, info } = request;
  if ((info.query.get('fieldManager') ?? '') === '')
    throw invalidError({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      required(path('fieldManager'), 'is required for apply patch'),
    ]);
  const config = await readConfig(request);
  const { length } = request.request.body;
  await nextTurn(length);
  // Unknown fields are told of the configuration, not of what it is merged into.
  typedObject(request, cloneObject(config), { kind, fieldValidation: options.fieldValidation });
  await nextTurn(length);
  const tracked: ChangeOptions = { ...options, tracked: true, derived: true };
  for (let attempt = 1; findStored(request) === undefined; attempt++) {
    if (info.subresource !== '') throw notFoundError(kind, info.name);
    if ((config.metadata.uid ?? '') !== '')
      throw conflictError(
        kind,
        info.name,
        `uid mismatch: the provided object specified uid ${config.metadata.uid}, and no existing object was found`,
      );
    const object = await applied(request, { live: undefined, config }, options);
    const wire = await createUnlessThere(request, object, tracked);
    if (wire !== undefined) return respondStored(request, 201, wire);
    if (attempt >= writeAttemptsMax) throw conflictError(kind, info.name, staleObject);
  }
  const change = async (old: AnyObject) => {
    const live = presentObject(kind, cloneObject(old));
    await nextTurn(length);
    return toStored(request, await applied(request, { live, config }, options));
  };
  return respondStored(request, 200, await changeObject(request, change, tracked));
}
