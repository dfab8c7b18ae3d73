/** What a node tells of its machine. Source: kubelet/nodestatus/setters.go and cadvisor's machine information. */
import { readdir, readFile, statfs } from 'node:fs/promises';
import path from 'node:path';

export interface MachineFacts {
  readonly architecture: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly machineID: string;
  readonly systemUUID: string;
  readonly bootID: string;
  readonly milliCpu: number;
  readonly memoryBytes: number;
  readonly ephemeralStorageBytes: number;
  /** Bytes reserved in huge pages by the size of a page, as resources are called: `hugepages-2Mi`. */
  readonly hugePages: Readonly<Record<string, number>>;
  readonly swapBytes: number;
}

export interface MachinePlace {
  /** Where the system's files are: `/`, or a test's folder. */
  readonly root?: string;
  /** Where the node keeps its pods. */
  readonly dataFolder: string;
  readonly processors: number;
  readonly architecture: string;
  readonly kernelVersion: string;
}

export async function readMachineFacts(place: MachinePlace): Promise<MachineFacts> {
  const { root = '/', processors, architecture, kernelVersion } = place;
  const read = (file: string): Promise<string> =>
    readFile(path.join(root, file), 'utf8').then(
      (text) => text.trim(),
      () => '',
    );
  const [release, machineID, productID, bootID, memory] = await Promise.all([
    read('etc/os-release'),
    read('etc/machine-id'),
    read('sys/class/dmi/id/product_uuid'),
    read('proc/sys/kernel/random/boot_id'),
    read('proc/meminfo'),
  ]);
  const limits = await cgroupLimits(read);
  const disk = await statfs(place.dataFolder);
  const memoryBytes = meminfoBytes(memory, 'MemTotal');
  return {
    architecture,
    kernelVersion,
    osImage: osName(release),
    machineID,
    systemUUID: productID === '' ? machineID : productID,
    bootID,
    milliCpu: Math.min(processors * 1000, limits.milliCpu),
    memoryBytes: Math.min(memoryBytes, limits.memoryBytes),
    ephemeralStorageBytes: disk.blocks * disk.bsize,
    hugePages: await hugePages(root, read),
    swapBytes: meminfoBytes(memory, 'SwapTotal'),
  };
}

/** Source: os-release(5). */
export function osName(release: string): string {
  const [, quoted, plain] = /^PRETTY_NAME=(?:"(.*)"|(.*))$/m.exec(release) ?? [];
  return (quoted ?? plain ?? '').replaceAll(/\\(.)/g, '$1') || 'Linux';
}

function meminfoBytes(text: string, field: string): number {
  const [, kilobytes = '0'] = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text) ?? [];
  return Number(kilobytes) * 1024;
}

type Read = (file: string) => Promise<string>;

/** What the cgroup that this process is in, and those above it, leave of the machine. */
async function cgroupLimits(read: Read): Promise<{ milliCpu: number; memoryBytes: number }> {
  const memberships = (await read('proc/self/cgroup')).split('\n').map((line) => line.split(':'));
  const limits = { milliCpu: Number.POSITIVE_INFINITY, memoryBytes: Number.POSITIVE_INFINITY };
  for (const [, controllers = '', folder = ''] of memberships) {
    const names = controllers.split(',');
    const hierarchy = controllers === '' ? 'sys/fs/cgroup' : path.join('sys/fs/cgroup', controllers);
    for (const each of upwards(folder)) {
      const file = (name: string) => read(path.join(hierarchy, each, name));
      if (controllers === '' || names.includes('memory')) {
        const bytes = await file(controllers === '' ? 'memory.max' : 'memory.limit_in_bytes');
        if (/^\d+$/.test(bytes)) limits.memoryBytes = Math.min(limits.memoryBytes, Number(bytes));
      }
      if (controllers === '') {
        const [quota = '', period = ''] = (await file('cpu.max')).split(' ');
        limits.milliCpu = Math.min(limits.milliCpu, milliCpuOf(quota, period));
      } else if (names.includes('cpu')) {
        const period = await file('cpu.cfs_period_us');
        limits.milliCpu = Math.min(limits.milliCpu, milliCpuOf(await file('cpu.cfs_quota_us'), period));
      }
    }
  }
  return limits;
}

/** `/a/b` -> `/a/b`, `/a`, `/` */
function upwards(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder || folder === '' ? [folder] : [folder, ...upwards(parent)];
}

function milliCpuOf(quota: string, period: string): number {
  if (!/^\d+$/.test(quota) || !/^[1-9]\d*$/.test(period)) return Number.POSITIVE_INFINITY;
  return Math.floor((Number(quota) * 1000) / Number(period));
}

async function hugePages(root: string, read: Read): Promise<Record<string, number>> {
  const folder = 'sys/kernel/mm/hugepages';
  const sizes = await readdir(path.join(root, folder)).catch(() => []);
  const entries = await Promise.all(
    sizes.sort().map(async (name): Promise<[string, number]> => {
      const kilobytes = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0);
      const pages = Number((await read(path.join(folder, name, 'nr_hugepages'))) || 0);
      return [`hugepages-${binarySize(kilobytes)}`, pages * kilobytes * 1024];
    }),
  );
  return Object.fromEntries(entries);
}

/** `2048` kilobytes -> `2Mi` */
function binarySize(kilobytes: number): string {
  const units = ['Ki', 'Mi', 'Gi'];
  let amount = kilobytes;
  let unit = 0;
  while (amount % 1024 === 0 && amount > 0 && unit < units.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${amount}${units[unit]}`;
}
