/** A client of a kubelet that says exactly what it is told to. */
import { connect, type TLSSocket } from 'node:tls';
import type { KeyPair, KubeletCertificates } from './certificates.ts';

export interface RawTarget {
  readonly port: number;
  readonly certificates: KubeletCertificates;
  /** Without a certificate where it is null; in the API server's name where there is no word of it. */
  readonly client?: KeyPair | null;
  /** An earlier one, to be resumed. */
  readonly session?: Buffer;
}

export interface RawConnection {
  readonly socket: TLSSocket;
  /** Resolves to what has come, once the text is among it. */
  until(text: string): Promise<string>;
  /** Resolves to all of it, once the other side has ended. */
  readonly whole: Promise<string>;
}

/** Resolves when the connection stands. Its half stays open when the other side ends its own. */
export async function openRaw({ port, certificates, client, session }: RawTarget): Promise<RawConnection> {
  const pair = client === undefined ? certificates.apiServer : client;
  const socket = connect({
    ...{ port, host: '127.0.0.1', ca: certificates.authority.certificate, allowHalfOpen: true },
    ...(session === undefined ? {} : { session }),
    ...(pair === null ? {} : { cert: pair.certificate, key: pair.key }),
  });
  let received = '';
  const waits = new Set<() => void>();
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
    for (const look of waits) look();
  });
  const whole = new Promise<string>((resolve) => {
    socket.once('end', () => resolve(received)).once('close', () => resolve(received));
  });
  socket.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve).once('error', reject);
  });
  const until = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        if (!received.includes(text)) return;
        waits.delete(look);
        resolve(received);
      };
      waits.add(look);
      look();
      void whole.then(() => reject(new Error(`ended before "${text}": ${received}`)));
    });
  return { socket, until, whole };
}

/** One request, and all that is answered to it: `200 text/plain: ok`. */
export async function askRaw(
  target: RawTarget,
  request: { method?: string; path: string; headers?: readonly string[]; body?: string },
): Promise<string> {
  const connection = await openRaw(target);
  const { method = 'GET', path, headers = [], body = '' } = request;
  const length = body === '' ? [] : [`content-length: ${Buffer.byteLength(body)}`];
  const ends = headers.some((line) => /^connection:/i.test(line)) ? [] : ['connection: close'];
  const lines = [`${method} ${path} HTTP/1.1`, 'host: node', ...ends, ...length, ...headers];
  connection.socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  const answer = await connection.whole;
  connection.socket.destroy();
  return brief(answer);
}

/** Status, what kind of content, and the content, of an answer as it came. */
export function brief(answer: string): string {
  const end = answer.indexOf('\r\n\r\n');
  const head = answer.slice(0, end);
  const rest = answer.slice(end + 4);
  const status = /^HTTP\/1\.1 (\d+)/.exec(head)?.[1];
  const type = /^content-type: ([^;\r]*)/im.exec(head)?.[1] ?? '-';
  const body = /^transfer-encoding: chunked/im.test(head) ? withoutChunks(rest) : rest;
  return `${status} ${type}: ${body}`;
}

function withoutChunks(text: string): string {
  const end = text.indexOf('\r\n');
  const length = Number.parseInt(text.slice(0, end), 16);
  if (!(length > 0)) return '';
  const start = end + 2;
  return text.slice(start, start + length) + withoutChunks(text.slice(start + length + 2));
}

export const upgradeTo = (protocol: string, more: readonly string[] = []): string[] => [
  'connection: Upgrade',
  `upgrade: ${protocol}`,
  ...more,
];
