/** Folders in memory (tmpfs), for volumes of that kind. */
import { readFile } from 'node:fs/promises';
import { runCommand } from './command.ts';

async function isMounted(folder: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  return mounts.split('\n').some((line) => line.split(' ')[4] === folder);
}

/** Fine when it is there. `sizeBytes`: undefined for half of the machine's memory, as the kernel has it. */
export async function mountMemory(folder: string, sizeBytes: number | undefined): Promise<void> {
  if (await isMounted(folder)) return;
  const size = sizeBytes === undefined ? [] : ['-o', `size=${sizeBytes}`];
  await runCommand('mount', ['-t', 'tmpfs', ...size, 'tmpfs', folder]);
}

/** Fine when it is not there. */
export async function unmountMemory(folder: string): Promise<void> {
  if (await isMounted(folder)) await runCommand('umount', [folder]);
}
