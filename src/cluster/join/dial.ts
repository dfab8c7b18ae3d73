/** How the server is reached while a node joins, and what it means when it is not. */
import { tlsTransport } from '../../client/tls.ts';
import { type Transport, TransportError } from '../../client/transport.ts';
import { Client } from '../../client/typed-client.ts';
import { StatusError } from '../../kinds/status.ts';
import { clockCodes, strangerCodes } from '../../lib/certificate-failures.ts';
import type { Clock } from '../../lib/clock.ts';
import { UserError } from '../../lib/errors.ts';
import type { KeyPair } from '../issue.ts';
import { bearerOf, type JoinToken } from './join-token.ts';
import { shownCertificates } from './server-authority.ts';

/** Who we say we are. */
export type Shown = { readonly pair: KeyPair } | { readonly token: JoinToken };

export interface Connection {
  readonly client: Client;
  close(): Promise<void>;
}

export interface Dial {
  /** The server's certificates, DER, its own first. */
  shownCertificates(server: string): Promise<Uint8Array[]>;
  /** Speaks to nobody but a server that `authority`, PEM, has signed. */
  client(server: string, authority: string, shown: Shown): Connection;
}

/** The same transport, with the token in each request. */
export function bearing(transport: Transport, token: JoinToken): Transport {
  const authorization = `Bearer ${bearerOf(token)}`;
  return {
    send: (request) => transport.send({ ...request, headers: { ...request.headers, authorization } }),
    close: () => transport.close(),
  };
}

/** Over TLS. */
export const dialServer = (clock: Clock): Dial => ({
  shownCertificates: (server) => shownCertificates(server, clock),
  client(server, authority, shown) {
    const plain = tlsTransport({ server, authority, ...('pair' in shown ? shown.pair : {}) }, { clock });
    const transport = 'token' in shown ? bearing(plain, shown.token) : plain;
    return {
      client: new Client({ transport, clock, userAgent: 'kubelet/wherry' }),
      close: () => transport.close(),
    };
  },
});

/** The codes of an error and of what caused it. */
function codesOf(failure: unknown): string[] {
  const codes: string[] = [];
  for (let each = failure; each instanceof Error && codes.length < 10; each = each.cause)
    codes.push(String((each as NodeJS.ErrnoException).code ?? ''));
  return codes;
}

/** What a person must settle becomes a UserError; the rest may pass by itself. */
export function explained(failure: unknown, { server, now }: { server: string; now: number }): Error {
  if (failure instanceof StatusError) return explainedStatus(failure, server);
  const codes = codesOf(failure);
  const has = (wanted: ReadonlySet<string>) => codes.some((code) => wanted.has(code));
  const time = new Date(now).toISOString();
  if (has(clockCodes))
    return new UserError(
      'CLOCK_OFF',
      `the certificate of ${server} is not good at ${time}, which is the time that this machine has; set the clock of the machine that is wrong, or restart the server to have its certificate renewed`,
      { cause: failure },
    );
  if (codes.includes('ERR_TLS_CERT_ALTNAME_INVALID'))
    return new UserError(
      'BAD_SERVER_NAME',
      `the certificate of ${server} is not for that name: ${messageOf(failure)}; start the server with --tls-san and the name or address, or give --server another one`,
      { cause: failure },
    );
  if (has(strangerCodes))
    return new UserError(
      'WRONG_CLUSTER',
      `${server} is not the cluster that this node has joined: ${messageOf(failure)}; give the right --server, or remove the directory with the node's certificates to join this one`,
      { cause: failure },
    );
  return failure instanceof Error ? failure : new TransportError(String(failure));
}

function messageOf(failure: unknown): string {
  let last = failure;
  while (last instanceof Error && last.cause instanceof Error) last = last.cause;
  return last instanceof Error ? last.message : String(last);
}

function explainedStatus(failure: StatusError, server: string): Error {
  if (failure.httpCode === 401)
    return new UserError(
      'BAD_JOIN_TOKEN',
      `${server} does not accept who we say we are: the join token is unknown or has expired, or the node's certificate is no longer believed; take the token from the file join-token in the server's data directory`,
      { cause: failure },
    );
  if (failure.httpCode === 403 || failure.httpCode === 422)
    return new UserError('JOIN_REFUSED', `${server} refuses the node: ${failure.message}`, {
      cause: failure,
    });
  return failure;
}
