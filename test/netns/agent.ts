/**
 * The process that holds a network namespace and does things in it: one line of JSON in, one line of JSON out. It ends
 * when its input does, and the namespace with it, so nothing is left however the test ends.
 */
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

export type Command =
  | { type: 'sysctl'; values: Record<string, string> }
  | { type: 'ip'; batch: string }
  | { type: 'listen'; protocol: 'tcp' | 'udp'; addresses: readonly string[]; port: number; name: string }
  | {
      type: 'ask';
      protocol: 'tcp' | 'udp';
      address: string;
      port: number;
      milliseconds: number;
      /** The client's own port, for datagrams that are to look like one flow. */
      from?: number;
    };

/** `reached`: by which listener, and whom it saw. `refused`: told so at once. `silence`: nothing came back. */
export type Answer =
  | { type: 'done' }
  | { type: 'reached'; name: string; source: string }
  | { type: 'refused' }
  | { type: 'silence' }
  | { type: 'failed'; message: string };

/**
 * Each connection, and each datagram, is answered with the listener's name and the address it came from. Bound to
 * addresses: what answers datagrams from any address of a host with several would answer from the wrong one.
 */
async function listen({
  protocol,
  addresses,
  port,
  name,
}: Extract<Command, { type: 'listen' }>): Promise<Answer> {
  const reply = (address?: string) => JSON.stringify({ type: 'reached', name, source: address });
  const listenOn = (host: string) =>
    new Promise<void>((resolve, reject) => {
      if (protocol === 'tcp') {
        const server = createServer((socket) => {
          socket.on('error', () => {});
          socket.end(reply(socket.remoteAddress));
        });
        server.on('error', reject);
        server.listen({ port, host, backlog: 4096 }, resolve);
        return;
      }
      const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
      socket.on('message', (_, { address, port: from }) => socket.send(reply(address), from, address));
      socket.on('error', reject);
      socket.bind(port, host, resolve);
    });
  await Promise.all(addresses.map(listenOn));
  return { type: 'done' };
}

type Ask = Extract<Command, { type: 'ask' }>;

const failureOf = (error: NodeJS.ErrnoException): Answer =>
  error.code === 'ECONNREFUSED'
    ? { type: 'refused' }
    : error.code === 'ETIMEDOUT'
      ? { type: 'silence' }
      : { type: 'failed', message: error.message };

function askTcp({ address, port, milliseconds }: Ask): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    let text = '';
    const finish = (answer: Answer) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => finish({ type: 'silence' }), milliseconds);
    socket.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    socket.on('end', () => finish(JSON.parse(text) as Answer));
    socket.on('error', (error) => finish(failureOf(error)));
  });
}

function askUdp({ address, port, milliseconds, from }: Ask): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const finish = (answer: Answer) => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => finish({ type: 'silence' }), milliseconds);
    socket.on('message', (message) => finish(JSON.parse(message.toString()) as Answer));
    socket.on('error', (error) => finish(failureOf(error)));
    socket.bind({ port: from ?? 0 }, () => socket.connect(port, address, () => socket.send('?', () => {})));
  });
}

async function perform(command: Command): Promise<Answer> {
  switch (command.type) {
    case 'sysctl':
      // /proc/sys/net is that of the namespace of whoever opens it.
      for (const [name, value] of Object.entries(command.values))
        writeFileSync(`/proc/sys/net/${name}`, value);
      return { type: 'done' };
    case 'ip': {
      const { status, stderr } = spawnSync('ip', ['-batch', '-'], { input: command.batch, encoding: 'utf8' });
      return status === 0 ? { type: 'done' } : { type: 'failed', message: stderr };
    }
    case 'listen':
      return listen(command);
    case 'ask':
      return command.protocol === 'tcp' ? askTcp(command) : askUdp(command);
  }
}

async function main(): Promise<void> {
  process.stdout.write('{"type":"done"}\n');
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, command } = JSON.parse(line) as { id: number; command: Command };
    const answered = perform(command).catch(
      (error: unknown): Answer => ({ type: 'failed', message: String(error) }),
    );
    void answered.then((answer) => process.stdout.write(`${JSON.stringify({ id, answer })}\n`));
  }
  process.exit();
}

if (import.meta.main) await main();
