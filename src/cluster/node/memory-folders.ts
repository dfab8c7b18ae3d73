/** Folders in memory (tmpfs), for volumes of that kind. */
import { runCommand } from './command.ts';
import { isMounted } from './mounts.ts';

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
