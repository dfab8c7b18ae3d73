/** A containerd of our own: its own images, state, socket and network configuration, in a network namespace. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { WherryError } from '../../lib/errors.ts';
import { runCommand, systemPath } from './command.ts';
import { cniConfigList, containerdConfig, containerdPaths, type PodNetwork } from './containerd-config.ts';
import { nodeLimits } from './limits.ts';
import { namespacePath } from './network-namespace.ts';

export interface ContainerdOptions {
  /** Absolute; made if it is missing. Paths of sockets are short: at most about 80 characters. */
  readonly folder: string;
  /** The network namespace it runs in. */
  readonly namespace: string;
  readonly sandboxImage: string;
  readonly network: PodNetwork;
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

/** Resolves when it answers. Throws CONTAINERD_FAILED with the end of its log. */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const paths = containerdPaths(options.folder);
  await mkdir(paths.cniConfig, { recursive: true });
  // Containers with another user walk through it to what is mounted from it.
  await chmod(options.folder, 0o711);
  const mayLowerOomScore = hasCapability(await readFile('/proc/self/status', 'utf8'), capSysResource);
  await writeFile(paths.config, containerdConfig({ ...options, mayLowerOomScore }));
  await writeFile(
    path.join(paths.cniConfig, '10-wherry.conflist'),
    cniConfigList(options.folder, options.network),
  );
  const child = launch(options.namespace, options.folder);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  try {
    await untilServing({ child, exited, folder: options.folder });
  } catch (failure) {
    await end(child, exited);
    throw failure;
  }
  return {
    socket: paths.socket,
    pid: child.pid as number,
    exited,
    importImages: (archive) => importImages(options.folder, archive),
    stop: () => end(child, exited),
  };
}

/** Its bit in a process's capabilities. Source: linux/capability.h. */
const capSysResource = 24n;

function hasCapability(processStatus: string, bit: bigint): boolean {
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(processStatus) ?? [];
  return (BigInt(`0x${effective}`) & (1n << bit)) !== 0n;
}

/** `ip netns exec` would remount /sys and hide the cgroups from runc: nsenter changes the network alone. */
function launch(namespace: string, folder: string): ChildProcess {
  const paths = containerdPaths(folder);
  const args = [`--net=${namespacePath(namespace)}`, 'containerd', '--config', paths.config];
  const child = spawn('nsenter', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: systemPath },
  });
  const log = createWriteStream(paths.log, { flags: 'a' });
  // A full disk must not end whoever started it.
  log.on('error', () => {});
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  child.once('close', () => log.end());
  return child;
}

async function untilServing(daemon: {
  child: ChildProcess;
  exited: Promise<void>;
  folder: string;
}): Promise<void> {
  const deadline = performance.now() + nodeLimits.startMilliseconds;
  for (;;) {
    if (await answers(containerdPaths(daemon.folder).socket)) return;
    const isGone = daemon.child.exitCode !== null || daemon.child.pid === undefined;
    if (isGone || daemon.child.signalCode !== null || performance.now() > deadline) break;
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

async function end(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const stopped = new AbortController();
  const killed = wait(nodeLimits.stopMilliseconds, undefined, { signal: stopped.signal, ref: false }).then(
    () => child.kill('SIGKILL'),
    () => false,
  );
  await exited;
  stopped.abort();
  await killed;
}
