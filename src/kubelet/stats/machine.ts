/** Reads what the kernel says, of cgroups of either version. Source: google/cadvisor, kubelet/stats. */
import { lstat, opendir, readdir, readFile, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { ContainerStats } from '../../cri/container-types.ts';
import type { ContainerRuntime } from '../../cri/runtime.ts';
import type { Pod } from '../../kinds/generated/types.ts';
import { podCgroup } from '../config/resources.ts';
import { podLogsFolder } from '../config/sandbox-config.ts';
import { podLabels } from '../labels.ts';
import { kubeletLimits } from '../limits.ts';
import type { DiskReading, FilesystemReading, NodeReading, PodReading, StatsSource } from './readings.ts';

export interface MachineStatsOptions {
  /** Below which each pod has a folder, by its uid. */
  readonly podsFolder: string;
  readonly logsFolder: string;
  /** Where images are. */
  readonly imagesFolder: string;
  readonly runtime: Pick<ContainerRuntime, 'containers'>;
  readonly cgroupRoot: string;
  /** `/sys/fs/cgroup` and `/proc`, unless it is a test's. */
  readonly cgroups?: string;
  readonly proc?: string;
}

const readText = (file: string): Promise<string | undefined> => readFile(file, 'utf8').catch(() => undefined);

const numberOf = (text: string | undefined): number | undefined => {
  const number = Number.parseInt(text ?? '', 10);
  return Number.isNaN(number) ? undefined : number;
};

/** `inactive_file 4096` in a file of such lines; `MemFree:  4 kB` too, in its unit. */
function entry(text: string | undefined, name: string): number | undefined {
  const line = text?.split('\n').find((each) => each.startsWith(name));
  return numberOf(line?.slice(name.length).replace(/^:?\s+/, ''));
}

export class MachineStats implements StatsSource {
  readonly #options: MachineStatsOptions;
  readonly #cgroups: string;
  readonly #proc: string;

  constructor(options: MachineStatsOptions) {
    this.#options = options;
    this.#cgroups = options.cgroups ?? '/sys/fs/cgroup';
    this.#proc = options.proc ?? '/proc';
  }

  async node(): Promise<NodeReading> {
    const { podsFolder, imagesFolder } = this.#options;
    const [memory, pids, nodefs, imagefs] = await Promise.all([
      this.#memory(),
      this.#pids(),
      filesystem(podsFolder),
      filesystem(imagesFolder),
    ]);
    return { memory, pids, nodefs, imagefs };
  }

  /** Of the machine, whatever shares it: when that runs out, the kernel does not ask whose it was. */
  async #memory(): Promise<NodeReading['memory']> {
    const text = await readText(path.join(this.#proc, 'meminfo'));
    const bytes = (name: string) => (entry(text, name) ?? 0) * 1024;
    const capacityBytes = bytes('MemTotal');
    const availableBytes = Math.min(capacityBytes, bytes('MemFree') + bytes('Inactive(file)'));
    return { capacityBytes, availableBytes };
  }

  async #pids(): Promise<NodeReading['pids']> {
    const [load, most, threads] = await Promise.all(
      ['loadavg', 'sys/kernel/pid_max', 'sys/kernel/threads-max'].map((name) =>
        readText(path.join(this.#proc, name)),
      ),
    );
    const running = numberOf(load?.split(' ')[3]?.split('/')[1]) ?? 0;
    const max = Math.min(
      numberOf(most) ?? Number.MAX_SAFE_INTEGER,
      numberOf(threads) ?? Number.MAX_SAFE_INTEGER,
    );
    return { max, available: Math.max(0, max - running) };
  }

  async pod(pod: Pod): Promise<PodReading> {
    const cgroup = podCgroup(pod, this.#options.cgroupRoot);
    // Version 2 has one tree; version 1 one for each controller.
    const isUnified = (await readText(path.join(this.#cgroups, 'cgroup.controllers'))) !== undefined;
    const memory = path.join(this.#cgroups, isUnified ? '' : 'memory', cgroup);
    const pids = path.join(this.#cgroups, isUnified ? '' : 'pids', cgroup, 'pids.current');
    const containers = new Map<string, number>();
    for (const { metadata, memory: own } of await this.#stats(pod))
      containers.set(metadata.name, own?.workingSetBytes ?? 0);
    return {
      memoryBytes: await workingSet(memory, isUnified),
      containers,
      pids: numberOf(await readText(pids)) ?? 0,
    };
  }

  async disk(pod: Pod): Promise<DiskReading> {
    const { podsFolder, logsFolder } = this.#options;
    const budget = { entries: kubeletLimits.diskEntriesMax };
    const volumes = new Map<string, number>();
    let inodes = 0;
    for (const { name, emptyDir } of pod.spec?.volumes ?? []) {
      if (emptyDir === undefined) continue;
      const folder = path.join(podsFolder, pod.metadata.uid ?? '', emptyDirFolder, name);
      const used = await folderUsage(folder, budget);
      volumes.set(name, used.bytes);
      inodes += used.inodes;
    }
    const containers = new Map<string, number>();
    for (const { metadata, writableLayer } of await this.#stats(pod)) {
      containers.set(metadata.name, writableLayer?.usedBytes ?? 0);
      inodes += writableLayer?.inodesUsed ?? 0;
    }
    const folder = podLogsFolder(pod, logsFolder);
    for (const name of await readdir(folder).catch(() => [])) {
      const used = await folderUsage(path.join(folder, name), budget);
      containers.set(name, (containers.get(name) ?? 0) + used.bytes);
      inodes += used.inodes;
    }
    return { containers, volumes, inodes };
  }

  /** Of what runs now. */
  #stats(pod: Pod): Promise<readonly ContainerStats[]> {
    const labels = { [podLabels.uid]: pod.metadata.uid ?? '' };
    return this.#options.runtime.containers.stats({ labels });
  }
}

const emptyDirFolder = 'volumes/kubernetes.io~empty-dir';

async function workingSet(folder: string, isUnified: boolean): Promise<number> {
  const [usage, stat] = await Promise.all([
    readText(path.join(folder, isUnified ? 'memory.current' : 'memory.usage_in_bytes')),
    readText(path.join(folder, 'memory.stat')),
  ]);
  const inactive = entry(stat, isUnified ? 'inactive_file ' : 'total_inactive_file ') ?? 0;
  return Math.max(0, (numberOf(usage) ?? 0) - inactive);
}

async function filesystem(folder: string): Promise<FilesystemReading> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(folder);
  return {
    capacityBytes: bsize * blocks,
    availableBytes: bsize * bavail,
    inodes: files,
    inodesFree: ffree,
  };
}

/** What is on the disk below it: links are not followed; what is named twice counts twice, as with upstream's du. */
export async function folderUsage(
  folder: string,
  budget: { entries: number } = { entries: kubeletLimits.diskEntriesMax },
): Promise<{ bytes: number; inodes: number }> {
  const found = await lstat(folder).catch(() => undefined);
  if (found === undefined) return { bytes: 0, inodes: 0 };
  let bytes = found.blocks * 512;
  let inodes = 1;
  if (!found.isDirectory()) return { bytes, inodes };
  const listing = await opendir(folder).catch(() => undefined);
  if (listing === undefined) return { bytes, inodes };
  const names: string[] = [];
  for await (const { name } of listing) {
    if (budget.entries <= 0) break;
    budget.entries -= 1;
    names.push(name);
  }
  // The folder is closed by now: a pod that nests folders deeply must not use up the agent's open files.
  for (const name of names) {
    const inner = await folderUsage(path.join(folder, name), budget);
    bytes += inner.bytes;
    inodes += inner.inodes;
  }
  return { bytes, inodes };
}
