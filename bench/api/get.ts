/** Single GETs, with the bare server in between, so that both see the same noise. */
import type { Measurement } from '../bench.ts';
import { podName } from './objects.ts';
import { type Client, cpuMilliseconds, type Floor, type Server } from './processes.ts';
import type { Answer, LoadResult, WireRequest } from './wire.ts';

const rounds = 5;
const count = 6000;
const warmUpCount = 6000;
const inFlight = 64;

/** Headers that say the same whatever the bare server answers; it makes the others itself. */
const shownHeaders = ['content-type', 'cache-control'];

export function requireStatus(result: LoadResult, status: number): void {
  const { statuses, refusal = '' } = result;
  const others = Object.keys(statuses).filter((found) => found !== String(status));
  if (others.length > 0)
    throw new Error(`expected ${status} alone, got ${JSON.stringify(statuses)}: ${refusal}`);
}

/** Throws when it is not 200. */
export async function answerOf(on: Server, path: string, client: Client): Promise<Answer> {
  const answer = await client.run({ job: 'ask', target: on.target, request: { method: 'GET', path } });
  if (answer.status !== 200) throw new Error(`GET ${path} was answered ${answer.status}: ${answer.text}`);
  return answer;
}

/** Lets the bare server answer with the very bytes that ours answers with. */
export async function copyAnswer(floor: Floor, { headers, text }: Answer): Promise<void> {
  const shown = Object.fromEntries(shownHeaders.map((name) => [name, String(headers[name])]));
  await floor.order({ order: 'serve', headers: shown, body: text });
}

export async function benchGet(at: { server: Server; floor: Floor; client: Client }): Promise<Measurement[]> {
  const { server, floor, client } = at;
  const path = `/api/v1/namespaces/default/pods/${podName(0)}`;
  const requests: WireRequest[] = [{ method: 'GET', path }];
  const run = async (on: Server | Floor, howMany: number) => {
    const cpuBefore = cpuMilliseconds(on.process);
    const result = await client.run({ job: 'load', target: on.target, requests, count: howMany, inFlight });
    requireStatus(result, 200);
    const cpu = ((cpuMilliseconds(on.process) - cpuBefore) / howMany) * 1000;
    return { rate: (howMany / result.milliseconds) * 1000, cpu };
  };
  await copyAnswer(floor, await answerOf(server, path, client));
  await run(server, warmUpCount);
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
