/**
 * A subPath must not lead out of its volume, whatever links the pod has put there, and whenever: the runtime follows them
 * on the node. So it is looked up once, opened without following anything, and what was opened is mounted elsewhere for
 * the container. Source: CVE-2017-1002101, CVE-2021-25741, kubernetes pkg/volume/util/subpath.
 */
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { Pinned } from './pinned.ts';

const isWithin = (folder: string, place: string): boolean =>
  place === folder || place.startsWith(`${folder}/`);

const resolved = (place: string): Promise<string | undefined> => realpath(place).catch(() => undefined);

/** Where links lead, as of now, by parts from the root: what is missing comes last. Undefined when that is outside. */
async function lookUp(root: string, relative: string): Promise<string[] | undefined> {
  let place = root;
  const missing: string[] = [];
  for (const part of relative.split('/').filter((each) => each !== '' && each !== '.')) {
    const found = missing.length > 0 ? undefined : await resolved(path.join(place, part));
    if (found === undefined) missing.push(part);
    else if (!isWithin(root, found)) return undefined;
    else place = found;
  }
  const present = path.relative(root, place).split('/');
  return [...present.filter((each) => each !== ''), ...missing];
}

/**
 * Opens a place in a volume, and makes the folders that are missing, for whoever may use the volume itself. Undefined when
 * it leads out, cannot be made, or is being changed under our hands. Whoever gets it closes it.
 */
export async function openSubPath(volume: string, relative: string): Promise<Pinned | undefined> {
  const root = await resolved(volume);
  if (root === undefined) return undefined;
  const parts = await lookUp(root, relative);
  if (parts === undefined) return undefined;
  const mode = (await stat(root)).mode & 0o7777;
  let place = await Pinned.at(root);
  try {
    for (const part of parts) {
      const next = await step(place, part, mode);
      await place.close();
      place = next;
    }
    return place;
  } catch {
    // What else may be wrong with it is the pod's affair, and told in one sentence.
    await place.close();
    return undefined;
  }
}

const onlyWhen =
  <Value>(code: string, otherwise: () => Promise<Value>) =>
  (failure: NodeJS.ErrnoException): Promise<Value> => {
    if (failure.code === code) return otherwise();
    throw failure;
  };

/** Rejects for a link: there was none when it was looked up. */
async function step(place: Pinned, part: string, mode: number): Promise<Pinned> {
  const next = await place
    .below(part)
    .catch(onlyWhen('ENOENT', () => place.make(part, mode)))
    // Another container has the volume, too, and was quicker.
    .catch(onlyWhen('EEXIST', () => place.below(part)));
  if (!next.found.isSymbolicLink()) return next;
  await next.close();
  throw new Error(`${part} is a link`);
}
