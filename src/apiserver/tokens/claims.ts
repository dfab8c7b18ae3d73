/** What a service account's token says, and whether that still holds. Source: pkg/serviceaccount/claims.go of Kubernetes. */
import type { AnyObject } from '../../kinds/object.ts';
import type { ResourceName } from '../../kinds/status.ts';
import type { UserInfo } from '../request.ts';
import { deletedLeewayMilliseconds } from './limits.ts';

export interface ObjectClaim {
  readonly name: string;
  /** Left out for a node that is not there. */
  readonly uid?: string;
}

/** Claim `kubernetes.io`. */
export interface PrivateClaims {
  readonly namespace: string;
  readonly serviceaccount: ObjectClaim;
  readonly pod?: ObjectClaim;
  readonly node?: ObjectClaim;
  readonly secret?: ObjectClaim;
  /** Seconds since the epoch: from then on the token should have been replaced. */
  readonly warnafter?: number;
}

/** Times are seconds since the epoch. */
export interface Claims {
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly iss: string;
  readonly jti: string;
  readonly 'kubernetes.io': PrivateClaims;
  readonly nbf: number;
  readonly sub: string;
}

/** Objects as the server knows them now. */
export type Lookup = (resource: ResourceName, namespace: string, name: string) => AnyObject | undefined;

export const accountName = (namespace: string, name: string): string =>
  `system:serviceaccount:${namespace}:${name}`;

const resources = {
  serviceaccount: { group: '', plural: 'serviceaccounts' },
  pod: { group: '', plural: 'pods' },
  node: { group: '', plural: 'nodes' },
  secret: { group: '', plural: 'secrets' },
} as const;

/** The object is there, is the same one, and has not been on its way out for longer than the leeway. */
function isThere(object: AnyObject | undefined, { uid }: ObjectClaim, now: number): boolean {
  if (object === undefined || object.metadata.uid !== uid) return false;
  const { deletionTimestamp } = object.metadata;
  return deletionTimestamp === undefined || Date.parse(deletionTimestamp) >= now - deletedLeewayMilliseconds;
}

/** Why the token is not good, or undefined. */
export function refusalOf(claims: Claims, lookup: Lookup, now: number): string | undefined {
  const seconds = now / 1000;
  if (seconds >= claims.exp) return 'service account token has expired';
  if (seconds < claims.nbf) return 'service account token is not valid yet';
  const { namespace, serviceaccount, pod, node, secret } = claims['kubernetes.io'];
  const gone = (kind: keyof typeof resources, claim: ObjectClaim) =>
    !isThere(lookup(resources[kind], kind === 'node' ? '' : namespace, claim.name), claim, now);
  if (gone('serviceaccount', serviceaccount)) return 'service account token has been invalidated';
  if (secret !== undefined && gone('secret', secret)) return 'service account token has been invalidated';
  if (pod !== undefined) return gone('pod', pod) ? 'service account token has been invalidated' : undefined;
  // A pod's node only says where it runs; a token that is bound to a node ends with it.
  if (node !== undefined && gone('node', node)) return 'service account token has been invalidated';
  return undefined;
}

/** Whom the token stands for. */
export function userOf(claims: Claims): UserInfo {
  const { namespace, serviceaccount, pod, node } = claims['kubernetes.io'];
  const extra: [string, string | undefined][] = [
    ['credential-id', `JTI=${claims.jti}`],
    ['node-name', node?.name],
    ['node-uid', node?.uid],
    ['pod-name', pod?.name],
    ['pod-uid', pod?.uid],
  ];
  return {
    name: accountName(namespace, serviceaccount.name),
    ...(serviceaccount.uid === undefined ? {} : { uid: serviceaccount.uid }),
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    extra: Object.fromEntries(
      extra.flatMap(([name, value]) =>
        value === undefined ? [] : [[`authentication.kubernetes.io/${name}`, [value]]],
      ),
    ),
  };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

const isObjectClaim = (value: unknown): value is ObjectClaim =>
  typeof value === 'object' &&
  value !== null &&
  isText((value as ObjectClaim).name) &&
  ((value as ObjectClaim).uid === undefined || isText((value as ObjectClaim).uid));

/** Only what this server has signed comes here; even so nothing is taken for granted. */
export function claimsFrom(value: unknown): Claims | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const claims = value as Claims;
  const { aud, exp, iat, nbf, iss, jti, sub, 'kubernetes.io': own } = claims;
  if (![exp, iat, nbf].every(Number.isFinite) || ![iss, jti, sub].every(isText)) return undefined;
  if (!Array.isArray(aud) || !aud.every(isText)) return undefined;
  if (typeof own !== 'object' || own === null || !isText(own.namespace)) return undefined;
  if (!isObjectClaim(own.serviceaccount)) return undefined;
  if (![own.pod, own.node, own.secret].every((each) => each === undefined || isObjectClaim(each)))
    return undefined;
  return sub === accountName(own.namespace, own.serviceaccount.name) ? claims : undefined;
}
