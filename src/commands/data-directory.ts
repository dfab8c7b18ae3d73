/** The option --data-dir of every command that has one. */
import { resolve } from 'node:path';
import { UsageError } from './usage-error.ts';

/**
 * An absolute path. Throws UsageError: an empty one would be the folder somebody happens to be in, as from a variable
 * that is not set; and below /proc Node's recursive mkdir never ends.
 */
export function dataDirectoryOf(text: string): string {
  if (text === '') throw new UsageError('--data-dir is empty; wanted is a directory');
  const directory = resolve(text);
  if (directory === '/' || /^\/(proc|sys)(\/|$)/.test(directory))
    throw new UsageError(
      `--data-dir is ${JSON.stringify(text)}; wanted is a directory for this cluster alone`,
    );
  return directory;
}
