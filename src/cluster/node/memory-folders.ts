/** Folders in memory (tmpfs), for volumes of that kind. */
import { runCommand } from './command.ts';
import { isMounted } from './mounts.ts';

export interface MemoryFolderOptions {
  /** Undefined for half of the machine's memory, as the kernel has it. */
  readonly sizeBytes: number | undefined;
  /** Whose it is, and what is made in it. */
  readonly group: number | undefined;
}

/** For everybody to write into, from the first moment; fine when it is there. */
export async function mountMemory(folder: string, { sizeBytes, group }: MemoryFolderOptions): Promise<void> {
  if (await isMounted(folder)) return;
  const options = [
    group === undefined ? 'mode=1777' : `mode=3777,gid=${group}`,
    ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`]),
  ];
  await runCommand('mount', ['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', folder]);
}

/** Fine when it is not there. */
export async function unmountMemory(folder: string): Promise<void> {
  if (await isMounted(folder)) await runCommand('umount', [folder]);
}
