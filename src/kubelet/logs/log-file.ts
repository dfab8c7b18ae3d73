/** A container's log on the disk, the file that is written and those that were rotated away. */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { WherryError } from '../../lib/errors.ts';

/** Names of files that belong to a rotated log. */
export const compressedName = (name: string): string => `${name}.gz`;
export const isCompressed = (name: string): boolean => name.endsWith('.gz');
export const temporaryName = (name: string): string => `${name}.tmp`;
export const isTemporary = (name: string): boolean => name.endsWith('.tmp');

/** Which files they are, by device and number: names are given to others when logs are rotated. */
export interface OpenLog {
  readonly handle: FileHandle;
  readonly identity: string;
}

export const identityOf = ({ dev, ino }: { dev: bigint; ino: bigint }): string => `${dev}:${ino}`;

/**
 * Opens a log to read it. No link is followed and nothing is waited for: a container that can write into the folder of
 * logs must not have the agent, which may read everything, show it another file. Throws ENOENT, ELOOP, NOT_A_LOG.
 */
export async function openLog(file: string): Promise<OpenLog> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const status = await handle.stat({ bigint: true });
    if (!status.isFile()) throw new WherryError('NOT_A_LOG', `${file} is not a plain file`);
    return { handle, identity: identityOf(status) };
  } catch (failure) {
    await handle.close();
    throw failure;
  }
}

/** The rotated files of a log, the oldest first: `<log>.<time>` and `<log>.<time>.gz`. Names, not paths. */
export async function rotatedNames(file: string): Promise<string[]> {
  const prefix = `${path.basename(file)}.`;
  const names = await readdir(path.dirname(file));
  // The time is written such that the order of names is that of times.
  return names.filter((name) => name.startsWith(prefix)).sort();
}

export const errorCode = (failure: unknown): string | undefined => (failure as NodeJS.ErrnoException).code;
