/**
 * Removes what a node's containerd leaves behind: shims, containers' processes, mounts, cgroups, sockets and the network
 * plugins' cache. It is told apart from everyone else's by the node's folder, cgroup and network name.
 */
import { readdir, readFile, readlink, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { WherryError } from '../../lib/errors.ts';
import { runCommand } from './command.ts';
import { containerdPaths } from './containerd-config.ts';
import { nodeLimits } from './limits.ts';
import { mountsBelow } from './mounts.ts';

export interface NodeTraces {
  /** containerd's. */
  readonly folder: string;
  /** Below which volumes are mounted, where that is not in containerd's folder. */
  readonly volumes?: string;
  /** Under which its pods' cgroups are: `/wherry-test-1`. */
  readonly cgroupParent: string;
  /** The CNI network's name. */
  readonly networkName: string;
}

const cgroupRoot = '/sys/fs/cgroup';
const cniCacheFolder = '/var/lib/cni/results';

/**
 * After containerd itself was stopped. With `keepData` what a machine would have on its disk after a power cut stays:
 * images, and what containerd remembers. Throws NOT_CLEAN when something resists.
 */
export async function removeTraces(traces: NodeTraces, { keepData = false } = {}): Promise<void> {
  const shimSockets = await shimSocketsIn(traces.folder);
  const ids = await sandboxIdsIn(traces.folder);
  await untilNone('processes', () => killProcesses(traces));
  for (const socket of shimSockets) await rm(socket, { force: true });
  await untilNone('mounts', async () => {
    const volumes = traces.volumes === undefined ? [] : await unmountBelow(traces.volumes);
    return [...volumes, ...(await unmountBelow(traces.folder))];
  });
  await untilNone('cgroups', () => removeCgroups(traces.cgroupParent));
  // Of our network, and of our sandboxes' loopbacks, which are of a network that everybody has.
  for (const name of await entriesOf(cniCacheFolder))
    if (isResultOf(traces.networkName, name) || ids.some((id) => name.includes(id)))
      await rm(path.join(cniCacheFolder, name), { force: true });
  const paths = containerdPaths(traces.folder);
  // The pods' addresses are free again: nobody has one any more.
  const passing = [paths.state, paths.socket, `${paths.socket}.ttrpc`, paths.cniData];
  for (const folder of keepData ? passing : [traces.folder])
    await rm(folder, { recursive: true, force: true });
}

/** `<network>-<sandbox>-<interface>`; another network's name may begin with this one's. Source: containernetworking libcni. */
const isResultOf = (networkName: string, file: string): boolean =>
  file.startsWith(networkName) && /^-[0-9a-f]{64}-/.test(file.slice(networkName.length));

/** What is left of it, in words: nothing, after `removeTraces`. */
export async function findTraces(traces: NodeTraces): Promise<string[]> {
  const processes = await processesOf(traces);
  const volumes = traces.volumes === undefined ? [] : await mountsBelow(traces.volumes);
  const mounts = [...new Set([...volumes, ...(await mountsBelow(traces.folder))])];
  const cgroups = await cgroupsOf(traces.cgroupParent);
  return [
    ...processes.map((pid) => `process ${pid}`),
    ...mounts.map((mount) => `mount ${mount}`),
    ...cgroups.map((cgroup) => `cgroup ${cgroup}`),
  ];
}

/** Repeats a removal until it finds nothing left to remove: the kernel takes its time over each of these. */
async function untilNone(what: string, remove: () => Promise<readonly unknown[]>): Promise<void> {
  for (let attempt = 0; attempt < nodeLimits.removeAttempts; attempt++) {
    if ((await remove()).length === 0) return;
    await wait(nodeLimits.pollMilliseconds);
  }
  const left = (await remove()).join(', ');
  if (left !== '') throw new WherryError('NOT_CLEAN', `cannot get rid of these ${what}: ${left}`);
}

async function killProcesses(traces: NodeTraces): Promise<number[]> {
  const pids = await processesOf(traces);
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
  return pids;
}

async function processesOf({ folder, cgroupParent }: NodeTraces): Promise<number[]> {
  const inCgroups = await Promise.all(
    (await cgroupsOf(cgroupParent)).map((cgroup) => linesOf(path.join(cgroup, 'cgroup.procs'))),
  );
  const shims = await shimsOf(folder);
  return [...new Set([...inCgroups.flat().map(Number), ...shims])].filter((pid) => pid > 1);
}

/** Shims outlive their containerd; each was started with its socket as an argument. */
async function shimsOf(folder: string): Promise<number[]> {
  const { socket } = containerdPaths(folder);
  const pids = (await entriesOf('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const words = command.split('\0');
      if (!words.includes(socket)) return [];
      const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
      return path.basename(program).startsWith('containerd-shim') ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}

const tasksFolder = (folder: string): string =>
  path.join(containerdPaths(folder).state, 'io.containerd.runtime.v2.task/k8s.io');

/** Those that ran when it ended, and those that it remembers. */
async function sandboxIdsIn(folder: string): Promise<string[]> {
  const remembered = path.join(containerdPaths(folder).root, 'io.containerd.grpc.v1.cri/sandboxes');
  return [...(await entriesOf(tasksFolder(folder))), ...(await entriesOf(remembered))];
}

/** containerd keeps shims' sockets outside its own folders, and says where in each task's. */
async function shimSocketsIn(folder: string): Promise<string[]> {
  const tasks = tasksFolder(folder);
  const addresses = await Promise.all(
    (await entriesOf(tasks)).map((id) => readFile(path.join(tasks, id, 'address'), 'utf8').catch(() => '')),
  );
  return addresses
    .filter((address) => address.startsWith('unix://'))
    .map((address) => address.trim().slice('unix://'.length));
}

async function unmountBelow(folder: string): Promise<string[]> {
  const mounts = await mountsBelow(folder);
  // Detached: what is still open in it ends with the processes that hold it. What resists is found at the next look, and
  // told of after the last.
  for (const mount of mounts) await runCommand('umount', ['--lazy', mount]).catch(() => {});
  return mounts;
}

/** Absolute paths in every hierarchy, the innermost first. */
async function cgroupsOf(cgroupParent: string): Promise<string[]> {
  // The root, or a folder above another's, would be everyone's processes.
  if (!/^\/[\w-]*[\w]$/.test(cgroupParent))
    throw new WherryError('BAD_CGROUP', `${JSON.stringify(cgroupParent)} is not the name of one cgroup`);
  const hierarchies = ['', ...(await entriesOf(cgroupRoot))].map((name) => path.join(cgroupRoot, name));
  const trees = await Promise.all(
    hierarchies.map((hierarchy) => foldersOf(path.join(hierarchy, cgroupParent))),
  );
  return trees.flat();
}

async function foldersOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return [];
  const inner = await Promise.all(
    entries.filter((entry) => entry.isDirectory()).map((entry) => foldersOf(path.join(folder, entry.name))),
  );
  return [...inner.flat(), folder];
}

async function removeCgroups(cgroupParent: string): Promise<string[]> {
  const cgroups = await cgroupsOf(cgroupParent);
  // One that a process is still leaving is found at the next look.
  for (const cgroup of cgroups) await rmdir(cgroup).catch(() => {});
  return cgroups;
}

const entriesOf = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}
