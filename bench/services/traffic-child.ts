/**
 * One end of measured connections, in a namespace of the benchmark's. `serve`: writes as many bytes as each line of a
 * connection asks for. `ask`: pairs of samples, straight and through the ClusterIP one right after the other; a line of
 * JSON in, one out. The process that asks makes all of them by itself, so that nobody else wakes up between the two.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

export interface Place {
  readonly address: string;
  readonly port: number;
}

/** What one sample is: so many connections, each closed again; or so many bytes over a connection that is kept. */
export type Sampled = { readonly connections: number } | { readonly bytes: number };

export interface Asked {
  readonly straight: Place;
  readonly through: Place;
  readonly sampled: Sampled;
  readonly pairs: number;
  /** Pairs before those, which do not count: code is compiled, windows are open. */
  readonly warmUpPairs: number;
}

/** Milliseconds; at the same place are the two of a pair. */
export interface Answered {
  readonly straight: number[];
  readonly through: number[];
}

const chunk = Buffer.alloc(256 * 1024);

async function write(socket: Socket, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= chunk.length)
    if (!socket.write(left < chunk.length ? chunk.subarray(0, left) : chunk)) await once(socket, 'drain');
}

async function serve(address: string, ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => {});
      socket.on('data', (line) => void write(socket, Number(line)).catch(() => {}));
    });
    server.listen(port, address, 4096);
    await once(server, 'listening');
  }
  process.stdout.write('ready\n');
}

async function connectOnce({ address, port }: Place): Promise<void> {
  const socket = connect(port, address);
  await once(socket, 'connect');
  socket.resetAndDestroy();
}

/** A connection that is kept, its bytes always read into the same buffer. */
class Stream {
  readonly #socket: Socket;
  #left = 0;
  #onAll: () => void = () => {};

  constructor({ address, port }: Place) {
    const callback = (bytes: number) => {
      this.#left -= bytes;
      if (this.#left === 0) this.#onAll();
      return true;
    };
    const onread = { buffer: Buffer.alloc(256 * 1024), callback };
    this.#socket = connect({ host: address, port, noDelay: true, onread });
  }

  fetch(bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#left = bytes;
      this.#onAll = resolve;
      this.#socket.once('close', () => reject(new Error(`${this.#left} of ${bytes} bytes did not come`)));
      this.#socket.write(String(bytes), () => this.#socket.removeAllListeners('close'));
    });
  }

  end(): void {
    this.#socket.destroy();
  }
}

type Act = () => Promise<void>;

/** What makes one sample at a place, and what ends it. */
function sampler(place: Place, sampled: Sampled): { act: Act; end(): void } {
  if ('bytes' in sampled) {
    const stream = new Stream(place);
    return { act: () => stream.fetch(sampled.bytes), end: () => stream.end() };
  }
  const act = async () => {
    for (let count = 0; count < sampled.connections; count++) await connectOnce(place);
  };
  return { act, end: () => {} };
}

async function milliseconds(act: Act): Promise<number> {
  const started = performance.now();
  await act();
  return performance.now() - started;
}

/** Who comes first in a pair changes from one to the next: neither gains by its place. */
async function answer({ straight, through, sampled, pairs, warmUpPairs }: Asked): Promise<Answered> {
  const samplers = { straight: sampler(straight, sampled), through: sampler(through, sampled) };
  const answered: Answered = { straight: [], through: [] };
  for (let pair = -warmUpPairs; pair < pairs; pair++) {
    const order = pair % 2 === 0 ? (['straight', 'through'] as const) : (['through', 'straight'] as const);
    for (const way of order) {
      const sample = await milliseconds(samplers[way].act);
      if (pair >= 0) answered[way].push(sample);
    }
  }
  for (const each of Object.values(samplers)) each.end();
  return answered;
}

const [mode, address = '', ...ports] = process.argv.slice(2);
if (mode === 'serve') await serve(address, ports.map(Number));
else {
  process.stdout.write('ready\n');
  for await (const line of createInterface({ input: process.stdin }))
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Asked))}\n`);
}
