/** The scale subresource: one shape, autoscaling/v1 Scale, over every kind that has replicas. */
import { ageColumn, countColumn, nameColumn } from '../../../kinds/columns.ts';
import { invalid, path } from '../../../kinds/field.ts';
import type { Scale } from '../../../kinds/generated/types.ts';
import { defineKind, type Kind } from '../../../kinds/kind.ts';
import { type AnyObject, apiVersionOf } from '../../../kinds/object.ts';
import { invalidError, noRouteError } from '../../../kinds/status.ts';
import { checkConfig } from '../../apply/apply-configuration.ts';
import { parseCached } from '../../cache/cached-object.ts';
import type { ResourceRequest } from '../../context.ts';
import { applyPatchType } from '../../patch/apply-patch.ts';
import type { ApiResponse } from '../../request.ts';
import { applyToLive, readConfig, requireFieldManager } from '../apply.ts';
import { readObject, typedObject } from '../body.ts';
import { patchDocument, patchTypeOf } from '../patch.ts';
import { readCurrent } from '../read.ts';
import { respondObject } from '../respond.ts';
import { changeObject } from '../update.ts';
import { parseWriteOptions, type WriteOptions } from '../write-options.ts';

const scaleKind: Kind = defineKind<Scale>({
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  plural: 'scales',
  scope: 'Namespaced',
  columns: [
    nameColumn,
    countColumn('Desired', ({ spec }: Scale) => spec?.replicas ?? 0),
    countColumn('Available', ({ status }: Scale) => status?.replicas ?? 0),
    ageColumn,
  ],
  example: { metadata: { name: 'web' } },
});

function scaleOf(kind: Kind, object: AnyObject): AnyObject {
  const access = kind.scale;
  if (access === undefined) throw noRouteError();
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = access.selector(object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: access.replicas(object) },
    status: { replicas: access.current(object), ...(selector === '' ? {} : { selector }) },
  };
}

function respondScale(request: ResourceRequest, object: AnyObject): ApiResponse {
  return respondObject({ ...request, kind: scaleKind }, 200, scaleOf(request.stored, object));
}

export async function getScale(request: ResourceRequest): Promise<ApiResponse> {
  return respondScale(request, parseCached(await readCurrent(request)));
}

function wantedReplicas(request: ResourceRequest, scale: AnyObject): number {
  const replicas = (scale.spec as { replicas?: number } | undefined)?.replicas ?? 0;
  if (replicas < 0)
    throw invalidError({ group: 'autoscaling', kind: 'Scale' }, request.info.name, [
      invalid(path('spec', 'replicas'), replicas, 'must be greater than or equal to 0'),
    ]);
  return replicas;
}

/**
 * Server-side apply of a Scale: the manager owns the replicas of the object behind it.
 * Source: k8s.io/apimachinery pkg/util/managedfields scalehandler.go.
 */
async function applyScale(request: ResourceRequest, options: WriteOptions): Promise<ApiResponse> {
  const { kind } = request;
  requireFieldManager(request);
  const { config: scale, duplicateKeys } = await readConfig(request);
  checkConfig({ config: scale, kind: scaleKind });
  const { metadata, spec } = typedObject(request, scale, { kind: scaleKind, fieldValidation: 'Ignore' });
  const says = (scale.spec as { replicas?: unknown } | undefined)?.replicas !== undefined;
  const config: AnyObject = {
    apiVersion: apiVersionOf(kind.group, kind.version),
    kind: kind.kind,
    metadata,
    ...(says ? { spec: { replicas: wantedReplicas(request, { metadata, spec }) } } : {}),
  };
  const wire = await applyToLive(
    request,
    { config, duplicateKeys, toldVersion: apiVersionOf(scaleKind.group, scaleKind.version) },
    { ...options, target: 'object' },
  );
  return respondScale(request, JSON.parse(Buffer.from(wire).toString()) as AnyObject);
}

/** PUT and PATCH. */
export async function changeScale(request: ResourceRequest): Promise<ApiResponse> {
  const { stored, info } = request;
  if (stored.scale === undefined) throw noRouteError();
  const options = parseWriteOptions(request);
  await readCurrent(request);
  if (info.verb === 'patch' && patchTypeOf(request) === applyPatchType) return applyScale(request, options);
  const sent =
    info.verb === 'update' ? await readObject(request, scaleKind, options.fieldValidation) : undefined;
  const change = (old: AnyObject) => {
    const scale = sent ?? patched(request, scaleOf(stored, old));
    const object = structuredClone(old);
    object.metadata.resourceVersion = scale.metadata.resourceVersion;
    stored.scale?.setReplicas(object, wantedReplicas(request, scale));
    return object;
  };
  const wire = await changeObject(request, change, {
    ...options,
    target: 'object',
    derived: sent === undefined,
  });
  return respondScale(request, JSON.parse(Buffer.from(wire).toString()) as AnyObject);
}

function patched(request: ResourceRequest, scale: AnyObject): AnyObject {
  const { fieldValidation } = parseWriteOptions(request);
  const document = patchDocument(request, scale, { kind: scaleKind });
  return typedObject(request, document, { kind: scaleKind, fieldValidation });
}
