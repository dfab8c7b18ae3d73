/**
 * A limit on the writes that processes make to the disk, by the block I/O controller of cgroup v1. It counts what
 * reaches the device: the data and the flush of a commit are two. What version 2 offers is not used: turning it on would
 * change the groups of others.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const groupName = 'wherry-bench-';

/** The folder of the group that this process is in; undefined where the controller is not mounted. */
function ownGroup(): string | undefined {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const isBlockIO = (line: string) => {
    const [, , type, options = ''] = line.split(' ');
    return type === 'cgroup' && options.split(',').includes('blkio');
  };
  const mountPoint = mounts.find(isBlockIO)?.split(' ')[1];
  if (mountPoint === undefined) return undefined;
  const own = /^\d+:(?:[^:]*,)?blkio(?:,[^:]*)?:(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  return [join(mountPoint, own ?? ''), mountPoint].find((folder) => existsSync(folder));
}

/** `254:0`: the whole disk that holds the directory; undefined where it is on none (tmpfs, overlay). */
function diskOf(directory: string): string | undefined {
  const { dev } = statSync(directory);
  // The way glibc's makedev packs the two, as far as real disks need it.
  const numbers = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >>> 12) & 0xfff00)}`;
  const device = `/sys/dev/block/${numbers}`;
  if (!existsSync(device)) return undefined;
  return existsSync(join(device, 'partition'))
    ? readFileSync(join(device, '..', 'dev'), 'utf8').trim()
    : numbers;
}

/** Groups that an earlier run left behind when it was killed. One in which something still runs stays. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent))
    if (name.startsWith(groupName))
      try {
        rmdirSync(join(parent, name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
      }
}

/** Why disks cannot be limited here; undefined when they can. */
export function whyNotLimited(directory: string): string | undefined {
  if (process.getuid?.() !== 0) return 'this needs root';
  if (ownGroup() === undefined) return 'there is no block I/O controller of cgroup v1';
  if (diskOf(directory) === undefined) return `${directory} is not on a disk of its own`;
  return undefined;
}

export class LimitedDisk {
  readonly #folder: string;
  readonly #disk: string;

  /** Only where `whyNotLimited` has nothing to say. `name` tells groups of one run apart. */
  constructor(directory: string, { name, writesPerSecond }: { name: string; writesPerSecond: number }) {
    const parent = ownGroup();
    const disk = diskOf(directory);
    if (parent === undefined || disk === undefined) throw new Error('the disk cannot be limited here');
    sweep(parent);
    this.#disk = disk;
    this.#folder = join(parent, `${groupName}${process.pid}-${name}`);
    mkdirSync(this.#folder);
    try {
      const limit = join(this.#folder, 'blkio.throttle.write_iops_device');
      writeFileSync(limit, `${disk} ${writesPerSecond}`);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** From now on; with all its threads. */
  add(pid: number | undefined): void {
    writeFileSync(join(this.#folder, 'cgroup.procs'), String(pid));
  }

  /** Writes that its processes have made so far. */
  writes(): number {
    const served = readFileSync(join(this.#folder, 'blkio.throttle.io_serviced'), 'utf8');
    return Number(new RegExp(`^${this.#disk} Write (\\d+)$`, 'm').exec(served)?.[1] ?? 0);
  }

  /** Once its processes have ended. */
  remove(): void {
    rmdirSync(this.#folder);
  }
}
