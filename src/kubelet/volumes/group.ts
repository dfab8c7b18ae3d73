/** Makes a volume's files the pod's group's. Source: SetVolumeOwnership of pkg/volume/volume_linux.go. */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Pod } from '../../kinds/generated/types.ts';
import { kubeletLimits } from '../limits.ts';
import { Pinned } from './pinned.ts';

const fileBits = 0o660;
/** What is made in it is the group's too. */
const folderBits = 0o2770;

/** Nothing to do for a pod without a group; with `OnRootMismatch`, nothing when the folder itself is as it should be. */
export async function applyGroup(folder: string, pod: Pod): Promise<void> {
  const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
  if (fsGroup === undefined) return;
  const above = await Pinned.at(await realpath(path.dirname(folder)));
  try {
    if (fsGroupChangePolicy === 'OnRootMismatch') {
      const root = await above.below(path.basename(folder));
      await root.close();
      const { gid, mode } = root.found;
      if (gid === fsGroup && (mode & folderBits) === folderBits) return;
    }
    await give(above, path.basename(folder), { group: fsGroup, depth: 0 });
  } finally {
    await above.close();
  }
}

/** Another pod may have the volume, too: what is looked at is held, so that it is no link by the time it is changed. */
async function give(
  above: Pinned,
  name: string,
  { group, depth }: { group: number; depth: number },
): Promise<void> {
  // Each folder on the way is held open, and the agent has only so many files.
  if (depth > kubeletLimits.volumeDepthMax)
    throw new Error(`more than ${kubeletLimits.volumeDepthMax} folders within each other`);
  const place = await unlessGone(above.below(name));
  if (place === undefined) return;
  try {
    const { found } = place;
    // A link's own group, not that of what it leads to; it has no permissions.
    if (found.isSymbolicLink()) {
      await unlessGone(above.chgrpLink(name, group));
      return;
    }
    await place.chgrp(group);
    await place.chmod((found.mode & 0o7777) | (place.isFolder ? folderBits : fileBits));
    if (!place.isFolder) return;
    for (const inner of await place.names()) await give(place, inner, { group, depth: depth + 1 });
  } finally {
    await place.close();
  }
}

async function unlessGone<Value>(done: Promise<Value>): Promise<Value | undefined> {
  try {
    return await done;
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw failure;
  }
}
