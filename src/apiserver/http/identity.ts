import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { UserInfo } from '../request.ts';

/** Who is at the other end of a connection, as far as its client certificate says. */
export interface Identity {
  readonly user: UserInfo | undefined;
  /** A certificate was shown and is not good: why. */
  readonly refused: string | undefined;
  /**
   * From here on the certificate is not good any more, in milliseconds since the epoch. A connection may outlive it, so
   * every request asks, as upstream's does (pkg/authentication/request/x509: the chain is verified each time).
   */
  readonly expires: number;
}

/** The group of everyone who has shown who they are. */
const allAuthenticated = 'system:authenticated';

/**
 * The user of a client certificate: common name = user, organizations = groups, as upstream's
 * CommonNameUserConversion has it. TLS has already checked the chain, the dates and that the certificate is meant for
 * clients; it lets the connection through even so, because no certificate at all means anonymous.
 */
export function identityOf(socket: TLSSocket): Identity {
  const certificate = socket.getPeerCertificate();
  // Node answers an empty object when the client has shown none.
  if (certificate === undefined || certificate === null || certificate.raw === undefined)
    return { user: undefined, refused: undefined, expires: Number.POSITIVE_INFINITY };
  const expires = Date.parse(certificate.valid_to);
  if (!socket.authorized) return { user: undefined, refused: String(socket.authorizationError), expires };
  const names = listOf(certificate.subject?.CN);
  // Go keeps the last common name when there are several.
  const name = names.at(-1) ?? '';
  if (name === '') return { user: undefined, refused: undefined, expires };
  return {
    user: {
      name,
      groups: [...listOf(certificate.subject?.O), allAuthenticated],
      extra: { [credentialId]: [`X509SHA256=${fingerprintOf(certificate.raw)}`] },
    },
    refused: undefined,
    expires,
  };
}

/** Which certificate it was, as upstream since v1.32. */
const credentialId = 'authentication.kubernetes.io/credential-id';

function fingerprintOf(certificate: Uint8Array): string {
  return createHash('sha256').update(certificate).digest('hex');
}

function listOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
