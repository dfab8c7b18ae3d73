/** Logs go with what wrote them: a container's files, and a pod's folder `<namespace>_<name>_<uid>`. */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, rotatedNames } from './log-file.ts';

/** What was rotated, too. Fine when there is nothing. `file`: the container's log; empty: it has none. */
export async function removeContainerLogs(file: string): Promise<void> {
  if (!path.isAbsolute(file)) return;
  const folder = path.dirname(file);
  const names = await rotatedNames(file).catch(nothingThere);
  for (const name of [...names, path.basename(file)]) await rm(path.join(folder, name), { force: true });
}

/** `folder`: that of all pods' logs. */
export async function removePodLogs(folder: string, uid: string): Promise<void> {
  await removeFolders(folder, (found) => found === uid);
}

/** Removes what belongs to pods that are not wanted any more: they ended while nobody was there to see it. */
export async function sweepPodLogs(folder: string, isWanted: (uid: string) => boolean): Promise<void> {
  await removeFolders(folder, (uid) => !isWanted(uid));
}

async function removeFolders(folder: string, isToGo: (uid: string) => boolean): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(nothingThere);
  for (const entry of entries) {
    const uid = /^[^_]+_[^_]+_([^_]+)$/.exec(entry.name)?.[1];
    if (entry.isDirectory() && uid !== undefined && isToGo(uid))
      await rm(path.join(folder, entry.name), { recursive: true, force: true });
  }
}

function nothingThere(failure: unknown): never[] {
  if (errorCode(failure) === 'ENOENT') return [];
  throw failure;
}
