/** `/stats/summary`: what the node and its containers take. Source: kubelet/server/stats/summary.go. */
import os from 'node:os';
import type { ContainerStats } from '../../cri/container-types.ts';
import type { ContainerRuntime } from '../../cri/runtime.ts';
import type { Clock } from '../../lib/clock.ts';
import { timestamp } from '../../lib/timestamp.ts';
import type { PodLookup } from '../known-pods.ts';
import { containerLabels, podLabels } from '../labels.ts';

interface Cpu {
  readonly time: string;
  /** Between this and the last time somebody asked. */
  readonly usageNanoCores?: number;
  readonly usageCoreNanoSeconds?: number;
}

interface Memory {
  readonly time: string;
  readonly availableBytes?: number | undefined;
  readonly usageBytes?: number | undefined;
  readonly workingSetBytes?: number | undefined;
  readonly rssBytes?: number | undefined;
  readonly pageFaults?: number | undefined;
  readonly majorPageFaults?: number | undefined;
}

interface Filesystem {
  readonly time: string;
  readonly usedBytes?: number | undefined;
  readonly inodesUsed?: number | undefined;
}

interface ContainerSummary {
  readonly name: string;
  readonly startTime: string;
  readonly cpu?: Cpu;
  readonly memory?: Memory;
  readonly rootfs?: Filesystem;
}

interface PodSummary {
  readonly podRef: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly startTime: string;
  readonly containers: readonly ContainerSummary[];
  readonly cpu?: Cpu;
  readonly memory?: Memory;
}

export interface StatsSummary {
  readonly node: {
    readonly nodeName: string;
    readonly startTime: string;
    readonly cpu: Cpu;
    readonly memory: Memory;
    readonly runtime: { readonly imageFs?: Filesystem };
  };
  readonly pods: readonly PodSummary[];
}

export interface StatsSources {
  readonly nodeName: string;
  readonly runtime: Pick<ContainerRuntime, 'containers' | 'images'>;
  readonly pods: PodLookup;
  readonly clock: Clock;
}

interface Sample {
  readonly time: number;
  readonly nanoseconds: number;
}

const nanosecondsPerMillisecond = 1e6;

export class StatsReader {
  readonly #sources: StatsSources;
  /** Of what ran the last time, by container; the node's is under its own name. */
  #samples = new Map<string, Sample>();

  constructor(sources: StatsSources) {
    this.#sources = sources;
  }

  async summary(): Promise<StatsSummary> {
    const { runtime, nodeName, clock } = this.#sources;
    const [stats, running, [images]] = await Promise.all([
      runtime.containers.stats(),
      runtime.containers.list({ state: 'Running' }),
      runtime.images.usage(),
    ]);
    const started = new Map(running.map(({ id, createdAt }) => [id, createdAt]));
    const samples = new Map<string, Sample>();
    const pods = podSummaries(stats, {
      pods: this.#sources.pods,
      container: (each) => this.#container(each, started.get(each.id) ?? clock.now(), samples),
    });
    const now = clock.now();
    const time = timestamp(now);
    const node = {
      nodeName,
      startTime: timestamp(now - os.uptime() * 1000),
      cpu: this.#cpu('node', { time: now, nanoseconds: machineNanoseconds() }, samples),
      memory: machineMemory(time),
      runtime:
        images === undefined
          ? {}
          : { imageFs: { time, usedBytes: images.usedBytes, inodesUsed: images.inodesUsed } },
    };
    this.#samples = samples;
    return { node, pods };
  }

  #container(stats: ContainerStats, startedAt: number, samples: Map<string, Sample>): ContainerSummary {
    const { id, labels, metadata, cpu, memory, writableLayer } = stats;
    const nanoseconds = cpu?.usageCoreNanoseconds;
    return {
      name: labels[containerLabels.name] ?? metadata.name,
      startTime: timestamp(startedAt),
      ...(cpu && nanoseconds !== undefined
        ? { cpu: this.#cpu(id, { time: cpu.time, nanoseconds }, samples) }
        : {}),
      ...(memory ? { memory: { ...memory, time: timestamp(memory.time) } } : {}),
      ...(writableLayer ? { rootfs: { ...writableLayer, time: timestamp(writableLayer.time) } } : {}),
    };
  }

  #cpu(id: string, sample: Sample, samples: Map<string, Sample>): Cpu {
    samples.set(id, sample);
    const before = this.#samples.get(id);
    const milliseconds = sample.time - (before?.time ?? sample.time);
    const used = sample.nanoseconds - (before?.nanoseconds ?? 0);
    return {
      time: timestamp(sample.time),
      ...(milliseconds > 0 && used >= 0 ? { usageNanoCores: Math.round((used / milliseconds) * 1000) } : {}),
      usageCoreNanoSeconds: sample.nanoseconds,
    };
  }
}

function machineNanoseconds(): number {
  const busy = os.cpus().map(({ times }) => times.user + times.nice + times.sys + times.irq);
  return busy.reduce((sum, milliseconds) => sum + milliseconds, 0) * nanosecondsPerMillisecond;
}

function machineMemory(time: string): Memory {
  const availableBytes = os.freemem();
  const workingSetBytes = os.totalmem() - availableBytes;
  return { time, availableBytes, workingSetBytes, usageBytes: workingSetBytes };
}

function podSummaries(
  stats: readonly ContainerStats[],
  tools: { pods: PodLookup; container: (stats: ContainerStats) => ContainerSummary },
): PodSummary[] {
  const byPod = new Map<string, ContainerStats[]>();
  for (const each of stats) {
    const uid = each.labels[podLabels.uid];
    if (uid !== undefined) byPod.set(uid, [...(byPod.get(uid) ?? []), each]);
  }
  return [...byPod].map(([uid, all]) => {
    const { labels } = all[0]!;
    const name = labels[podLabels.name] ?? '';
    const namespace = labels[podLabels.namespace] ?? '';
    const containers = all.map(tools.container);
    const first = containers.map(({ startTime }) => startTime).sort()[0] ?? '';
    const startTime = tools.pods.get(namespace, name)?.status?.startTime ?? first;
    return { podRef: { name, namespace, uid }, startTime, containers, ...sums(containers) };
  });
}

/** Of those that say it. */
function sums(containers: readonly ContainerSummary[]): Pick<PodSummary, 'cpu' | 'memory'> {
  const cpus = containers.flatMap(({ cpu }) => cpu ?? []);
  const memories = containers.flatMap(({ memory }) => memory ?? []);
  const sum = <Item>(items: readonly Item[], of: (item: Item) => number | undefined) =>
    items.reduce((total, item) => total + (of(item) ?? 0), 0);
  const [cpu] = cpus;
  const [memory] = memories;
  return {
    ...(cpu && {
      cpu: {
        time: cpu.time,
        usageNanoCores: sum(cpus, ({ usageNanoCores }) => usageNanoCores),
        usageCoreNanoSeconds: sum(cpus, ({ usageCoreNanoSeconds }) => usageCoreNanoSeconds),
      },
    }),
    ...(memory && {
      memory: {
        time: memory.time,
        usageBytes: sum(memories, ({ usageBytes }) => usageBytes),
        workingSetBytes: sum(memories, ({ workingSetBytes }) => workingSetBytes),
        rssBytes: sum(memories, ({ rssBytes }) => rssBytes),
      },
    }),
  };
}
