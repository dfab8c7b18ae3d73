/**
 * serviceaccounts/NAME/token: a token for an account, bound to an object or not. Source:
 * pkg/registry/core/serviceaccount/storage/token.go of Kubernetes.
 */
import { type FieldError, invalid, path } from '../../../kinds/field.ts';
import type {
  BoundObjectReference,
  Pod,
  AuthenticationTokenRequest as TokenRequest,
} from '../../../kinds/generated/types.ts';
import type { Kind } from '../../../kinds/kind.ts';
import { type AnyObject, apiVersionOf } from '../../../kinds/object.ts';
import {
  badRequestError,
  conflictError,
  invalidError,
  noRouteError,
  notFoundError,
} from '../../../kinds/status.ts';
import { admitNew } from '../../admission.ts';
import { parseCached } from '../../cache/cached-object.ts';
import type { ResourceRequest } from '../../context.ts';
import type { ApiResponse } from '../../request.ts';
import { accountName, type Claims, type ObjectClaim, type PrivateClaims } from '../../tokens/claims.ts';
import { extendedSeconds, refreshedSeconds } from '../../tokens/limits.ts';
import type { Tokens } from '../../tokens/tokens.ts';
import { readObject } from '../body.ts';
import { timestamp } from '../prepare.ts';
import { readCurrent } from '../read.ts';
import { respondJson } from '../respond.ts';
import { parseWriteOptions } from '../write-options.ts';

const kindName = { group: 'authentication.k8s.io', kind: 'TokenRequest' };
const expirationSecondsDefault = 3600;
const expirationSecondsMin = 600;
const expirationSecondsMax = 2 ** 32;

/** It has a shape and no place of its own. */
const tokenRequestShape = (request: ResourceRequest): Kind => ({
  ...request.stored,
  ...kindName,
  version: 'v1',
  schema: 'AuthenticationTokenRequest',
  defaults: undefined,
});

function checkPlace({ metadata }: TokenRequest, { info }: ResourceRequest): void {
  const errors: FieldError[] = [];
  const at = path('metadata');
  const { name = '', namespace = '' } = metadata;
  if (name !== '' && name !== info.name)
    errors.push(invalid(at.child('name'), name, 'must match the service account name if specified'));
  if (namespace !== '' && namespace !== info.namespace)
    errors.push(
      invalid(at.child('namespace'), namespace, 'must match the service account namespace if specified'),
    );
  if (errors.length > 0) throw invalidError(kindName, info.name, errors);
}

function checkSpec(expirationSeconds: number): void {
  const at = path('spec').child('expirationSeconds');
  const refuse = (why: string) => {
    throw invalidError(kindName, '', [invalid(at, expirationSeconds, why)]);
  };
  if (expirationSeconds < expirationSecondsMin) refuse('may not specify a duration less than 10 minutes');
  if (expirationSeconds > expirationSecondsMax) refuse('may not specify a duration larger than 2^32 seconds');
}

type Bound = Pick<PrivateClaims, 'pod' | 'node' | 'secret'>;

const plurals: Readonly<Record<string, string>> = { Pod: 'pods', Node: 'nodes', Secret: 'secrets' };

/** Where the pod runs, for whoever looks at the token: also when that node is gone. */
function nodeOf({ backend }: ResourceRequest, pod: Pod): ObjectClaim | undefined {
  const name = pod.spec?.nodeName ?? '';
  if (name === '') return undefined;
  const uid = backend.cache.get({ group: '', plural: 'nodes' }, '', name)?.metadata.uid;
  return { name, ...(uid === undefined ? {} : { uid }) };
}

