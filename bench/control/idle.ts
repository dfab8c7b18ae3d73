/** What a settled cluster costs: the writes beside those that kubelets make anyway, and the CPU of all of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { leaseRenewMilliseconds, statusReportMilliseconds } from '../../src/testing/limits.ts';
import type { Workshop } from '../api/processes.ts';
import type { Measurement } from '../bench.ts';
import { Cluster } from './cluster.ts';

const idleMilliseconds = 60_000;
const smallNodes = 3;
/** Until the first Events are written and everything has come to rest. */
const settleMilliseconds = 5_000;

/** Of one core, with so many nodes. */
const cpuPercentMax = new Map([[smallNodes, 1]]);

export async function benchIdle(cluster: Cluster, nodes: number): Promise<Measurement[]> {
  const writesBefore = await cluster.writes();
  const cpuBefore = cluster.cpuMilliseconds;
  const start = performance.now();
  await sleep(idleMilliseconds);
  const cpu = cluster.cpuMilliseconds - cpuBefore;
  const milliseconds = performance.now() - start;
  const writes = (await cluster.writes()) - writesBefore;
  const heartbeats = (nodes * 1000) / leaseRenewMilliseconds + (nodes * 1000) / statusReportMilliseconds;
  const atMost = cpuPercentMax.get(nodes);
  return [
    {
      name: `CPU of the settled cluster over a minute, ${nodes} nodes`,
      unit: '% of a core',
      samples: [(cpu / milliseconds) * 100],
      ...(atMost === undefined ? {} : { wanted: { atMost } }),
    },
    {
      name: `writes of the settled cluster over a minute, ${nodes} nodes`,
      unit: '/s',
      samples: [(writes / milliseconds) * 1000],
      floor: { name: 'leases every 10 s, statuses every 5 min', samples: [heartbeats] },
      wanted: { atMost: heartbeats * 1.1 + 0.1 },
    },
  ];
}

export async function benchSmallIdle(workshop: Workshop): Promise<Measurement[]> {
  const args = ['--simulated-nodes', String(smallNodes)];
  const cluster = await Cluster.start(workshop, 'small', { args });
  await sleep(settleMilliseconds);
  const found = await benchIdle(cluster, smallNodes);
  await cluster.stop();
  return found;
}

if (import.meta.main) {
  const { Workshop } = await import('../api/processes.ts');
  const workshop = new Workshop();
  try {
    for (const each of await benchSmallIdle(workshop)) console.log(JSON.stringify(each));
  } finally {
    await workshop.close();
  }
}
