/** Connections to nodes and pods: always to an address, never to a name, so that what was checked is what is dialled. */
import { lookup } from 'node:dns/promises';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { checkServerIdentity, connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls';
import { onAbort } from '../../lib/abort.ts';
import { clockCodes, strangerCodes } from '../../lib/certificate-failures.ts';
import type { Clock } from '../../lib/clock.ts';
import { dialMilliseconds, keepAliveMilliseconds, lookupAddressesMax } from './limits.ts';

export interface DialTarget {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
  /** Undefined: plain TCP. */
  readonly tls?: TlsTarget | undefined;
}

export interface TlsTarget {
  /** What the certificate must stand for: a DNS name, or the address. */
  readonly name: string;
  /** Undefined: whatever the other side shows is taken, as kube-apiserver's proxy does with pods. */
  readonly verify?:
    | {
        /** PEM of who must have signed it. */
        readonly authority: string;
        /** The common name that it must have. */
        readonly commonName: string;
      }
    | undefined;
  /** What we show. */
  readonly client?: { readonly certificate: string; readonly key: string } | undefined;
}

export interface Dialler {
  /** Addresses of a name. Rejects when there are none. */
  lookup(name: string): Promise<readonly string[]>;
  /** Resolves with the connection, secured. Rejects in the words that Go has for it. */
  connect(target: DialTarget, signal: AbortSignal): Promise<Duplex>;
}

/** The machine's network. `portOf` says where a port is really listened on. */
export function systemDialler(clock: Clock, portOf: (port: number) => number = (port) => port): Dialler {
  return {
    async lookup(name) {
      try {
        const found = await lookup(name, { all: true });
        return found.slice(0, lookupAddressesMax).map(({ address }) => address);
      } catch {
        throw new Error(`dial tcp: lookup ${name}: no such host`);
      }
    },
    async connect(target, signal) {
      const bounds = { clock, signal };
      const socket = await connected({ ...target, port: portOf(target.port) }, bounds);
      return target.tls === undefined ? socket : secured(socket, { ...bounds, tls: target.tls });
    },
  };
}

interface Bounds {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

function connected({ address, port }: DialTarget, bounds: Bounds): Promise<Socket> {
  const where = `dial tcp ${address.includes(':') ? `[${address}]` : address}:${port}`;
  const socket = connect({
    host: address,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveMilliseconds,
  });
  return until(socket, 'connect', {
    ...bounds,
    failure: (error) => new Error(`${where}: ${connectFailure(error)}`),
    timedOut: new Error(`${where}: i/o timeout`),
  });
}

function secured(socket: Socket, options: Bounds & { tls: TlsTarget }): Promise<TLSSocket> {
  const { tls } = options;
  const isName = !/^[\d.]+$|:/.test(tls.name);
  const secure = connectTls({
    socket,
    host: tls.name,
    ...(isName ? { servername: tls.name } : {}),
    ...(tls.verify === undefined ? {} : { ca: tls.verify.authority }),
    ...(tls.client === undefined ? {} : { cert: tls.client.certificate, key: tls.client.key }),
    rejectUnauthorized: tls.verify !== undefined,
    checkServerIdentity: (_host, certificate) => identityFault(tls, certificate),
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
  });
  // The plain socket's failures are told through the secure one.
  return until(secure, 'secureConnect', {
    ...options,
    failure: (error) => new Error(tlsFailure(error)),
    timedOut: new Error('net/http: TLS handshake timeout'),
  });
}

/** Undefined when the certificate stands for who was dialled. */
function identityFault(tls: TlsTarget, certificate: PeerCertificate): Error | undefined {
  const fault = checkServerIdentity(tls.name, certificate);
  if (fault !== undefined) {
    const names = String(certificate.subjectaltname ?? '').replace(/\b(DNS|IP Address):/g, '');
    return new Error(
      names === ''
        ? `x509: cannot validate certificate for ${tls.name} because it doesn't contain any IP SANs`
        : `x509: certificate is valid for ${names}, not ${tls.name}`,
    );
  }
  const wanted = tls.verify?.commonName;
  const shown = certificate.subject?.CN;
  // The server's own certificate has the same authority and this machine's addresses: a Node that claims them would
  // be given our client certificate (CVE-2022-3294).
  return wanted === undefined || shown === wanted
    ? undefined
    : new Error(`x509: certificate is for ${JSON.stringify(shown)}, not for ${JSON.stringify(wanted)}`);
}

function until<S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  options: Bounds & { failure: (error: NodeJS.ErrnoException) => Error; timedOut: Error },
): Promise<S> {
  const { clock, signal, failure, timedOut } = options;
  return new Promise((resolve, reject) => {
    const finish = (error: Error | undefined) => {
      cancel();
      takeOff();
      if (error === undefined) {
        socket.off('error', onError);
        socket.off('close', onClose);
        // Whoever uses the connection sees its close; a listener must be there for the error before it.
        socket.on('error', () => {});
        resolve(socket);
      } else {
        reject(error);
        socket.destroy();
      }
    };
    const onError = (error: NodeJS.ErrnoException) => finish(failure(error));
    const onClose = () => finish(failure(Object.assign(new Error('EOF'), { code: 'ECONNRESET' })));
    const cancel = clock.after(dialMilliseconds, () => finish(timedOut));
    const takeOff = onAbort(signal, () => finish(new Error('context canceled')));
    socket.once(event, () => finish(undefined));
    socket.on('error', onError);
    socket.once('close', onClose);
    if (signal.aborted) finish(new Error('context canceled'));
  });
}

const connectFailures: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ECONNRESET: 'connection reset by peer',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EINVAL: 'invalid argument',
};

function connectFailure({ code = '', message }: NodeJS.ErrnoException): string {
  if (code === 'ETIMEDOUT') return 'connect: connection timed out';
  return Object.hasOwn(connectFailures, code) ? `connect: ${connectFailures[code]}` : message;
}

function tlsFailure({ code = '', message }: NodeJS.ErrnoException): string {
  const verify = 'tls: failed to verify certificate:';
  if (strangerCodes.has(code)) return `${verify} x509: certificate signed by unknown authority`;
  if (clockCodes.has(code)) return `${verify} x509: certificate has expired or is not yet valid`;
  if (message.startsWith('x509: ')) return `${verify} ${message}`;
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return 'tls: first record does not look like a TLS handshake';
  const alert = /alert ([a-z ]+)/i.exec(message);
  if (alert !== null) return `remote error: tls: ${alert[1]}`;
  return code === 'ECONNRESET' ? 'EOF' : message;
}
