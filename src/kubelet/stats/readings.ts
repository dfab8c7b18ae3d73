/** What of the machine is left, and what pods take of it. Whoever decides by it gets it as an argument. */
import type { Pod } from '../../kinds/generated/types.ts';

export interface FilesystemReading {
  readonly capacityBytes: number;
  readonly availableBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

export interface NodeReading {
  readonly memory: { readonly capacityBytes: number; readonly availableBytes: number };
  /** Where pods' folders are. */
  readonly nodefs: FilesystemReading;
  /** Where images are; the same as `nodefs` unless it is a disk of its own. */
  readonly imagefs: FilesystemReading;
  readonly pids: { readonly max: number; readonly available: number };
}

export interface PodReading {
  /** The working set: without what the kernel could drop. */
  readonly memoryBytes: number;
  /** By container name. */
  readonly containers: ReadonlyMap<string, number>;
  readonly pids: number;
}

export interface DiskReading {
  /** Logs and what was written over the image, by container name. */
  readonly containers: ReadonlyMap<string, number>;
  /** Volumes that the pod itself fills, by name; those in memory too. */
  readonly volumes: ReadonlyMap<string, number>;
  readonly inodes: number;
}

export interface StatsSource {
  node(): Promise<NodeReading>;
  pod(pod: Pod): Promise<PodReading>;
  /** Walks through what the pod has written: not for every moment. */
  disk(pod: Pod): Promise<DiskReading>;
}

export const sum = (amounts: Iterable<number>): number => {
  let total = 0;
  for (const amount of amounts) total += amount;
  return total;
};
