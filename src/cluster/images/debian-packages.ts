/** Files out of Debian packages, fetched by apt and unpacked into a folder: nothing is installed on the machine. */
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { runCommand } from '../node/command.ts';
import type { TarEntry } from './tar.ts';

export interface UnpackedPackages {
  readonly folder: string;
  /** `nginx 1.22.1-9+deb12u10` */
  readonly versions: readonly string[];
  remove(): Promise<void>;
}

/** Short: without a network there is no use in trying long. */
const aptOptions = ['Acquire::Retries=0', 'Acquire::http::Timeout=5', 'Acquire::https::Timeout=5'];

/** The candidate versions of the machine's own sources. Throws COMMAND_FAILED with apt's complaint. */
export async function unpackPackages(names: readonly string[]): Promise<UnpackedPackages> {
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'wherry-packages-'));
  const remove = () => rm(scratch, { recursive: true, force: true });
  try {
    const folder = path.join(scratch, 'root');
    await mkdir(folder);
    const options = aptOptions.flatMap((option) => ['-o', option]);
    await runCommand('env', ['-C', scratch, 'apt-get', '-qq', ...options, 'download', ...names]);
    const archives = (await readdir(scratch)).filter((name) => name.endsWith('.deb')).sort();
    for (const archive of archives)
      await runCommand('dpkg-deb', ['--extract', path.join(scratch, archive), folder]);
    return { folder, versions: archives.map(versionOf), remove };
  } catch (failure) {
    await remove();
    throw failure;
  }
}

/** `nginx_1%3a1.22.1-9_amd64.deb`: apt writes a colon as %3a. */
function versionOf(archive: string): string {
  const [name, version = ''] = archive.split('_');
  return `${name} ${decodeURIComponent(version)}`;
}

/** Everything below the folder that is wanted, in an order of its own: the same content gives the same image. */
export async function entriesIn(
  folder: string,
  isWanted: (path: string) => boolean,
  below = '',
): Promise<TarEntry[]> {
  const names = (await readdir(path.join(folder, below))).sort();
  const entries = await Promise.all(
    names.map(async (name): Promise<TarEntry[]> => {
      const inside = path.posix.join(below, name);
      const file = path.join(folder, inside);
      const found = await lstat(file);
      const mode = found.mode & 0o7777;
      if (found.isDirectory()) {
        const inner = await entriesIn(folder, isWanted, inside);
        return inner.length === 0 ? [] : [{ type: 'folder', path: inside, mode }, ...inner];
      }
      if (!isWanted(inside)) return [];
      if (found.isSymbolicLink()) return [{ type: 'symlink', path: inside, target: await readlink(file) }];
      return [{ type: 'file', path: inside, mode, content: await readFile(file) }];
    }),
  );
  return entries.flat();
}
