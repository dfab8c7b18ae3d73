/** What a pod as a whole may take of the machine, written where the kernel reads it. Source: kubelet/cm of Kubernetes. */
import { access, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Absent: no limit. */
export interface PodCgroupLimits {
  /** Of each period, 1024 for a whole processor among those that want it. */
  readonly cpuShares: number;
  /** Microseconds of processor time in each period of so many. */
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  readonly memoryLimitInBytes?: number;
}

const isThere = (folder: string): Promise<boolean> =>
  access(folder).then(
    () => true,
    () => false,
  );

/** As runc turns one into the other. Source: ConvertCPUSharesToCgroupV2Value of opencontainers/cgroups. */
export function cpuWeight(shares: number): number {
  if (shares === 0) return 0;
  return 1 + Math.floor(((shares - 2) * 9999) / 262_142);
}

/**
 * `cgroup`: `/kubepods/burstable/pod<uid>`, which the runtime has made with the pod's sandbox. Once more does no harm.
 * `root`: where the kernel's cgroups are mounted, of either version.
 */
export async function limitPodCgroup(
  cgroup: string,
  { cpuShares, cpuQuota, cpuPeriod, memoryLimitInBytes }: PodCgroupLimits,
  root = '/sys/fs/cgroup',
): Promise<void> {
  const [cpu, memory] = [path.join(root, 'cpu', cgroup), path.join(root, 'memory', cgroup)];
  if ((await isThere(cpu)) || (await isThere(memory))) {
    await writeFile(path.join(cpu, 'cpu.shares'), String(cpuShares));
    if (cpuPeriod !== undefined) await writeFile(path.join(cpu, 'cpu.cfs_period_us'), String(cpuPeriod));
    if (cpuQuota !== undefined) await writeFile(path.join(cpu, 'cpu.cfs_quota_us'), String(cpuQuota));
    if (memoryLimitInBytes !== undefined)
      await writeFile(path.join(memory, 'memory.limit_in_bytes'), String(memoryLimitInBytes));
    return;
  }
  const both = path.join(root, cgroup);
  await writeFile(path.join(both, 'cpu.weight'), String(cpuWeight(cpuShares)));
  if (cpuQuota !== undefined) await writeFile(path.join(both, 'cpu.max'), `${cpuQuota} ${cpuPeriod}`);
  if (memoryLimitInBytes !== undefined)
    await writeFile(path.join(both, 'memory.max'), String(memoryLimitInBytes));
}
