/**
 * Who the server is, before anything is told it: it shows its certificates, and the one whose hash the join token names
 * is the cluster's authority. A server that shows none of that hash is another one, or somebody in between.
 */

import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import type { Clock } from '../../lib/clock.ts';
import { UserError } from '../../lib/errors.ts';
import { pemOf } from '../issue.ts';
import { hashOf, type JoinToken } from './join-token.ts';
import { greetingMilliseconds } from './limits.ts';

/** Certificates that a server may show; a chain of more is not looked at. */
const chainLengthMax = 10;

/** The certificates that a server shows, DER, its own first. Nothing of ours is sent. Rejects when there is no answer. */
export function shownCertificates(server: string, clock: Clock): Promise<Uint8Array[]> {
  const { hostname, port } = new URL(server);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(port || 443),
      // Whoever it is: only what it shows is looked at.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['h2', 'http/1.1'],
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    const cancel = clock.after(greetingMilliseconds, () =>
      socket.destroy(new Error(`${server} did not answer within ${greetingMilliseconds} ms`)),
    );
    socket.once('secureConnect', () => {
      const chain = chainOf(socket.getPeerCertificate(true));
      socket.destroy();
      resolve(chain);
    });
    socket.on('error', reject);
    socket.once('close', () => {
      cancel();
      reject(new Error(`${server} closed the connection`));
    });
  });
}

function chainOf(first: DetailedPeerCertificate): Uint8Array[] {
  const chain: Uint8Array[] = [];
  const seen = new Set<DetailedPeerCertificate>();
  // The issuer of a self-signed certificate is itself.
  for (
    let each: DetailedPeerCertificate | undefined = first;
    each?.raw !== undefined && !seen.has(each) && chain.length < chainLengthMax;
    each = each.issuerCertificate
  ) {
    seen.add(each);
    chain.push(each.raw);
  }
  return chain;
}

/** The authority, PEM. Throws UserError WRONG_CLUSTER when it is not among what the server shows. */
export function authorityAmong(
  shown: readonly Uint8Array[],
  { server, token }: { server: string; token: JoinToken },
): string {
  const found = shown.find((certificate) => hashOf(certificate) === token.authorityHash);
  if (found !== undefined) return pemOf('CERTIFICATE', Buffer.from(found));
  const hashes = shown.map((certificate) => `sha256:${hashOf(certificate)}`).join(', ');
  throw new UserError(
    'WRONG_CLUSTER',
    `${server} is not the cluster that the join token names: the token says sha256:${token.authorityHash}, the server shows ${hashes || 'no certificate'}; nothing was sent to it. Take the token from the file join-token in that server's data directory, or give the right --server`,
  );
}
