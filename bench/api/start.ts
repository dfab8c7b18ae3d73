/** How long it takes until the first answer: of a server process, and of the control plane in a process of its own. */
import { join } from 'node:path';
import type { Measurement } from '../bench.ts';
import { answerOf } from './get.ts';
import type { Client, Server, Workshop } from './processes.ts';
import type { InProcessStart } from './wire.ts';

const firstRounds = 3;
const rounds = 7;

/** Where src/main.ts keeps compiled sources. */
const compileCache = join(import.meta.dirname, '../../node_modules/.cache/wherry');

/** Resolves once /readyz answers 200. */
async function requireReady(server: Server, client: Client): Promise<void> {
  await answerOf(server, '/readyz', client);
}

export async function benchStart(workshop: Workshop, client: Client): Promise<Measurement[]> {
  const first: number[] = [];
  const environment = { NODE_DISABLE_COMPILE_CACHE: '1' };
  for (let round = 0; round < firstRounds; round++) {
    const server = await workshop.startServer(`first-${round}`, { environment });
    await requireReady(server, client);
    first.push(server.readyMilliseconds);
    await server.stop();
  }
  await (await workshop.startServer('again')).stop();
  const again: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const server = await workshop.startServer('again');
    await requireReady(server, client);
    again.push(server.readyMilliseconds);
    await server.stop();
    bare.push(await workshop.bareStart());
  }
  const inProcess: InProcessStart[] = [];
  await workshop.ask<InProcessStart>('in-process.ts', [compileCache]);
  for (let round = 0; round < rounds; round++)
    inProcess.push(await workshop.ask<InProcessStart>('in-process.ts', [compileCache]));
  return [
    {
      name: 'start to ready of the process',
      unit: 'ms',
      samples: again,
      floor: { name: 'Node with an empty script', samples: bare },
      wanted: { atMost: 500 },
    },
    { name: 'the very first start: no data, no certificates, no compile cache', unit: 'ms', samples: first },
    {
      name: 'in-process start to the first answer, memory store',
      unit: 'ms',
      samples: inProcess.map(({ startMilliseconds }) => startMilliseconds),
      wanted: { atMost: 100 },
    },
    {
      name: 'imports before it, compile cache warm',
      unit: 'ms',
      samples: inProcess.map(({ importMilliseconds }) => importMilliseconds),
    },
  ];
}
