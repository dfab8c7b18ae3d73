/** Makes a volume's files the pod's group's. Source: SetVolumeOwnership of pkg/volume/volume_linux.go. */
import { chmod, lchown, lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Pod } from '../../kinds/generated/types.ts';

const fileBits = 0o660;
/** What is made in it is the group's too. */
const folderBits = 0o2770;

/** Nothing to do for a pod without a group; with `OnRootMismatch`, nothing when the folder itself is as it should be. */
export async function applyGroup(folder: string, pod: Pod): Promise<void> {
  const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
  if (fsGroup === undefined) return;
  if (fsGroupChangePolicy === 'OnRootMismatch') {
    const { gid, mode } = await lstat(folder);
    if (gid === fsGroup && (mode & folderBits) === folderBits) return;
  }
  await give(folder, fsGroup);
}

async function give(place: string, group: number): Promise<void> {
  const found = await lstat(place).catch(() => undefined);
  if (found === undefined) return;
  await lchown(place, found.uid, group);
  // A link has no permissions of its own, and what it leads to may be elsewhere.
  if (found.isSymbolicLink()) return;
  const isFolder = found.isDirectory();
  await chmod(place, (found.mode & 0o7777) | (isFolder ? folderBits : fileBits));
  if (!isFolder) return;
  for (const name of await readdir(place)) await give(path.join(place, name), group);
}
