/** What `down --delete-data` takes away: what Wherry has put into the folder, and nothing that somebody else has. */
import { readdir, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';

const ownNames: readonly RegExp[] = [
  /^(cluster\.json|join-token|kubeconfig)(\.new)?$/,
  /^server\.log(\.\d+)?$/,
  /^store\.db(-.*)?$/,
  /^registry-relay\.sock$/,
  /^(images|nodes|pki)$/,
  /^try-\w{6}$/,
];

/** The lock of whoever calls it stays. Says what of the folder is not Wherry's. */
export async function deleteData(dataDirectory: string): Promise<string[]> {
  const isOwn = (name: string) => ownNames.some((pattern) => pattern.test(name));
  const names = (await readdir(dataDirectory)).filter((name) => !name.startsWith('up.lock'));
  for (const name of names.filter(isOwn))
    await rm(path.join(dataDirectory, name), { recursive: true, force: true });
  return names.filter((name) => !isOwn(name)).sort();
}

/** Once nothing is in it. Who has put something there meanwhile keeps it. */
export async function removeIfEmpty(dataDirectory: string): Promise<void> {
  try {
    await rmdir(dataDirectory);
  } catch (failure) {
    const { code = '' } = failure as NodeJS.ErrnoException;
    // EBUSY: a disk of its own is mounted there.
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EBUSY'].includes(code)) throw failure;
  }
}
