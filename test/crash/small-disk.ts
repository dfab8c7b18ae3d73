/**
 * A disk of a few megabytes, in a mount namespace of its own: only processes that enter it see the disk, and it is gone
 * with the last of them, even if the test itself is killed.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk {
  /** Where the disk is inside the namespace. */
  readonly directory: string;
  /** The same directory as seen from here. */
  readonly seenAt: string;
  /** What a command is to be preceded with, so that it sees the disk. */
  readonly wrapper: readonly string[];
  remove(): Promise<void>;
}

/** The disk, or why there can be none. */
export async function makeSmallDisk(megabytes: number): Promise<SmallDisk | string> {
  if (process.platform !== 'linux') return 'a small disk is made with tmpfs, which only Linux has';
  if (process.getuid?.() !== 0) return 'mounting a small disk needs root';
  const directory = await mkdtemp(join(tmpdir(), 'wherry-disk-'));
  const script = 'mount -t tmpfs -o size="$1"m,mode=700 wherry-test "$2" && echo mounted && exec cat';
  // It lasts until the pipe on which it reads is closed, by us or by our end.
  const holder = spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', `${megabytes}`, directory], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let errors = '';
  holder.stderr.on('data', (chunk: Buffer) => {
    errors += chunk;
  });
  const ended = new Promise<void>((resolve) => {
    holder.once('close', () => resolve());
    holder.once('error', (failure) => {
      errors += failure.message;
      resolve();
    });
  });
  const mounted = new Promise<boolean>((resolve) => holder.stdout.once('data', () => resolve(true)));
  const remove = async () => {
    holder.stdin.end();
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  if (!(await Promise.race([mounted, ended.then(() => false)]))) {
    await remove();
    return `this root may not mount: ${errors.trim()}`;
  }
  return {
    directory,
    seenAt: `/proc/${holder.pid}/root${directory}`,
    wrapper: ['nsenter', `--mount=/proc/${holder.pid}/ns/mnt`],
    remove,
  };
}
