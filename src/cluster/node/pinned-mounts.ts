/** Mounts what this process holds open, for volumes of which containers get a part. */
import { WherryError } from '../../lib/errors.ts';
import { runCommand } from './command.ts';
import { isMounted, mountsBelow } from './mounts.ts';

/**
 * `source`: `/proc/PID/fd/N`, which must not be turned into the path that it seems to stand for: that may be another by
 * now.
 */
export async function mountPinned(source: string, target: string): Promise<void> {
  await runCommand('mount', ['--no-canonicalize', '--bind', source, target]);
}

/** Fine when nothing is mounted there. Detached: a container that is being removed may hold it for a moment still. */
export async function unmountPinned(target: string): Promise<void> {
  while (await isMounted(target)) await runCommand('umount', ['--lazy', target]);
}

/** Throws NOT_CLEAN when something resists: whoever removes the folder would remove what is mounted there. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const mount of await mountsBelow(folder)) await runCommand('umount', ['--lazy', mount]);
  const left = await mountsBelow(folder);
  if (left.length > 0) throw new WherryError('NOT_CLEAN', `cannot unmount ${left.join(', ')}`);
}
