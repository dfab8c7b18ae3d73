/**
 * Opens connections to ADDRESS PORT, several at a time, until its input ends; then tells in a line of JSON how many there
 * were and which errors.
 */
import { connect } from 'node:net';

export interface Connected {
  readonly connections: number;
  /** Error codes, the first few. */
  readonly errors: readonly string[];
}

const atATime = 4;
const errorsMax = 20;
const [address = '', port = ''] = process.argv.slice(2);

let isOver = false;
let connections = 0;
const errors: string[] = [];

async function connectOnce(): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), address);
    socket.once('connect', () => {
      connections++;
      socket.resetAndDestroy();
      resolve();
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (errors.length < errorsMax) errors.push(error.code ?? error.message);
      resolve();
    });
  });
}

process.stdin.on('end', () => {
  isOver = true;
});
process.stdin.resume();
process.stdout.write('ready\n');
await Promise.all(
  Array.from({ length: atATime }, async () => {
    while (!isOver) await connectOnce();
  }),
);
const connected: Connected = { connections, errors };
process.stdout.write(`${JSON.stringify(connected)}\n`);
