/** Resident memory of the server process. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Measurement } from '../bench.ts';
import { residentMegabytes, type Server, type Workshop } from './processes.ts';

const settleMilliseconds = 2000;
const rounds = 3;

const wantedEmpty = { atMost: 120 };
const wantedFull = { atMost: 250 };

async function settled(server: Server): Promise<number> {
  await sleep(settleMilliseconds);
  return residentMegabytes(server);
}

export async function benchEmpty(workshop: Workshop): Promise<Measurement> {
  const samples: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const server = await workshop.startServer('empty');
    samples.push(await settled(server));
    await server.stop();
  }
  return { name: 'RSS of an empty server, control loops running', unit: 'MB', samples, wanted: wantedEmpty };
}

/** Of a server that has just taken all of it in through its API. */
export async function benchWritten(server: Server, podCount: number): Promise<Measurement> {
  const name = `RSS with ${podCount} pods, the API server alone, which has just written them twice`;
  return { name, unit: 'MB', samples: [await settled(server)], wanted: wantedFull };
}

/** Of a server that has found all of it on the disk. */
export async function benchLoaded(
  workshop: Workshop,
  at: { dataDirectory: string; podCount: number; bare: boolean },
): Promise<Measurement> {
  const samples: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const server = await workshop.startServer(at.dataDirectory, { bare: at.bare });
    samples.push(await settled(server));
    await server.stop();
  }
  const what = at.bare ? 'the API server alone' : 'control loops running';
  const name = `RSS with ${at.podCount} pods after a restart, ${what}`;
  return { name, unit: 'MB', samples, wanted: wantedFull };
}
