/** Rotates one container's log. Source: rotateLog of kubelet/logs/container_log_manager.go. */
import { constants } from 'node:fs';
import { lstat, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import {
  compressedName,
  errorCode,
  isCompressed,
  isTemporary,
  openLog,
  rotatedNames,
  temporaryName,
} from './log-file.ts';

export interface Rotation {
  /** The log that is written; absolute. */
  readonly file: string;
  /** Files that may be there in the end, that one among them. */
  readonly filesMax: number;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
  /** Has the runtime go on in a new file of the old name. */
  reopen(): Promise<void>;
}

/**
 * Old files go, those that stay are compressed, and the one that is written gets a name with the time. The last is left
 * as it is: the runtime may still write to it. Where there is no room to compress, files stay as they are: what makes
 * room is that the oldest go.
 */
export async function rotateLog(rotation: Rotation): Promise<void> {
  const { file, filesMax, log } = rotation;
  const folder = path.dirname(file);
  const kept = await removeOld(file, filesMax);
  for (const name of kept.filter((name) => !isCompressed(name))) {
    try {
      await compress(path.join(folder, name));
    } catch (failure) {
      log.warn('a rotated log could not be compressed', { file: name, error: String(failure) });
    }
  }
  await renameAndReopen(rotation);
}

/** Returns the names of those that stay, the oldest first. */
async function removeOld(file: string, filesMax: number): Promise<string[]> {
  const names = await rotatedNames(file);
  const remove = (name: string) => rm(path.join(path.dirname(file), name), { force: true });
  // What was left half done: a file being compressed, and one that was and is still there.
  const isUsed = (name: string) => !isTemporary(name) && !names.includes(compressedName(name));
  for (const name of names) if (!isUsed(name)) await remove(name);
  const used = names.filter(isUsed);
  // Two more will be there: the one that is rotated now, and the new one.
  const excess = Math.max(0, used.length - Math.max(0, filesMax - 2));
  for (const name of used.slice(0, excess)) await remove(name);
  return used.slice(excess);
}

async function compress(file: string): Promise<void> {
  const { handle } = await openLog(file);
  const { mode } = await handle.stat();
  const temporary = temporaryName(file);
  try {
    // Exclusive: whatever a container has put there is not written through.
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    const target = await open(temporary, flags, mode & 0o777);
    await pipeline(handle.createReadStream(), createGzip(), target.createWriteStream());
    await rename(temporary, compressedName(file));
    await rm(file);
  } catch (failure) {
    // The stream may have closed it already.
    await handle.close().catch(() => {});
    await rm(temporary, { force: true });
    throw failure;
  }
}

/** `20260101-120000`, in UTC, so that names are in the order of time whatever the zone. */
const timeName = (now: number): string =>
  new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');

async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (failure) {
    if (errorCode(failure) === 'ENOENT') return false;
    throw failure;
  }
}

async function renameAndReopen({ file, clock, reopen }: Rotation): Promise<void> {
  const rotated = `${file}.${timeName(clock.now())}`;
  // Twice in a second: the next round will do it.
  if ((await exists(rotated)) || (await exists(compressedName(rotated)))) return;
  await rename(file, rotated);
  try {
    await reopen();
  } catch (failure) {
    // Back to its name, so that it is tried again; unless the runtime did go on in a new file, and only the word was lost.
    if (!(await exists(file))) await rename(rotated, file);
    throw failure;
  }
}
