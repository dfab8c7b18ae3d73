/** Reads the files that a container's variables come from, out of volumes into which the pod writes what it likes. */
import { constants } from 'node:fs';
import { open, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Container } from '../../kinds/generated/types.ts';
import { type EnvFiles, envFileKey } from '../config/env-file.ts';
import { kubeletLimits } from '../limits.ts';

/** `places`: where the node has the pod's volumes, by their names. */
export async function readEnvFiles(
  { env = [] }: Container,
  places: ReadonlyMap<string, string>,
): Promise<EnvFiles> {
  const files = new Map<string, string | undefined>();
  for (const { valueFrom } of env) {
    if (valueFrom?.fileKeyRef === undefined) continue;
    const { volumeName, path: relative } = valueFrom.fileKeyRef;
    const place = places.get(volumeName);
    const key = envFileKey(volumeName, relative);
    if (place === undefined || files.has(key)) continue;
    files.set(key, await readWithin(place, relative).catch(() => undefined));
  }
  return files;
}

/**
 * Links lead as far as the volume and no farther; what was opened is looked at once more, since the pod may have put a
 * link there meanwhile. Undefined when it leads out, is no plain file, or is too large.
 */
async function readWithin(volume: string, relative: string): Promise<string | undefined> {
  const root = await realpath(volume);
  const place = await realpath(path.join(root, relative));
  if (!place.startsWith(`${root}/`)) return undefined;
  const handle = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const opened = await readlink(`/proc/self/fd/${handle.fd}`);
    const found = await handle.stat();
    if (!opened.startsWith(`${root}/`) || !found.isFile()) return undefined;
    if (found.size > kubeletLimits.envFileBytesMax) return undefined;
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(kubeletLimits.envFileBytesMax));
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await handle.close();
  }
}
