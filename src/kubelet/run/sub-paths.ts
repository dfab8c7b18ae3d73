/**
 * A subPath must not lead out of its volume, whatever links the pod has put there: the runtime follows them on the node.
 * Source: CVE-2017-1002101, kubernetes pkg/volume/util/subpath.
 */
import { chmod, mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Mount } from '../../cri/container-types.ts';
import type { Container } from '../../kinds/generated/types.ts';
import { ContainerConfigError } from '../config/errors.ts';

const isWithin = (folder: string, place: string): boolean =>
  place === folder || place.startsWith(`${folder}/`);

const resolved = (place: string): Promise<string | undefined> => realpath(place).catch(() => undefined);

/**
 * Makes missing folders, one by one, each looked at before the next, and gives the mounts with the places that links lead
 * to. `mounts` begin with the container's own, in its order. Throws ContainerConfigError.
 */
export async function resolveSubPaths(
  container: Container,
  mounts: readonly Mount[],
  volumes: ReadonlyMap<string, string>,
): Promise<Mount[]> {
  const own = container.volumeMounts ?? [];
  return Promise.all(
    mounts.map(async (mount, index) => {
      const volume = volumes.get(own[index]?.name ?? '');
      if (volume === undefined || mount.hostPath === volume) return mount;
      const refused = () =>
        new ContainerConfigError(
          `failed to prepare subPath for volumeMount "${own[index]?.name}" of container "${container.name}"`,
        );
      const root = await resolved(volume);
      if (root === undefined) throw refused();
      const hostPath = await descend(root, path.relative(volume, mount.hostPath));
      if (hostPath === undefined) throw refused();
      return { ...mount, hostPath };
    }),
  );
}

/** Undefined when it leads out, or cannot be made. */
async function descend(root: string, relative: string): Promise<string | undefined> {
  let place = root;
  for (const part of relative.split('/').filter((each) => each !== '')) {
    const next = path.join(place, part);
    let found = await resolved(next);
    if (found === undefined) {
      // A link to nowhere is refused here: there is something of that name.
      const made = await mkdir(next).then(
        () => true,
        () => false,
      );
      if (!made) return undefined;
      await chmod(next, 0o750);
      found = next;
    }
    if (!isWithin(root, found)) return undefined;
    place = found;
  }
  return place;
}
