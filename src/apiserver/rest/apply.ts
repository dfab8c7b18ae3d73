/** Server-side apply: PATCH with application/apply-patch+yaml. Source: KEP-555; pkg/endpoints/handlers/patch.go applyPatcher. */
import { duplicateLines } from '../../kinds/decode-duplicates.ts';
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
import { warningsMax, writeAttemptsMax } from './limits.ts';
import { placeObject, timestamp } from './prepare.ts';
import { respondStored } from './respond.ts';
import { inTurns, nextTurn } from './turn.ts';
import { type ChangeOptions, changeObject, findStored } from './update.ts';

/** What an apply asks for, and how it was written. */
interface Config {
  readonly config: AnyObject;
  /** Keys that stand twice: `line 5: key "name" already set in map`. */
  readonly duplicateKeys: readonly string[];
  /** The version in which conflicts are told, where it is not that of the request. */
  readonly toldVersion?: string;
}

export async function readConfig(request: ResourceRequest): Promise<Config> {
  const body = await parseYamlBody(request, (why) => badRequestError(`error decoding YAML: ${why}`));
  const { value, raw, duplicateKeys = raw === undefined ? [] : duplicateLines(raw, value) } = body;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequestError('error decoding YAML: the patch must be an object');
  const config = value as AnyObject;
  config.metadata ??= {};
  return { config, duplicateKeys };
}

/** Told only of a configuration that could be applied. */
function checkDuplicateKeys(
  request: ResourceRequest,
  duplicateKeys: readonly string[],
  { fieldValidation }: ChangeOptions,
): void {
  if (duplicateKeys.length === 0 || fieldValidation === 'Ignore') return;
  if (fieldValidation === 'Strict')
    throw badRequestError(
      `error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  ${duplicateKeys.join('\n  ')}`,
    );
  for (const problem of duplicateKeys)
    if (request.warnings.length < warningsMax) request.warnings.push(problem);
}

/** The applied object, typed and defaulted, in the version of the request. */
async function applied(
  request: ResourceRequest,
  { live, config, duplicateKeys, toldVersion }: Config & { live: AnyObject | undefined },
  options: ChangeOptions,
): Promise<AnyObject> {
  const { kind, info, backend } = request;
  const bytes = request.request.body.length + (findStored(request)?.bytes.length ?? 0);
  const steps = applyInSteps({
    live,
    config,
    manager: options.fieldManager,
    force: isTrue(info.query.get('force')),
    subresource: info.subresource,
    kind,
    time: timestamp(backend),
    toldVersion,
  });
  const merged = await inTurns(bytes, steps);
  checkDuplicateKeys(request, duplicateKeys, options);
  await nextTurn(bytes);
  const object = typedObject(request, merged, { kind, fieldValidation: 'Ignore' });
  await nextTurn(bytes);
  placeObject(request, object);
  kind.defaults?.(object);
  return object;
}

/** Throws 422. */
export function requireFieldManager({ info }: ResourceRequest): void {
  if ((info.query.get('fieldManager') ?? '') === '')
    throw invalidError({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      required(path('fieldManager'), 'is required for apply patch'),
    ]);
}

/** Applies to what is there. Returns wire bytes. */
export function applyToLive(
  request: ResourceRequest,
  config: Config,
  options: ChangeOptions,
): Promise<Uint8Array> {
  const { kind } = request;
  const change = async (old: AnyObject) => {
    const live = presentObject(kind, cloneObject(old));
    await nextTurn(request.request.body.length);
    return toStored(request, await applied(request, { ...config, live }, options));
  };
  return changeObject(request, change, { ...options, tracked: true, derived: true });
}

/** Creates what is not there; changes what is. Throws 409 with the owners of what it would take, unless forced. */
export async function serverSideApply(
  request: ResourceRequest,
  options: ChangeOptions,
): Promise<ApiResponse> {
  const { kind, info } = request;
  requireFieldManager(request);
  const read = await readConfig(request);
  const { config } = read;
  const { length } = request.request.body;
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
    const object = await applied(request, { ...read, live: undefined }, options);
    const wire = await createUnlessThere(request, object, tracked);
    if (wire !== undefined) return respondStored(request, 201, wire);
    if (attempt >= writeAttemptsMax) throw conflictError(kind, info.name, staleObject);
  }
  return respondStored(request, 200, await applyToLive(request, read, options));
}
