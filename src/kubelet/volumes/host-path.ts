/** A place on the node itself. Source: pkg/volume/hostpath. */

import type { Stats } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import type { HostPathVolumeSource } from '../../kinds/generated/types.ts';
import { VolumeError } from '../run/volume-error.ts';

const checks: Readonly<Record<string, { what: string; holds: (found: Stats) => boolean }>> = {
  Directory: { what: 'a directory', holds: (found) => found.isDirectory() },
  DirectoryOrCreate: { what: 'a directory', holds: (found) => found.isDirectory() },
  File: { what: 'a file', holds: (found) => found.isFile() },
  FileOrCreate: { what: 'a file', holds: (found) => found.isFile() },
  Socket: { what: 'a socket file', holds: (found) => found.isSocket() },
  CharDevice: { what: 'a character device', holds: (found) => found.isCharacterDevice() },
  BlockDevice: { what: 'a block device', holds: (found) => found.isBlockDevice() },
};

/** Makes it where that is asked for. Throws VolumeError when it is not what it should be. */
export async function prepareHostPath(volume: string, source: HostPathVolumeSource): Promise<string> {
  const { path, type = '' } = source;
  const check = checks[type];
  if (check === undefined) return path;
  const found = await stat(path).catch(() => undefined);
  if (found === undefined && type === 'DirectoryOrCreate')
    await mkdir(path, { recursive: true, mode: 0o755 });
  else if (found === undefined && type === 'FileOrCreate') await (await open(path, 'a', 0o644)).close();
  else if (found === undefined || !check.holds(found))
    throw new VolumeError(volume, `hostPath type check failed: ${path} is not ${check.what}`);
  return path;
}
