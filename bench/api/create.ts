/** Durable creates, beside what one row at a time costs on the same disk, and beside a server that only commits. */
import { join } from 'node:path';
import type { Measurement } from '../bench.ts';
import { requireStatus } from './get.ts';
import { configMapOf, podName, podOf, podStatusOf } from './objects.ts';
import { type Bare, type Client, cpuMilliseconds, type Floor, type Server } from './processes.ts';
import type { WireRequest } from './wire.ts';

const rounds = 5;
export const inFlight = 64;
const bareCommits = 500;
const warmUpCount = 2000;

const pods = '/api/v1/namespaces/default/pods';

export interface Creates {
  /** What is made: `pods`. */
  readonly what: string;
  readonly path: string;
  readonly objectOf: (index: number) => object;
}

export interface Round {
  /** A second. */
  readonly rate: number;
  /** CPU time that the process took for each, in µs. */
  readonly cpu: number;
  /** Of one answer. */
  readonly bytes: number;
}

/** `count` of them, from the `first` on. */
export function requestsOf({ path, objectOf }: Creates, first: number, count: number): WireRequest[] {
  return Array.from({ length: count }, (_, index) => ({
    method: 'POST',
    path,
    contentType: 'application/json',
    body: JSON.stringify(objectOf(first + index)),
  }));
}

export async function postAll(
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

/** `count` creates in rounds, with the bare loop on rows of the same size and the bare server on the same requests in between. */
export async function benchCreate(
  at: { server: Server; client: Client; bare: Bare; floor: Floor; directory: string },
  creates: Creates,
  count: number,
): Promise<Measurement[]> {
  const { server, client, bare, floor, directory } = at;
  const { what } = creates;
  const inRound = count / rounds;
  const [ours, floors, single]: [Round[], Round[], number[]] = [[], [], []];
  // Dry runs go nearly the whole way and leave nothing: the counts of objects that are measured later stay what they are.
  const warmUp = requestsOf({ ...creates, path: `${creates.path}?dryRun=All` }, 0, warmUpCount);
  await postAll(client, server, warmUp);
  for (let round = 0; round < rounds; round++) {
    const requests = requestsOf(creates, round * inRound, inRound);
    const created = await postAll(client, server, requests);
    const { bytes } = created;
    ours.push(created);
    single.push(await bare.run({ count: bareCommits, bytes }));
    if (round === 0) {
      await floor.order({ order: 'commit', file: join(directory, `${what}.db`), bytes });
      await postAll(client, floor, warmUp);
    }
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

export const podCreates: Creates = { what: 'pods', path: pods, objectOf: podOf };

export const configMapCreates: Creates = {
  what: 'ConfigMaps',
  path: '/api/v1/namespaces/default/configmaps',
  objectOf: (index) => configMapOf(`settings-${index}`, index),
};

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
