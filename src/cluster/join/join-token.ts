/**
 * What a node is given to join with: `<id>.<secret>@sha256:<hex>`, a bootstrap token and the hash of the cluster's
 * authority. With the hash the node knows the cluster before it tells it the secret.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { UserError } from '../../lib/errors.ts';

export interface JoinToken {
  /** Six letters and digits: not secret. */
  readonly id: string;
  /** Sixteen. */
  readonly secret: string;
  /** SHA-256 of the authority's certificate, DER; hexadecimal. */
  readonly authorityHash: string;
}

const pattern = /^([a-z0-9]{6})\.([a-z0-9]{16})@sha256:([0-9a-f]{64})$/;

/** What a bearer shows to the API server. */
export const bearerOf = ({ id, secret }: JoinToken): string => `${id}.${secret}`;

export const formatJoinToken = (token: JoinToken): string =>
  `${bearerOf(token)}@sha256:${token.authorityHash}`;

/** Throws UserError BAD_JOIN_TOKEN. The secret is not told again. */
export function parseJoinToken(text: string): JoinToken {
  const [, id, secret, authorityHash] = pattern.exec(text.trim()) ?? [];
  if (id === undefined || secret === undefined || authorityHash === undefined)
    throw new UserError(
      'BAD_JOIN_TOKEN',
      `the join token cannot be read: ${flawOf(text.trim())}; wanted is <id>.<secret>@sha256:<hash>, as it stands in the file join-token of the server's data directory`,
    );
  return { id, secret, authorityHash };
}

function flawOf(text: string): string {
  if (text === '') return 'it is empty';
  if (!text.includes('@')) return 'it has no @ with the hash of the cluster after it';
  const [token = '', hash = ''] = text.split('@', 2);
  if (!/^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(token))
    return 'what stands before the @ is not six letters or digits, a dot, and sixteen more';
  return /^sha256:/.test(hash)
    ? 'its hash is not 64 hexadecimal digits'
    : 'its hash does not begin with sha256:';
}

/** SHA-256 of a certificate, PEM or DER; hexadecimal. */
export function hashOf(certificate: string | Uint8Array): string {
  const bytes = typeof certificate === 'string' ? new X509Certificate(certificate).raw : certificate;
  return createHash('sha256').update(bytes).digest('hex');
}
