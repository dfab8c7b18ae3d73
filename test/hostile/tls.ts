/** Certificates and raw connections for tests that speak to a TLS server byte by byte. */
import { connect, type TLSSocket } from 'node:tls';
import { issueAuthority, issueLeaf, type KeyPair } from '../../src/cluster/issue.ts';

export interface TestTls {
  readonly authority: string;
  readonly server: KeyPair;
  readonly administrator: KeyPair;
  /** Signed by an authority that the server does not know. */
  readonly stranger: KeyPair;
  /** Signed by the right authority, but for servers. */
  readonly wrongUsage: KeyPair;
  /** Signed by the right authority, and over. */
  readonly expired: KeyPair;
}

export async function makeTestTls(): Promise<TestTls> {
  const now = Date.now();
  const [authority, otherAuthority] = await Promise.all([issueAuthority(now), issueAuthority(now)]);
  const client = {
    commonName: 'ada',
    organization: 'system:masters',
    names: [],
    usage: 'client' as const,
    now,
  };
  const server = { ...client, names: ['localhost', '127.0.0.1'], usage: 'server' as const };
  return {
    authority: authority.certificate,
    server: await issueLeaf(authority, server),
    administrator: await issueLeaf(authority, client),
    stranger: await issueLeaf(otherAuthority, client),
    wrongUsage: await issueLeaf(authority, { ...client, usage: 'server' }),
    expired: await issueLeaf(authority, { ...client, now: now - 2 * 365 * 24 * 3600 * 1000 }),
  };
}

export interface RawTarget {
  readonly port: number;
  readonly authority: string;
  readonly client?: KeyPair | undefined;
  readonly protocol?: 'http/1.1' | 'h2';
}

/** A TLS connection, secured. */
export async function rawConnect(target: RawTarget): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port: target.port,
    ca: target.authority,
    servername: 'localhost',
    ...(target.client === undefined ? {} : { cert: target.client.certificate, key: target.client.key }),
    ALPNProtocols: [target.protocol ?? 'http/1.1'],
  });
  socket.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('close', () => reject(new Error('closed in the handshake')));
  });
  return socket;
}

/** Everything that the server sends until it closes the connection, or until `milliseconds` have passed. */
export function readAll(socket: TLSSocket, milliseconds = 5000): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('latin1'));
    };
    const timer = setTimeout(finish, milliseconds);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('close', finish);
  });
}

/** Sends bytes as they are and reads until the server closes. */
export async function rawExchange(
  target: RawTarget,
  bytes: string | Uint8Array,
  milliseconds?: number,
): Promise<string> {
  const socket = await rawConnect(target);
  const answer = readAll(socket, milliseconds);
  socket.write(bytes);
  return answer;
}
