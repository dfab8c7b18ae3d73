/**
 * What tests make on the machine is written down before it is made: a test that was killed (SIGKILL, a machine that went
 * down) cannot remove it, and the next one does.
 */
import { lstat, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type NodeTraces, removeTraces } from '../../src/cluster/node/clean.ts';
import { mountsBelow } from '../../src/cluster/node/mounts.ts';
import { removeNamespace } from '../../src/cluster/node/network-namespace.ts';

export interface TestTraces {
  /** All files of the test; also what its processes are known by: each was given a path below it. */
  readonly folder: string;
  readonly namespaces: readonly string[];
  readonly nodes: readonly NodeTraces[];
}

const recordsFolder = path.join(os.tmpdir(), 'wherry-tests');

const writeTriesMax = 100;

const recordOf = (pid: number, id: string): string => path.join(recordsFolder, `${pid}-${id}.json`);

/** Returns what is to be called once all of it is gone. */
export async function writeDown(id: string, traces: TestTraces): Promise<() => Promise<void>> {
  const record = recordOf(process.pid, id);
  // Under another name first: who sweeps never reads half of it.
  await writeInFolder(`${record}.part`, JSON.stringify(traces));
  await rename(`${record}.part`, record);
  return async () => {
    await rm(record, { force: true });
    await removeEmptyFolder();
  };
}

/** Others may have records there: the last one takes the folder along. */
async function removeEmptyFolder(): Promise<void> {
  await rmdir(recordsFolder).catch(() => {});
}

/** Another test may take the empty folder away at any moment, until something is in it. */
async function writeInFolder(file: string, text: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    await mkdir(recordsFolder, { recursive: true, mode: 0o700 });
    try {
      return await writeFile(file, text);
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code !== 'ENOENT' || tries >= writeTriesMax) throw failure;
    }
  }
}

/** What stands in there is removed as root: nobody else may have written it. */
async function areOurs(): Promise<boolean> {
  const found = await lstat(recordsFolder).catch(() => undefined);
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (failure) {
    return (failure as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Removes what tests have left whose process is gone. What resists is told, and left to the next one: no test fails for it. */
export async function sweepLeftovers(): Promise<void> {
  if (!(await areOurs())) return;
  for (const name of await readdir(recordsFolder).catch(() => [])) {
    const [, pid = '', id = ''] = /^(\d+)-(.+)\.json$/.exec(name) ?? [];
    if (id === '' || isAlive(Number(pid))) continue;
    const own = recordOf(process.pid, id);
    try {
      // Whoever gets it to its own name sweeps; should it be killed over it, its number is the one that is gone.
      await rename(path.join(recordsFolder, name), own);
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw failure;
    }
    try {
      await sweep(JSON.parse(await readFile(own, 'utf8')) as TestTraces);
      await rm(own);
    } catch (failure) {
      process.stderr.write(`what a killed test has left could not be removed: ${String(failure)}\n`);
    }
  }
  await removeEmptyFolder();
}

async function sweep({ folder, namespaces, nodes }: TestTraces): Promise<void> {
  await killAll(folder);
  for (const node of nodes) await removeTraces(node);
  for (const namespace of [...namespaces].reverse()) await removeNamespace(namespace);
  await removeFolder(folder);
}

/** Throws when something is still mounted below it: what would be removed is not the test's. */
export async function removeFolder(folder: string): Promise<void> {
  const mounts = await mountsBelow(folder);
  if (mounts.length > 0) throw new Error(`still mounted: ${mounts.join(', ')}`);
  await rm(folder, { recursive: true, force: true });
}

/** Servers, agents, relays, containerds: whoever was started with a path of the test's. */
async function killAll(folder: string): Promise<void> {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (!words.some((word) => word.startsWith(`${folder}/`))) continue;
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}
