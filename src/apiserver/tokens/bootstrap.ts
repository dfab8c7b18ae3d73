/**
 * Bootstrap tokens: what a node shows before it has a certificate. They are Secrets of kube-system. Source:
 * plugin/pkg/auth/authenticator/token/bootstrap of Kubernetes.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../kinds/generated/types.ts';
import { getOwn } from '../../kinds/object.ts';
import type { UserInfo } from '../request.ts';
import type { Lookup } from './claims.ts';

const tokenPattern = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const secretType = 'bootstrap.kubernetes.io/token';
const secrets = { group: '', plural: 'secrets' };
const groupPattern = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const defaultGroup = 'system:bootstrappers';

/** It has the shape of a bootstrap token, and so is no other token. */
export const isBootstrapToken = (token: string): boolean => tokenPattern.test(token);

const textOf = (secret: Secret, key: string): string =>
  Buffer.from(getOwn(secret.data, key) ?? '', 'base64').toString('utf8');

/** Takes as long for a good guess as for a bad one. */
function isSame(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

/** Until when the token is good, milliseconds since the epoch; undefined: for ever; NaN: nobody can tell, so not at all. */
function expirationOf(secret: Secret): number | undefined {
  const text = textOf(secret, 'expiration');
  if (text === '') return undefined;
  const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(text);
  return isTime ? Date.parse(text) : Number.NaN;
}

/** The groups, or undefined when one of them is none that a token may have. */
function groupsOf(secret: Secret): string[] | undefined {
  const extra = textOf(secret, 'auth-extra-groups');
  const asked = extra === '' ? [] : extra.split(',').map((group) => group.trim());
  if (!asked.every((group) => groupPattern.test(group))) return undefined;
  return [...new Set([defaultGroup, ...asked])].sort();
}

/** Whom the token stands for; undefined: nobody. */
export function checkBootstrapToken(
  token: string,
  { lookup, now }: { lookup: Lookup; now: number },
): UserInfo | undefined {
  const [, id = '', given = ''] = tokenPattern.exec(token) ?? [];
  if (id === '') return undefined;
  const secret = lookup(secrets, 'kube-system', `bootstrap-token-${id}`) as Secret | undefined;
  if (secret === undefined || secret.metadata.deletionTimestamp !== undefined) return undefined;
  if (secret.type !== secretType) return undefined;
  const wanted = textOf(secret, 'token-secret');
  // Both are always compared.
  if (!isSame(wanted, given) || wanted === '') return undefined;
  if (textOf(secret, 'token-id') !== id) return undefined;
  const expiration = expirationOf(secret);
  if (expiration !== undefined && !(now < expiration)) return undefined;
  if (textOf(secret, 'usage-bootstrap-authentication') !== 'true') return undefined;
  const groups = groupsOf(secret);
  if (groups === undefined) return undefined;
  return { name: `system:bootstrap:${id}`, groups: [...groups, 'system:authenticated'] };
}
