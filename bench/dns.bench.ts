/**
 * The DNS server on one core, with 10,000 Services in its zone, beside a bare UDP echo in Node of the same bytes:
 * `npm run bench -- dns`. On loopback only, in under a minute.
 */
import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import type { Bench, Measurement } from './bench.ts';
import { DnsClient } from './dns/client.ts';

const rounds = 5;
const roundMilliseconds = 2000;
const pacedPerSecond = 10_000;

async function startServer(kind: 'dns' | 'echo'): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(path.join(import.meta.dirname, 'dns/server.ts'), [kind]);
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve((message as { port: number }).port));
    child.once('exit', (code) => reject(new Error(`the ${kind} server ended with ${code}`)));
  });
  return { child, port };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new Error('no answers');
  return value;
}

async function measure(dns: DnsClient, echo: DnsClient): Promise<Measurement[]> {
  const [answers, echoes, ours, floors, lost]: number[][] = [[], [], [], [], []];
  for (const client of [dns, echo]) await client.saturate(1000);
  for (let round = 0; round < rounds; round++) {
    echoes!.push(await echo.saturate(roundMilliseconds));
    answers!.push(await dns.saturate(roundMilliseconds));
    const bare = await echo.pace(pacedPerSecond, roundMilliseconds);
    const paced = await dns.pace(pacedPerSecond, roundMilliseconds);
    floors!.push(percentile(bare.latencies, 0.99));
    ours!.push(percentile(paced.latencies, 0.99));
    lost!.push(paced.lost);
  }
  const name = 'bare UDP echo in Node';
  return [
    {
      name: 'DNS answers on one core, 10,000 Services, 64 in flight',
      unit: '/s',
      samples: answers!,
      floor: { name, samples: echoes! },
      wanted: { ratioAtLeast: 0.6 },
    },
    {
      name: 'DNS answer p99 at 10,000 questions/s, seen by a client in Node',
      unit: 'ms',
      samples: ours!,
      floor: { name, samples: floors! },
    },
    { name: 'questions never answered, of 20,000', unit: 'questions', samples: lost! },
  ];
}

export const bench: Bench = {
  async run() {
    const servers = [await startServer('dns'), await startServer('echo')];
    try {
      const clients = await Promise.all(servers.map(({ port }) => DnsClient.connect(port)));
      try {
        return await measure(clients[0]!, clients[1]!);
      } finally {
        for (const client of clients) client.close();
      }
    } finally {
      for (const { child } of servers) child.kill();
    }
  },
};
