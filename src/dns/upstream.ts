/**
 * Asks one other server one question: over UDP from a port of its own (an answer has to be guessed in 32 bits then,
 * RFC 5452), and over TCP when the answer does not fit.
 */
import { createSocket } from 'node:dgram';
import { connect, isIP } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import { WherryError } from '../lib/errors.ts';
import { type ForeignAnswer, readForeignAnswer } from './foreign-answer.ts';
import { messageBytesMax, upstreamMilliseconds } from './limits.ts';

export interface Upstream {
  readonly address: string;
  readonly port: number;
}

export interface Ask {
  readonly upstream: Upstream;
  readonly query: Buffer;
  readonly clock: Clock;
  readonly milliseconds?: number;
}

const where = ({ address, port }: Upstream): string => `${address} port ${port}`;

const timedOut = ({ upstream, milliseconds = upstreamMilliseconds }: Ask): WherryError =>
  new WherryError('DNS_TIMEOUT', `the DNS server ${where(upstream)} did not answer in ${milliseconds} ms`);

/** Throws a WherryError: DNS_TIMEOUT, DNS_UNREACHABLE. */
export async function askUpstream(ask: Ask): Promise<ForeignAnswer> {
  const answer = await askOverUdp(ask);
  return answer === 'truncated' ? await askOverTcp(ask) : answer;
}

function askOverUdp(ask: Ask): Promise<ForeignAnswer | 'truncated'> {
  const { upstream, query, clock, milliseconds = upstreamMilliseconds } = ask;
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIP(upstream.address) === 6 ? 'udp6' : 'udp4');
    const finish = (settle: () => void) => {
      cancel();
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.close();
      settle();
    };
    const fail = (error: Error) =>
      finish(() =>
        reject(
          new WherryError('DNS_UNREACHABLE', `the DNS server ${where(upstream)}: ${error.message}`, {
            cause: error,
          }),
        ),
      );
    const cancel = clock.after(milliseconds, () => finish(() => reject(timedOut(ask))));
    socket.on('error', fail);
    socket.on('message', (message) => {
      const answer = readForeignAnswer(message, query);
      // What is no answer to this may be somebody's guess: the true one may still come.
      if (answer !== undefined) finish(() => resolve(answer));
    });
    // Connected, so that only this server is heard, and a refusal is heard at once.
    const send = (refusal?: Error) => {
      // No route leads there: Node tells it here, although its types do not.
      if (refusal) return fail(refusal);
      socket.send(query, (error) => {
        if (error) fail(error);
      });
    };
    socket.connect(upstream.port, upstream.address, send);
  });
}

function askOverTcp(ask: Ask): Promise<ForeignAnswer> {
  const { upstream, query, clock, milliseconds = upstreamMilliseconds } = ask;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: upstream.address, port: upstream.port });
    const finish = (settle: () => void) => {
      cancel();
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.destroy();
      settle();
    };
    const fail = (why: string, cause?: Error) =>
      finish(() =>
        reject(
          new WherryError('DNS_UNREACHABLE', `the DNS server ${where(upstream)} over TCP: ${why}`, { cause }),
        ),
      );
    const cancel = clock.after(milliseconds, () => finish(() => reject(timedOut(ask))));
    let received: Buffer = Buffer.alloc(0);
    socket.on('error', (error) => fail(error.message, error));
    socket.on('end', () => fail('the connection ended before the answer'));
    socket.on('connect', () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(query.length);
      socket.write(Buffer.concat([length, query]));
    });
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2) return;
      const length = received.readUInt16BE(0);
      if (received.length > messageBytesMax + 2) return fail('more than one message');
      if (received.length < 2 + length) return;
      const answer = readForeignAnswer(received.subarray(2, 2 + length), query);
      if (answer === undefined || answer === 'truncated') fail('no answer to what was asked');
      else finish(() => resolve(answer));
    });
  });
}
