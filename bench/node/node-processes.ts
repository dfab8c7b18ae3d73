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

/** Resident memory in MB of 10^6 bytes. What processes share counts for each of them. */
export function residentMegabytes(pid: number): number {
  const kibibytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  return (kibibytes * 1024) / 1e6;
}

/** CPU time of a process, all its threads together. */
export function cpuMilliseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMilliseconds;
}
