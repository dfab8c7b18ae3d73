/** Durable creates, beside what one row at a time costs on the same disk. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Measurement } from '../bench.ts';
import { requireStatus } from './get.ts';
import { configMapOf, podName, podOf, podStatusOf } from './objects.ts';
import { type Client, cpuMilliseconds, type Server } from './processes.ts';

const rounds = 5;
const inFlight = 64;
const bareCommits = 500;

const pods = '/api/v1/namespaces/default/pods';

/** The bare loop: one row, one FULL commit. */
export class BareStore {
  readonly #database: DatabaseSync;
  #rows = 0;

  constructor(directory: string) {
    this.#database = new DatabaseSync(join(directory, 'bare.db'));
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    this.#database.exec('CREATE TABLE rows (key TEXT PRIMARY KEY, value BLOB)');
  }

  /** Commits a second. */
  run(count: number, bytes: number): number {
    const insert = this.#database.prepare('INSERT INTO rows VALUES (?, ?)');
    const value = new Uint8Array(bytes).fill(120);
    const start = performance.now();
    for (let index = 0; index < count; index++)
      insert.run(`/registry/core/pods/default/${this.#rows++}`, value);
    return (count / (performance.now() - start)) * 1000;
  }

  close(): void {
    this.#database.close();
  }
}

interface Creates {
  /** What is made: `pods`. */
  readonly what: string;
  readonly path: string;
  /** In all rounds together. */
  readonly count: number;
  readonly objectOf: (index: number) => object;
}

/** Creates in rounds, with the bare loop on rows of the same size in between. */
export async function benchCreate(
  at: { server: Server; client: Client; bare: BareStore },
  { what, path, count, objectOf }: Creates,
): Promise<Measurement[]> {
  const { server, client, bare } = at;
  const inRound = count / rounds;
  const ours: number[] = [];
  const cpu: number[] = [];
  const floor: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const requests = Array.from({ length: inRound }, (_, index) => ({
      method: 'POST',
      path,
      contentType: 'application/json',
      body: JSON.stringify(objectOf(round * inRound + index)),
    }));
    const cpuBefore = cpuMilliseconds(server.process);
    const result = await client.run({
      job: 'load',
      target: server.target,
      requests,
      count: inRound,
      inFlight,
    });
    requireStatus(result, 201);
    cpu.push(((cpuMilliseconds(server.process) - cpuBefore) / inRound) * 1000);
    ours.push((inRound / result.milliseconds) * 1000);
    floor.push(bare.run(bareCommits, Math.round(result.bytes / inRound)));
  }
  return [
    {
      name: `durable creates of ${what} over HTTP/2 and TLS, ${inFlight} in flight`,
      unit: '/s',
      samples: ours,
      floor: { name: 'bare single-row FULL commits of as many bytes', samples: floor },
      wanted: { ratioAtLeast: 3 },
    },
    {
      name: `CPU time of the server for one such create, its disk thread included`,
      unit: 'µs',
      samples: cpu,
    },
  ];
}

export const podCreates = (count: number): Creates => ({ what: 'pods', path: pods, count, objectOf: podOf });

export const configMapCreates = (count: number): Creates => ({
  what: 'ConfigMaps',
  path: '/api/v1/namespaces/default/configmaps',
  count,
  objectOf: (index) => configMapOf(`settings-${index}`, index),
});

/** Gives every pod the status of one that runs. */
export async function setStatuses(at: { server: Server; client: Client }, podCount: number): Promise<void> {
  const requests = Array.from({ length: podCount }, (_, index) => ({
    method: 'PATCH',
    path: `${pods}/${podName(index)}/status`,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify(podStatusOf(index)),
  }));
  const result = await at.client.run({
    job: 'load',
    target: at.server.target,
    requests,
    count: podCount,
    inFlight,
  });
  requireStatus(result, 200);
}
