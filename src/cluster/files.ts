import { open, readFile, rename } from 'node:fs/promises';
import { UserError } from '../lib/errors.ts';

/** Secrets are for their owner only. */
const privateMode = 0o600;

/**
 * Writes a file whole or not at all: a reader, and a crash, sees the old content or the new. Throws UserError DISK_FULL.
 */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  try {
    await replaceFile(path, content);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'ENOSPC') throw failure;
    throw new UserError(
      'DISK_FULL',
      `cannot write ${path}: no space is left on its disk; free some, or give another --data-dir`,
      { cause: failure },
    );
  }
}

async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', privateMode);
  try {
    // The file may be left from a crash, with whatever mode it had.
    await file.chmod(privateMode);
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

/** The content, or undefined when there is no such file. */
export async function readFileIfAny(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw failure;
  }
}
