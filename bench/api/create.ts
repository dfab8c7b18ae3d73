/** Durable creates, beside what one row at a time costs on the same disk. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Measurement } from '../bench.ts';
import { requireStatus } from './get.ts';
import { podName, podOf, podStatusOf } from './objects.ts';
import type { Client, Server } from './processes.ts';

const rounds = 5;
const inFlight = 64;
const bareCommits = 500;

export const pods = '/api/v1/namespaces/default/pods';

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

/** Makes `podCount` pods in rounds. */
export async function benchCreate(
  at: { server: Server; client: Client; directory: string },
  podCount: number,
): Promise<Measurement[]> {
  const { server, client } = at;
  const bare = new BareStore(at.directory);
  const count = podCount / rounds;
  const ours: number[] = [];
  const floor: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const requests = Array.from({ length: count }, (_, index) => ({
      method: 'POST',
      path: pods,
      contentType: 'application/json',
      body: JSON.stringify(podOf(round * count + index)),
    }));
    const result = await client.run({ job: 'load', target: server.target, requests, count, inFlight });
    requireStatus(result, 201);
    ours.push((count / result.milliseconds) * 1000);
    floor.push(bare.run(bareCommits, result.bytes / count));
  }
  bare.close();
  return [
    {
      name: `durable creates of pods over HTTP/2 and TLS, ${inFlight} in flight`,
      unit: '/s',
      samples: ours,
      floor: { name: 'bare single-row FULL commits', samples: floor },
      wanted: { ratioAtLeast: 3 },
    },
  ];
}

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
