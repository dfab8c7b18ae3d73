/** PATCH in its four forms. Source: k8s.io/apiserver pkg/endpoints/handlers/patch.go. */

import { invalid, path } from '../../kinds/field.ts';
import type { Kind } from '../../kinds/kind.ts';
import type { AnyObject } from '../../kinds/object.ts';
import { badRequestError, invalidError, type StatusError } from '../../kinds/status.ts';
import type { ResourceRequest } from '../context.ts';
import { applyPatch, applyPatchType, strategicMergePatchType } from '../patch/apply-patch.ts';
import { formatGo } from '../patch/go-format.ts';
import { cloneObject, type Json } from '../patch/json.ts';
import { presentObject } from '../present.ts';
import type { ApiResponse } from '../request.ts';
import { serverSideApply } from './apply.ts';
import { typedObject } from './body.ts';
import { toStored } from './create.ts';
import type { UpdateTarget } from './prepare.ts';
import { placeObject } from './prepare.ts';
import { freshen } from './read.ts';
import { respondStored } from './respond.ts';
import { nextTurn } from './turn.ts';
import { changeObject, findStored } from './update.ts';
import { parseWriteOptions } from './write-options.ts';

export function patchTypeOf(request: Pick<ResourceRequest, 'request'>): string {
  return (request.request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** The patched JSON; the document is left as it is. Throws 400, 413, 415, 422. */
export function patchDocument(
  request: ResourceRequest,
  document: AnyObject,
  options: { kind: Kind; problems?: string[] },
): unknown {
  const { kind } = options;
  const contentType = patchTypeOf(request);
  const patched = applyPatch({
    contentType,
    document,
    patch: request.request.body,
    schema: kind.schema,
    problems: options.problems,
  });
  return contentType === strategicMergePatchType ? keepType(patched as AnyObject, document) : patched;
}

/**
 * What is merged strategically is put into the type that the object has: upstream never looks at what the patch calls it.
 * So a Scale may be patched by `kind: Deployment`, as Ansible does.
 */
function keepType(patched: AnyObject, { kind, apiVersion }: AnyObject): AnyObject {
  const claims = [patched.kind, patched.apiVersion];
  return claims.every((claim) => typeof claim === 'string') ? { ...patched, kind, apiVersion } : patched;
}

/**
 * A patch whose result has a value of the wrong type. Upstream shows the whole result, or for a strategic merge the patch
 * as Go prints it and the type that was wanted.
 */
function mismatchError(request: ResourceRequest, document: unknown, mismatch: string): StatusError {
  const wanted = patchTypeOf(request) === strategicMergePatchType && /of type (\S+)$/.exec(mismatch)?.[1];
  return patchError(request, document, wanted ? `unrecognized type: ${wanted}` : mismatch);
}

function patchError(request: ResourceRequest, document: unknown, why: string): StatusError {
  const shown =
    patchTypeOf(request) === strategicMergePatchType
      ? formatGo(JSON.parse(Buffer.from(request.request.body).toString()) as Json)
      : JSON.stringify(document);
  return invalidError({ group: '', kind: '' }, '', [invalid(path('patch'), shown, why)]);
}

/** PATCH of the object or of its status. */
export async function patch(request: ResourceRequest, target: UpdateTarget): Promise<ApiResponse> {
  const options = parseWriteOptions(request);
  if (request.request.body.length === 0) throw badRequestError('the patch is empty');
  await freshen(request, '');
  if (patchTypeOf(request) === applyPatchType)
    return serverSideApply(request, { ...options, target, derived: true });
  const { kind } = request;
  const bytes = request.request.body.length + (findStored(request)?.bytes.length ?? 0);
  const change = async (old: AnyObject) => {
    const before = presentObject(kind, cloneObject(old));
    await nextTurn(bytes);
    const problems: string[] = [];
    const document = patchDocument(request, before, { kind, problems });
    await nextTurn(bytes);
    const object = typedObject(request, document, {
      kind,
      fieldValidation: options.fieldValidation,
      problems,
      describeMismatch: (mismatch) => mismatchError(request, document, mismatch),
      describeStrict: (problem) => patchError(request, document, problem),
    });
    placeObject(request, object);
    kind.defaults?.(object);
    return toStored(request, object);
  };
  return respondStored(
    request,
    200,
    await changeObject(request, change, { ...options, target, derived: true }),
  );
}
