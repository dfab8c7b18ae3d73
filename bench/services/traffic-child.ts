/**
 * One end of measured connections, in a namespace of the benchmark's. `serve`: writes as many bytes as the first line of
 * a connection asks for, and closes. `ask`: connects one after the other, or fetches bytes; a line of JSON in, one out.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const chunk = Buffer.alloc(256 * 1024);

export interface Asked {
  readonly address: string;
  readonly port: number;
  /** So many connections, each closed again. */
  readonly connections?: number;
  /** So many bytes over one. */
  readonly bytes?: number;
}

async function serve(address: string, port: number): Promise<void> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    socket.once('data', async (line) => {
      for (let left = Number(line); left > 0; left -= chunk.length)
        if (!socket.write(left < chunk.length ? chunk.subarray(0, left) : chunk)) await once(socket, 'drain');
      socket.end();
    });
  });
  server.listen(port, address, 4096);
  await once(server, 'listening');
  process.stdout.write('ready\n');
}

async function connectOnce({ address, port }: Asked): Promise<number> {
  const started = performance.now();
  const socket = connect(port, address);
  await once(socket, 'connect');
  const milliseconds = performance.now() - started;
  socket.resetAndDestroy();
  return milliseconds;
}

async function fetchBytes({ address, port, bytes = 0 }: Asked): Promise<number> {
  const socket = connect(port, address);
  await once(socket, 'connect');
  const started = performance.now();
  socket.write(String(bytes));
  let got = 0;
  for await (const data of socket) got += (data as Buffer).length;
  if (got !== bytes) throw new Error(`${got} of ${bytes} bytes came`);
  return performance.now() - started;
}

/** Milliseconds, each. */
async function answer(asked: Asked): Promise<number[]> {
  if (asked.bytes !== undefined) return [await fetchBytes(asked)];
  const samples: number[] = [];
  for (let index = 0; index < (asked.connections ?? 0); index++) samples.push(await connectOnce(asked));
  return samples;
}

const [mode, address = '', port = ''] = process.argv.slice(2);
if (mode === 'serve') await serve(address, Number(port));
else {
  process.stdout.write('ready\n');
  for await (const line of createInterface({ input: process.stdin }))
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Asked))}\n`);
}
