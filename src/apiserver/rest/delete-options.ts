/** DeleteOptions, from the body or the query. Source of rules: k8s.io/apimachinery meta/v1/validation. */

import { decodeObject } from '../../kinds/decode.ts';
import { cannotBeHandled, DecodeError } from '../../kinds/decode-error.ts';
import { type FieldError, invalid, path } from '../../kinds/field.ts';
import type { DeleteOptions as DeleteOptionsBody } from '../../kinds/generated/types.ts';
import { decodeProtobuf } from '../../kinds/protobuf.ts';
import { badRequestError, invalidError } from '../../kinds/status.ts';
import { ProtobufError } from '../../lib/protobuf-reader.ts';
import type { ResourceRequest } from '../context.ts';
import { isTrue } from '../request-info.ts';
import { mediaTypeOf, parseJsonBody, parseYamlBody } from './body.ts';
import { checkDryRun, parseWriteOptions } from './write-options.ts';

export type Propagation = 'Background' | 'Foreground' | 'Orphan';

export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly gracePeriodSeconds: number | undefined;
  readonly propagationPolicy: Propagation | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  /** Asked for by `orphanDependents: false`: then an answer tells, as of old, that it is not done yet. */
  readonly tellsAccepted: boolean;
}

const policies: readonly string[] = ['Foreground', 'Background', 'Orphan'];

async function parseOptionsBody(request: ResourceRequest): Promise<unknown> {
  const { body } = request.request;
  const describe = (why: string) => badRequestError(`the body of the delete is not a DeleteOptions: ${why}`);
  switch (mediaTypeOf(request)) {
    case 'json':
      return parseJsonBody(body, describe);
    case 'yaml':
      return (await parseYamlBody(request, describe)).value;
    case 'protobuf':
      try {
        return decodeProtobuf(body, 'DeleteOptions');
      } catch (error) {
        if (error instanceof ProtobufError) throw describe(error.message);
        throw error;
      }
  }
}

async function readBody(request: ResourceRequest): Promise<DeleteOptionsBody> {
  const { body } = request.request;
  if (body.length === 0) return {};
  const value = await parseOptionsBody(request);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequestError('the body of the delete is not a DeleteOptions: it must be a JSON object');
  const { kind } = value as { kind?: unknown };
  if (kind !== undefined && kind !== '' && kind !== 'DeleteOptions')
    throw badRequestError(`the body of the delete is a ${String(kind)}, not a DeleteOptions`);
  try {
    return decodeObject<DeleteOptionsBody>(value, 'DeleteOptions').object;
  } catch (error) {
    if (error instanceof DecodeError)
      throw badRequestError(cannotBeHandled({ kind: 'DeleteOptions', version: 'v1' }, error.message));
    throw error;
  }
}

function queryOptions(request: ResourceRequest): DeleteOptionsBody {
  const { query } = request.info;
  if (query.size === 0) return {};
  const grace = query.get('gracePeriodSeconds');
  if (grace !== null && !/^-?\d{1,18}$/.test(grace))
    throw badRequestError(
      `unable to convert parameter gracePeriodSeconds: strconv.ParseInt: parsing ${JSON.stringify(grace)}: invalid syntax`,
    );
  const orphan = query.get('orphanDependents');
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(orphan === null ? {} : { orphanDependents: isTrue(orphan) }),
    ...(query.has('propagationPolicy')
      ? { propagationPolicy: query.get('propagationPolicy') as string }
      : {}),
  };
}

function check(body: DeleteOptionsBody): FieldError[] {
  const errors: FieldError[] = [];
  const { propagationPolicy, orphanDependents } = body;
  if (propagationPolicy !== undefined && orphanDependents !== undefined)
    errors.push(
      invalid(
        path('propagationPolicy'),
        propagationPolicy,
        'orphanDependents and deletionPropagation cannot be both set',
      ),
    );
  if (propagationPolicy !== undefined && !policies.includes(propagationPolicy))
    errors.push({
      type: 'notSupported',
      field: 'propagationPolicy',
      message: `Unsupported value: ${JSON.stringify(propagationPolicy)}: supported values: "Background", "Foreground", "Orphan", "nil"`,
    });
  errors.push(...checkDryRun(body.dryRun ?? []));
  return errors;
}

/** The body wins over the query, as upstream. Throws 400, 413, 415, 422. */
export async function parseDeleteOptions(request: ResourceRequest): Promise<DeleteOptions> {
  const write = parseWriteOptions(request);
  const fromBody = await readBody(request);
  const body = request.request.body.length > 0 ? fromBody : queryOptions(request);
  const errors = check(body);
  if (errors.length > 0) throw invalidError({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
  const orphan = body.orphanDependents;
  return {
    dryRun: write.dryRun || (body.dryRun ?? []).length > 0,
    // Upstream reads a negative grace period as 1 s.
    gracePeriodSeconds:
      body.gracePeriodSeconds !== undefined && body.gracePeriodSeconds < 0 ? 1 : body.gracePeriodSeconds,
    propagationPolicy:
      (body.propagationPolicy as Propagation | undefined) ??
      (orphan === undefined ? undefined : orphan ? 'Orphan' : 'Background'),
    uid: body.preconditions?.uid,
    resourceVersion: body.preconditions?.resourceVersion,
    tellsAccepted: orphan === false,
  };
}
