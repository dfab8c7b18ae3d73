/**
 * A containerd of our own: its own images, state, socket and network configuration. It outlives whoever started it, and
 * is found again by its pid file or, without one, among all processes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { UserError, WherryError } from '../../lib/errors.ts';
import { runCommand, systemPath } from './command.ts';
import { cniConfigList, containerdConfig, containerdPaths, type PodNetwork } from './containerd-config.ts';
import { nodeLimits } from './limits.ts';
import { namespacePath } from './network-namespace.ts';

export interface ContainerdOptions {
  /** Absolute; made if it is missing. Paths of sockets are short: at most about 80 characters. */
  readonly folder: string;
  /** The network namespace it runs in: that of this process unless given. */
  readonly namespace?: string;
  readonly sandboxImage: string;
  /** More of it: a proxy on the way to registries. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Until there is one (see `writePodNetwork`) containerd says that its network is not ready. */
  readonly network?: PodNetwork;
}

export interface Containerd {
  readonly socket: string;
  readonly pid: number;
  /** Resolves when the process is gone, whoever ended it. */
  readonly exited: Promise<void>;
  /** An OCI or docker archive; the images get the names that stand in it. */
  importImages(archive: Uint8Array): Promise<void>;
  /** Ends the daemon alone: its containers run on, under their shims. `clean.ts` removes everything. */
  stop(): Promise<void>;
}

/** Resolves when it answers. Throws CONTAINERD_FAILED with the end of its log, CONTAINERD_MISSING. */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const { folder } = options;
  const paths = containerdPaths(folder);
  await mkdir(paths.cniConfig, { recursive: true });
  await mkdir(paths.registries, { recursive: true });
  // Containers with another user walk through it to what is mounted from it.
  await chmod(folder, 0o711);
  const mayLowerOomScore = hasCapability(await readFile('/proc/self/status', 'utf8'), capSysResource);
  await writeFile(paths.config, containerdConfig({ ...options, mayLowerOomScore }));
  if (options.network !== undefined) await writePodNetwork(folder, options.network);
  const child = await launch(options);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const { pid } = child;
  if (pid === undefined)
    throw new UserError(
      'CONTAINERD_MISSING',
      'containerd could not be started: the command is not there; apt-get install containerd runc, or name a running one with --container-runtime-endpoint',
    );
  const daemon = { pid, exited, folder };
  try {
    await writeFile(paths.pid, `${pid}\n`);
    await untilServing(daemon);
  } catch (failure) {
    await end(daemon);
    throw failure;
  }
  return handle(daemon);
}

/** One that an earlier process started in this folder and that still runs; resolves when it answers. */
export async function findContainerd(folder: string): Promise<Containerd | undefined> {
  const daemon = await runningDaemon(folder);
  if (daemon === undefined) return undefined;
  await untilServing(daemon);
  return handle(daemon);
}

async function runningDaemon(folder: string): Promise<Daemon | undefined> {
  const pid = await runningPid(folder);
  if (pid === undefined) return undefined;
  const exited = (async () => {
    while ((await runningPid(folder)) === pid)
      await wait(nodeLimits.watchMilliseconds, undefined, { ref: false });
  })();
  return { pid, exited, folder };
}

/** Ends the one that runs in this folder, whether it answers or not. Fine when there is none. */
export async function endContainerd(folder: string): Promise<void> {
  const daemon = await runningDaemon(folder);
  if (daemon !== undefined) await end(daemon);
}

/** The plugins' configuration, which keeps its own books in `folder`; containerd sees it by itself. Does nothing when it is there as it is. */
export async function writePodNetwork(
  folder: string,
  network: PodNetwork,
  configFolder = containerdPaths(folder).cniConfig,
): Promise<void> {
  const file = path.join(configFolder, '10-wherry.conflist');
  const text = cniConfigList(folder, network);
  if ((await readFile(file, 'utf8').catch(() => '')) === text) return;
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
}

interface Daemon {
  readonly pid: number;
  readonly exited: Promise<void>;
  readonly folder: string;
}

