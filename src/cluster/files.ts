import { open, readFile, rename } from 'node:fs/promises';

/** Secrets are for their owner only. */
const privateMode = 0o600;

/** Writes a file whole or not at all: a reader, and a crash, sees the old content or the new. */
export async function writePrivateFile(path: string, content: string): Promise<void> {
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
