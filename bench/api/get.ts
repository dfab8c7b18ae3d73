/** Single GETs, with the bare server in between, so that both see the same noise. */
import type { Measurement } from '../bench.ts';
import { podName } from './objects.ts';
import { type Client, cpuMilliseconds, type Floor, type Server } from './processes.ts';
import type { LoadResult, WireRequest } from './wire.ts';

const rounds = 5;
const count = 6000;
const warmUpCount = 6000;
const inFlight = 64;

/** Headers that say the same whatever the bare server answers; it makes the others itself. */
const shownHeaders = ['content-type', 'cache-control'];

export function requireStatus(result: LoadResult, status: number): void {
  const others = Object.keys(result.statuses).filter((found) => found !== String(status));
  if (others.length > 0)
    throw new Error(
      `expected ${status} alone, got ${JSON.stringify(result.statuses)}: ${result.first.text.slice(0, 300)}`,
    );
}

/** Lets the bare server answer with the very bytes that ours has answered with. */
export async function copyAnswer(floor: Floor, { first }: LoadResult): Promise<void> {
  const headers = Object.fromEntries(shownHeaders.map((name) => [name, String(first.headers[name])]));
  await floor.order({ order: 'serve', headers, body: first.text });
}

export async function benchGet(at: { server: Server; floor: Floor; client: Client }): Promise<Measurement[]> {
  const { server, floor, client } = at;
  const requests: WireRequest[] = [{ method: 'GET', path: `/api/v1/namespaces/default/pods/${podName(0)}` }];
  const run = async (on: Server | Floor, howMany: number) => {
    const cpuBefore = cpuMilliseconds(on.process);
    const result = await client.run({ job: 'load', target: on.target, requests, count: howMany, inFlight });
    requireStatus(result, 200);
    const cpu = ((cpuMilliseconds(on.process) - cpuBefore) / howMany) * 1000;
    return { result, rate: (howMany / result.milliseconds) * 1000, cpu };
  };
  await copyAnswer(floor, (await run(server, warmUpCount)).result);
  await run(floor, warmUpCount);
  const ours: { rate: number; cpu: number }[] = [];
  const bare: { rate: number; cpu: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(await run(server, count));
    bare.push(await run(floor, count));
  }
  const name = 'bare node:http2, same bytes';
  return [
    {
      name: `GET of one pod, HTTP/2 and TLS, ${inFlight} in flight`,
      unit: '/s',
      samples: ours.map(({ rate }) => rate),
      floor: { name, samples: bare.map(({ rate }) => rate) },
      wanted: { ratioAtLeast: 0.5 },
    },
    {
      name: 'CPU time of the server for one such GET',
      unit: 'µs',
      samples: ours.map(({ cpu }) => cpu),
      floor: { name, samples: bare.map(({ cpu }) => cpu) },
    },
  ];
}
