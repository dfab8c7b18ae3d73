/** LIST of many pods in one answer. */
import type { Measurement } from '../bench.ts';
import { answerOf, copyAnswer, requireStatus } from './get.ts';
import type { Client, Floor, Server } from './processes.ts';

const rounds = 5;
const path = '/api/v1/pods';

export async function benchList(
  at: { server: Server; floor: Floor; client: Client },
  podCount: number,
): Promise<Measurement[]> {
  const { server, floor, client } = at;
  const run = async (on: Server | Floor) => {
    const result = await client.run({
      job: 'load',
      target: on.target,
      requests: [{ method: 'GET', path }],
      count: 1,
      inFlight: 1,
    });
    requireStatus(result, 200);
    return result;
  };
  const answer = await answerOf(server, path, client);
  const { items } = JSON.parse(answer.text) as { items: unknown[] };
  if (items.length !== podCount) throw new Error(`the list has ${items.length} pods, not ${podCount}`);
  await copyAnswer(floor, answer);
  const { bytes } = await run(floor);
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push((await run(server)).milliseconds);
    bare.push((await run(floor)).milliseconds);
  }
  const perSecond = (times: readonly number[]) => times.map((time) => bytes / time / 1000);
  const name = 'bare node:http2, same bytes';
  const what = `LIST of ${podCount} pods, ${(bytes / 1e6).toFixed(1)} MB`;
  return [
    { name: what, unit: 'ms', samples: ours, floor: { name, samples: bare } },
    {
      name: `${what}, throughput`,
      unit: 'MB/s',
      samples: perSecond(ours),
      floor: { name, samples: perSecond(bare) },
    },
  ];
}
