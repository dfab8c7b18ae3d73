/**
 * Processes that outlive the command that started them. Each is known by its number and when it began, so that another
 * one that got the same number later is never taken for it; and each bears the cluster's folder in its environment, so
 * that one whose number was never written down is found, too.
 */
import { spawn } from 'node:child_process';
import { open, readdir, readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { systemPath } from '../node/command.ts';
import { upLimits } from './limits.ts';

export interface ProcessIdentity {
  readonly pid: number;
  /** In clock ticks since the machine started: field 22 of /proc/PID/stat. */
  readonly start: string;
  readonly boot: string;
}

const markName = 'WHERRY_CLUSTER';

/** Field 3 and field 22 of its stat; the name before them may hold blanks and brackets. Source: proc(5). */
async function statOf(pid: number): Promise<{ state: string; start: string } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields === undefined ? undefined : { state: fields[0] ?? '', start: fields[19] ?? '' };
}

const bootOf = async (): Promise<string> =>
  (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();

/** Undefined when it is gone. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const [stat, boot] = await Promise.all([statOf(pid), bootOf()]);
  return stat === undefined || isDead(stat.state) ? undefined : { pid, start: stat.start, boot };
}

/** A zombie waits for its parent only. */
const isDead = (state: string): boolean => state === 'Z' || state === 'X';

export async function isRunning(identity: ProcessIdentity | undefined): Promise<boolean> {
  if (identity === undefined) return false;
  const found = await identify(identity.pid);
  return found !== undefined && found.start === identity.start && found.boot === identity.boot;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** Both of its outputs are added to it; it keeps the file small itself (src/lib/bounded-log.ts). */
  readonly log: string;
  readonly dataDirectory: string;
}

/** Starts it in a session of its own. Throws when there is no such command. */
export async function launch(options: Launch): Promise<ProcessIdentity> {
  const log = await open(options.log, 'a', 0o600);
  try {
    const child = spawn(options.command, [...options.args], {
      detached: true,
      cwd: '/',
      stdio: ['ignore', log.fd, log.fd],
      env: {
        PATH: `${process.env.PATH ?? ''}:${systemPath}`,
        HOME: process.env.HOME ?? '/',
        [markName]: options.dataDirectory,
      },
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    const pid = child.pid as number;
    // One that ended at once has no start to tell; its log says why.
    return (await identify(pid)) ?? { pid, start: '', boot: '' };
  } finally {
    await log.close();
  }
}

/** Processes that were started for the cluster in this folder, whether or not they were written down. */
export const markedProcesses = (dataDirectory: string): Promise<ProcessIdentity[]> =>
  processesWith('environ', `${markName}=${dataDirectory}`);

/** Processes with this word on their command line: daemons that are known by their configuration's path. */
export const processesWithArgument = (word: string): Promise<ProcessIdentity[]> =>
  processesWith('cmdline', word);

async function processesWith(file: 'environ' | 'cmdline', word: string): Promise<ProcessIdentity[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      if (pid === process.pid) return undefined;
      const words = await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
      return words.split('\0').includes(word) ? identify(pid) : undefined;
    }),
  );
  return found.filter((identity) => identity !== undefined);
}

/** Asks it to end, and ends it when it does not. Resolves when it is gone. */
export async function stopProcess(
  identity: ProcessIdentity,
  milliseconds: number = upLimits.stopMilliseconds,
) {
  for (const [signal, patience] of [
    ['SIGTERM', milliseconds],
    ['SIGKILL', upLimits.stopMilliseconds],
  ] as const) {
    if (!(await isRunning(identity))) return;
    try {
      process.kill(identity.pid, signal);
    } catch {
      // It ended meanwhile.
    }
    const deadline = performance.now() + patience;
    while ((await isRunning(identity)) && performance.now() < deadline) await wait(upLimits.pollMilliseconds);
  }
}
