/** Durable creates, beside what one row at a time costs on the same disk, and beside a server that only commits. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Measurement } from '../bench.ts';
import { requireStatus } from './get.ts';
import { configMapOf, podName, podOf, podStatusOf } from './objects.ts';
import { type Client, cpuMilliseconds, type Floor, type Server } from './processes.ts';
import type { WireRequest } from './wire.ts';

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

interface Round {
  /** A second. */
  readonly rate: number;
  /** CPU time that the process took for each, in µs. */
  readonly cpu: number;
  /** Of one answer. */
  readonly bytes: number;
}

async function postAll(
  client: Client,
  to: Pick<Server, 'process' | 'target'>,
  requests: readonly WireRequest[],
): Promise<Round> {
  const count = requests.length;
  const cpuBefore = cpuMilliseconds(to.process);
  const result = await client.run({ job: 'load', target: to.target, requests, count, inFlight });
  requireStatus(result, 201);
  return {
    rate: (count / result.milliseconds) * 1000,
    cpu: ((cpuMilliseconds(to.process) - cpuBefore) / count) * 1000,
    bytes: Math.round(result.bytes / count),
  };
}

/** Creates in rounds, with the bare loop on rows of the same size and the bare server on the same requests in between. */
export async function benchCreate(
  at: { server: Server; client: Client; bare: BareStore; floor: Floor; directory: string },
  { what, path, count, objectOf }: Creates,
): Promise<Measurement[]> {
  const { server, client, bare, floor, directory } = at;
  const inRound = count / rounds;
  const [ours, floors, single]: [Round[], Round[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    const requests = Array.from({ length: inRound }, (_, index) => ({
      method: 'POST',
      path,
      contentType: 'application/json',
      body: JSON.stringify(objectOf(round * inRound + index)),
    }));
    const created = await postAll(client, server, requests);
    const { bytes } = created;
    ours.push(created);
    single.push(bare.run(bareCommits, bytes));
    if (round === 0) await floor.order({ order: 'commit', file: join(directory, `${what}.db`), bytes });
    floors.push(await postAll(client, floor, requests));
  }
  const samples = ours.map(({ rate }) => rate);
  const bareServer = 'bare node:http2, grouped FULL commits in a thread, same bytes';
  return [
    {
      name: `durable creates of ${what} over HTTP/2 and TLS, ${inFlight} in flight`,
      unit: '/s',
      samples,
      floor: { name: 'bare single-row FULL commits of as many bytes', samples: single },
      wanted: { ratioAtLeast: 3 },
    },
    {
      name: `the same creates of ${what}, beside what any server in Node can do`,
      unit: '/s',
      samples,
      floor: { name: bareServer, samples: floors.map(({ rate }) => rate) },
    },
    {
      name: `CPU time of the server for one such create, its disk thread included`,
      unit: 'µs',
      samples: ours.map(({ cpu }) => cpu),
      floor: { name: bareServer, samples: floors.map(({ cpu }) => cpu) },
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