/** Throws 400, 404, 409. */
function bind(request: ResourceRequest, reference: BoundObjectReference | undefined): Bound {
  if (reference === undefined) return {};
  const { backend, info } = request;
  const { kind = '', name = '', apiVersion = '' } = reference;
  const slash = apiVersion.indexOf('/');
  const [group, version] = [apiVersion.slice(0, Math.max(0, slash)), apiVersion.slice(slash + 1)];
  const plural = group === '' ? plurals[kind] : undefined;
  if (plural === undefined)
    throw badRequestError(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
  const resource = { group: '', plural };
  const object = backend.cache.get(resource, kind === 'Node' ? '' : info.namespace, name);
  if (object === undefined) throw notFoundError(resource, name);
  const pod = kind === 'Pod' ? (object as unknown as Pod) : undefined;
  if (pod !== undefined && pod.spec?.serviceAccountName !== info.name)
    throw badRequestError(
      `cannot bind token for serviceaccount ${JSON.stringify(info.name)} to pod running with different serviceaccount name.`,
    );
  const { uid = '' } = object.metadata;
  if ((reference.uid ?? '') !== '' && reference.uid !== uid)
    throw conflictError(
      { group: '', plural: kind },
      name,
      `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  const claim = { name, uid };
  if (pod === undefined) return kind === 'Node' ? { node: claim } : { secret: claim };
  const node = nodeOf(request, pod);
  return { pod: claim, ...(node === undefined ? {} : { node }) };
}

interface Asked {
  readonly account: AnyObject;
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly bound: Bound;
}

function claimsOf(request: ResourceRequest, tokens: Tokens, asked: Asked): Claims {
  const { backend, info } = request;
  const { account, audiences, expirationSeconds, bound } = asked;
  const iat = Math.floor(backend.clock.now() / 1000);
  // What a node asks for a pod and refreshes is good for longer, for clients that read it but once.
  const isExtended =
    expirationSeconds === refreshedSeconds &&
    bound.pod !== undefined &&
    audiences.every((audience) => tokens.audiences.includes(audience));
  const { uid } = account.metadata;
  return {
    aud: audiences,
    exp: iat + (isExtended ? extendedSeconds : expirationSeconds),
    iat,
    iss: tokens.issuer,
    jti: backend.random.uuid(),
    'kubernetes.io': {
      namespace: info.namespace,
      ...bound,
      serviceaccount: { name: info.name, ...(uid === undefined ? {} : { uid }) },
      ...(isExtended ? { warnafter: iat + expirationSeconds } : {}),
    },
    nbf: iat,
    sub: accountName(info.namespace, info.name),
  };
}

/** POST serviceaccounts/NAME/token. */
export async function requestToken(request: ResourceRequest): Promise<ApiResponse> {
  const { backend, info } = request;
  const { tokens } = backend;
  if (tokens === undefined) throw noRouteError();
  const { fieldValidation, dryRun } = parseWriteOptions(request);
  const body = (await readObject(
    request,
    tokenRequestShape(request),
    fieldValidation,
  )) as unknown as TokenRequest;
  checkPlace(body, request);
  const account = parseCached(await readCurrent(request));
  const { spec = {} } = body;
  // A field that was left out may stand there as null.
  const expirationSeconds = spec.expirationSeconds ?? expirationSecondsDefault;
  const boundObjectRef = spec.boundObjectRef ?? undefined;
  const audiences = (spec.audiences ?? []).length > 0 ? (spec.audiences as string[]) : tokens.audiences;
  admitNew(request, body as unknown as AnyObject);
  checkSpec(expirationSeconds);
  const bound = bind(request, boundObjectRef);
  const claims = claimsOf(request, tokens, { account, audiences, expirationSeconds, bound });
  const token = dryRun ? '' : await tokens.sign(claims);
  const expiration = new Date((claims.iat + expirationSeconds) * 1000).toISOString();
  return respondJson(request, 201, {
    kind: kindName.kind,
    apiVersion: apiVersionOf(kindName.group, 'v1'),
    metadata: {
      ...body.metadata,
      name: info.name,
      namespace: info.namespace,
      creationTimestamp: timestamp(backend),
    },
    spec: {
      audiences,
      expirationSeconds,
      boundObjectRef: boundObjectRef ?? null,
    },
    status: { token, expirationTimestamp: `${expiration.slice(0, 19)}Z` },
  });
}
