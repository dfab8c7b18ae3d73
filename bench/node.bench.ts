/**
 * A cluster of real containers on this machine, as `bin/wherry up` makes it: how long it takes to be there, how long a
 * pod takes, and what all of it costs when it rests. `npm run bench -- node`. As root, in a network namespace of its own
 * without a way out, in about three minutes.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { namespacePath } from '../src/cluster/node/network-namespace.ts';
import { startUpCluster, type UpCluster } from '../test/node/up-cluster.ts';
import type { Bench, Measurement } from './bench.ts';
import type { PodTimes } from './node/inside.ts';
import { cpuMilliseconds, processesIn, residentMegabytes } from './node/node-processes.ts';

const singles = 50;
const together = 50;
const settleMilliseconds = 20_000;
const idleMilliseconds = 60_000;
const insideMillisecondsMax = 300_000;

const percentile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ??
  Number.NaN;

async function podTimes(
  cluster: UpCluster,
  counts: { singles: number; together: number },
): Promise<PodTimes> {
  const script = path.join(import.meta.dirname, 'node/inside.ts');
  const [command = '', ...args] = [
    ...cluster.shell,
    process.execPath,
    ...[script, cluster.kubeconfig, String(counts.singles), String(counts.together)],
  ];
  const { stdout } = await promisify(execFile)(command, args, { timeout: insideMillisecondsMax });
  return JSON.parse(stdout) as PodTimes;
}

interface Status {
  readonly processes: readonly { role: string; pid: number }[];
  readonly nodes: readonly { namespace: string }[];
}

/** Down to nothing but the built images, and up again to the first ready pod. */
async function upFromNothing(cluster: UpCluster): Promise<number> {
  const kept = path.join(cluster.folder, 'images');
  await rm(kept, { recursive: true, force: true });
  await cp(path.join(cluster.dataDirectory, 'images'), kept, { recursive: true });
  await cluster.wherry(['down', '--delete-data']);
  await mkdir(cluster.dataDirectory, { recursive: true });
  await cp(kept, path.join(cluster.dataDirectory, 'images'), { recursive: true });
  const start = performance.now();
  await cluster.wherry(['up', '--no-demo']);
  const upSeconds = (performance.now() - start) / 1000;
  const { together: firstPod } = await podTimes(cluster, { singles: 0, together: 1 });
  return upSeconds + firstPod / 1000;
}

async function idle(cluster: UpCluster): Promise<Measurement[]> {
  const status = JSON.parse(await cluster.wherry(['status', '-o', 'json'])) as Status;
  const agents = status.processes.filter(({ role }) => role === 'agent').map(({ pid }) => pid);
  const server = status.processes.filter(({ role }) => role === 'server').map(({ pid }) => pid);
  const all = [...server, ...processesIn(status.nodes.map(({ namespace }) => namespacePath(namespace)))];
  await sleep(settleMilliseconds);
  const before = new Map(all.map((pid) => [pid, cpuMilliseconds(pid)]));
  const start = performance.now();
  await sleep(idleMilliseconds);
  const took = performance.now() - start;
  const used = all.reduce(
    (sum, pid) => sum + ((cpuMilliseconds(pid) ?? Number.NaN) - (before.get(pid) ?? 0) || 0),
    0,
  );
  const resident = all.map(residentMegabytes).filter((each) => each !== undefined);
  return [
    {
      name: 'resident memory of an agent, idle',
      unit: 'MB',
      samples: agents.map((pid) => residentMegabytes(pid) ?? Number.NaN),
      wanted: { atMost: 120 },
    },
    {
      name: `resident memory of everything (${resident.length} processes), two nodes, idle`,
      unit: 'MB',
      samples: [resident.reduce((sum, each) => sum + each, 0)],
    },
    {
      name: 'processor time of everything over a minute, two nodes, idle',
      unit: '% of a core',
      samples: [(used / took) * 100],
    },
  ];
}

export const bench: Bench = {
  async run() {
    const cluster = await startUpCluster();
    try {
      const ups = [await upFromNothing(cluster), await upFromNothing(cluster), await upFromNothing(cluster)];
      const { single, together: all } = await podTimes(cluster, { singles, together });
      return [
        {
          name: '`up` from nothing to the first ready pod, images present',
          unit: 's',
          samples: ups,
          wanted: { atMost: 8 },
        },
        {
          name: `a pod from create to Ready, one at a time (${singles}): p50`,
          unit: 'ms',
          samples: [...single],
          wanted: { atMost: 500 },
        },
        {
          name: `a pod from create to Ready, one at a time (${singles}): p99`,
          unit: 'ms',
          samples: [percentile(single, 0.99)],
          wanted: { atMost: 1500 },
        },
        {
          name: `${together} pods at once, from the first create to the last Ready`,
          unit: 's',
          samples: [all / 1000],
        },
        ...(await idle(cluster)),
      ];
    } finally {
      await cluster.close();
    }
  },
};
