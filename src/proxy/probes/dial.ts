/** Connections and datagrams that only ask whether somebody is there. */
import { createSocket } from 'node:dgram';
import { connect, isIP, type Socket } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import type { DialResult } from '../../service/probe.ts';
import { datagramMilliseconds, dialMilliseconds, lingerMilliseconds } from '../limits.ts';

export interface DialTarget {
  readonly address: string;
  readonly port: number;
}

const unreachableCodes = new Set([
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EACCES',
  'EPERM',
  'EADDRNOTAVAIL',
  'EINVAL',
]);

function failureOf(error: unknown): DialResult {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ETIMEDOUT') return 'timedOut';
  // A refused connection never was one; this one was.
  if (code === 'ECONNRESET') return 'closed';
  return unreachableCodes.has(code) ? 'unreachable' : 'refused';
}

/** Never rejects. Nothing is sent: what the peer does by itself tells enough. */
export function dialTcp({ address, port }: DialTarget, { clock }: { clock: Clock }): Promise<DialResult> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ host: address, port });
    let cancel = clock.after(dialMilliseconds, () => finish('timedOut'));
    const finish = (result: DialResult) => {
      cancel();
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.destroy();
      resolve(result);
    };
    socket.once('error', (error) => finish(failureOf(error)));
    socket.once('connect', () => {
      cancel();
      socket.removeAllListeners('error');
      cancel = clock.after(lingerMilliseconds, () => finish('connected'));
      socket.once('error', () => finish('closed'));
      socket.once('end', () => finish('closed'));
      socket.once('close', () => finish('closed'));
      socket.once('data', () => finish('connected'));
    });
  });
}

/** Never rejects. One empty line is sent; programs answer what they understand, and kernels where nobody listens. */
export function dialUdp({ address, port }: DialTarget, { clock }: { clock: Clock }): Promise<DialResult> {
  return new Promise((resolve) => {
    const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
    let isOver = false;
    const finish = (result: DialResult) => {
      // Closing tells a datagram that is still on its way out that it has failed.
      if (isOver) return;
      isOver = true;
      cancel();
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.close();
      resolve(result);
    };
    const cancel = clock.after(datagramMilliseconds, () => finish('silent'));
    socket.on('error', (error) => finish(failureOf(error)));
    socket.on('message', () => finish('connected'));
    // Connected, so that a refusal is heard.
    const send = (refusal?: Error) => {
      // No way leads there: Node tells it here, although its types do not.
      if (refusal) return finish(failureOf(refusal));
      socket.send('\n', (error) => {
        if (error) finish(failureOf(error));
      });
    };
    socket.connect(port, address, send);
  });
}
