/** What the processes of a cluster on this machine take. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

/** Linux counts CPU time in ticks of 10 ms. */
const tickMilliseconds = 10;

/** Processes that live in one of these network namespaces: agent, containerd, its shims. */
export function processesIn(namespaceFiles: readonly string[]): number[] {
  const wanted = new Set(namespaceFiles.map((file) => `net:[${statSync(file).ino}]`));
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return wanted.has(readlinkSync(`/proc/${pid}/ns/net`));
      } catch {
        return false;
      }
    })
    .map(Number);
}

const readIfAny = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};

/** Resident memory in MB of 10^6 bytes; undefined once it has ended. What processes share counts for each of them. */
export function residentMegabytes(pid: number): number | undefined {
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readIfAny(`/proc/${pid}/status`) ?? '')?.[1];
  return kibibytes === undefined ? undefined : (Number(kibibytes) * 1024) / 1e6;
}

/** CPU time of a process and of its children that have ended; undefined once it has ended itself. */
export function cpuMilliseconds(pid: number): number | undefined {
  const stat = readIfAny(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * tickMilliseconds;
}
