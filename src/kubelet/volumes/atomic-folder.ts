/**
 * A folder of files that changes all at once: readers see the old ones or the new ones, never a mixture. Each generation
 * is a folder of its own, `..data` points to the current one, and every name that users see points through `..data`.
 * Source: kubernetes pkg/volume/util/atomic_writer.go (users rely on the layout).
 */
import {
  chmod,
  chown,
  lchown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';

export interface VolumeFile {
  readonly content: Buffer;
  /** Permission bits. */
  readonly mode: number;
  /** The user that owns it; left out: the agent's own. */
  readonly owner?: number;
}

/** By relative path: `app/settings.json`. */
export type VolumeFiles = ReadonlyMap<string, VolumeFile>;

export interface Generation {
  /** Unique among this folder's generations: a time, a number. */
  readonly name: string;
  /** The group that owns the files, when the pod asks for one. */
  readonly group: number | undefined;
}

const current = '..data';

/** Into a folder that is there. Whether anything was changed. */
export async function writeAtomically(
  folder: string,
  files: VolumeFiles,
  generation: Generation,
): Promise<boolean> {
  const old = await readlink(path.join(folder, current)).catch(() => undefined);
  if (old !== undefined && (await isSame(path.join(folder, old), files))) {
    // An agent that ended between the two steps has left names behind that nobody sees yet.
    await showNames(folder, files, generation.group);
    return false;
  }
  const next = `..${generation.name}`;
  await writeGeneration(path.join(folder, next), files, generation.group);
  const pointer = path.join(folder, `${current}_tmp`);
  await rm(pointer, { force: true });
  await makeLink(next, pointer, generation.group);
  await rename(pointer, path.join(folder, current));
  await showNames(folder, files, generation.group);
  await removeOthers(folder, new Set([current, next]));
  return true;
}

/** The generation before, and whatever an agent that ended half-way has left. */
async function removeOthers(folder: string, kept: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith('..') && !kept.has(name))
      await rm(path.join(folder, name), { recursive: true, force: true });
}

/** Group owners read what their pod is given, whatever the mode says of others. */
const groupReads = 0o440;

async function writeGeneration(folder: string, files: VolumeFiles, group: number | undefined): Promise<void> {
  await makeFolder(folder, group);
  for (const [name, { content, mode, owner }] of files) {
    const file = path.join(folder, name);
    for (const parent of foldersAbove(name)) await makeFolder(path.join(folder, parent), group);
    await writeFile(file, content);
    if (group !== undefined || owner !== undefined) await chown(file, owner ?? -1, group ?? -1);
    await chmod(file, group === undefined ? mode : mode | groupReads);
  }
}

/** The process's umask must not decide what containers may read. Source: SetVolumeOwnership of pkg/volume. */
async function makeFolder(folder: string, group: number | undefined): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (group !== undefined) await chown(folder, -1, group);
  await chmod(folder, group === undefined ? 0o755 : 0o2755);
}

/** `a/b/c` -> `a`, `a/b` */
function foldersAbove(name: string): string[] {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Names at the top that lead through the current generation; those that it does not have go. */
async function showNames(folder: string, files: VolumeFiles, group: number | undefined): Promise<void> {
  const wanted = new Set([...files.keys()].map((name) => name.split('/')[0] as string));
  for (const name of await readdir(folder)) {
    if (name.startsWith('..')) continue;
    if (!wanted.delete(name)) await rm(path.join(folder, name), { recursive: true, force: true });
  }
  for (const name of wanted) await makeLink(path.join(current, name), path.join(folder, name), group);
}

async function makeLink(target: string, link: string, group: number | undefined): Promise<void> {
  await symlink(target, link);
  if (group !== undefined) await lchown(link, -1, group);
}

async function isSame(folder: string, files: VolumeFiles): Promise<boolean> {
  const names = await filesBelow(folder, '');
  if (names.length !== files.size) return false;
  for (const name of names) {
    const wanted = files.get(name);
    if (wanted === undefined) return false;
    const file = path.join(folder, name);
    const { mode, uid } = await lstat(file);
    if (wanted.owner !== undefined && wanted.owner !== uid) return false;
    if ((mode & 0o777 & ~groupReads) !== (wanted.mode & ~groupReads)) return false;
    if (!wanted.content.equals(await readFile(file))) return false;
  }
  return true;
}

async function filesBelow(folder: string, prefix: string): Promise<string[]> {
  const entries = await readdir(path.join(folder, prefix), { withFileTypes: true }).catch(() => []);
  const nested = await Promise.all(
    entries.map((entry) => {
      const name = path.posix.join(prefix, entry.name);
      return entry.isDirectory() ? filesBelow(folder, name) : [name];
    }),
  );
  return nested.flat();
}