const handle = (daemon: Daemon): Containerd => ({
  socket: containerdPaths(daemon.folder).socket,
  pid: daemon.pid,
  exited: daemon.exited,
  importImages: (archive) => importImages(daemon.folder, archive),
  stop: () => end(daemon),
});

/** Its bit in a process's capabilities. Source: linux/capability.h. */
const capSysResource = 24n;

function hasCapability(processStatus: string, bit: bigint): boolean {
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(processStatus) ?? [];
  return (BigInt(`0x${effective}`) & (1n << bit)) !== 0n;
}

/** `ip netns exec` would remount /sys and hide the cgroups from runc: nsenter changes the network alone. */
async function launch({ namespace, folder, environment }: ContainerdOptions): Promise<ChildProcess> {
  const paths = containerdPaths(folder);
  const prefix = namespace === undefined ? [] : ['nsenter', `--net=${namespacePath(namespace)}`];
  const [command = '', ...args] = [...prefix, 'containerd', '--config', paths.config];
  // Into a file, not a pipe: whoever reads the pipe may end before it. To append, as the keeper bounds it meanwhile, and
  // as what an earlier one said at its end is wanted most.
  const log = await open(paths.log, 'a', 0o600);
  try {
    const child = spawn(command, args, {
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
      env: { PATH: systemPath, ...environment },
    });
    child.unref();
    return child;
  } finally {
    await log.close();
  }
}

/** By its configuration file, so that another process under a number of old is not taken for it. */
async function isRunning(pid: string, { config }: { config: string }): Promise<boolean> {
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
  const at = words.indexOf('--config');
  return words[at - 1] === 'containerd' && words[at + 1] === config;
}

/** Also one whose number nobody came to write down: who started it was killed at that very moment. */
async function runningPid(folder: string): Promise<number | undefined> {
  const paths = containerdPaths(folder);
  const written = (await readFile(paths.pid, 'utf8').catch(() => '')).trim();
  if (/^\d+$/.test(written) && (await isRunning(written, paths))) return Number(written);
  for (const pid of await readdir('/proc'))
    if (/^\d+$/.test(pid) && (await isRunning(pid, paths))) return Number(pid);
  return undefined;
}

async function untilServing(daemon: Daemon): Promise<void> {
  const deadline = performance.now() + nodeLimits.startMilliseconds;
  let isGone = false;
  void daemon.exited.then(() => {
    isGone = true;
  });
  while (!isGone && performance.now() < deadline) {
    if (await answers(containerdPaths(daemon.folder).socket)) return;
    await Promise.race([daemon.exited, wait(nodeLimits.pollMilliseconds)]);
  }
  const log = await readFile(containerdPaths(daemon.folder).log, 'utf8').catch(() => '');
  const lines = log.trim().split('\n').slice(-5).join('\n');
  throw new WherryError('CONTAINERD_FAILED', `containerd in ${daemon.folder} does not answer:\n${lines}`);
}

async function answers(socket: string): Promise<boolean> {
  try {
    await runCommand('ctr', ['--address', socket, '--connect-timeout', '1s', 'version']);
    return true;
  } catch {
    return false;
  }
}

async function importImages(folder: string, archive: Uint8Array): Promise<void> {
  const file = path.join(folder, `import-${process.hrtime.bigint()}.tar`);
  try {
    await writeFile(file, archive);
    await runCommand('ctr', [
      ...['--address', containerdPaths(folder).socket, '--namespace', 'k8s.io'],
      ...['images', 'import', file],
    ]);
  } finally {
    await rm(file, { force: true });
  }
}

async function end({ pid, exited }: Daemon): Promise<void> {
  let isGone = false;
  void exited.then(() => {
    isGone = true;
  });
  const send = (signal: 'SIGTERM' | 'SIGKILL') => {
    try {
      process.kill(pid, signal);
    } catch {
      isGone = true;
    }
  };
  // What ended before is seen before its number is used.
  await Promise.resolve();
  if (!isGone) send('SIGTERM');
  const deadline = performance.now() + nodeLimits.stopMilliseconds;
  while (!isGone) {
    if (performance.now() > deadline) send('SIGKILL');
    await Promise.race([exited, wait(nodeLimits.pollMilliseconds)]);
  }
}
