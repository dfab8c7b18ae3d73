/** Gives a container's mounts of parts of volumes places that nothing in the pod can lead elsewhere. */
import path from 'node:path';
import type { Mount } from '../../cri/container-types.ts';
import type { Container, Pod } from '../../kinds/generated/types.ts';
import { ContainerConfigError } from '../config/errors.ts';
import type { Volumes } from './tools.ts';

/** `mounts` begin with the container's own, in its order. Throws ContainerConfigError. */
export async function resolveSubPaths(
  { pod, container }: { pod: Pod; container: Container },
  mounts: readonly Mount[],
  { places, volumes }: { places: ReadonlyMap<string, string>; volumes: Pick<Volumes, 'subPath'> },
): Promise<Mount[]> {
  const own = container.volumeMounts ?? [];
  const { uid = '' } = pod.metadata;
  const resolved: Mount[] = [];
  // One after the other: folders that several of them lack are made once.
  for (const [index, mount] of mounts.entries()) {
    const name = own[index]?.name ?? '';
    const place = places.get(name);
    if (place === undefined || mount.hostPath === place) {
      resolved.push(mount);
      continue;
    }
    const hostPath = await volumes.subPath({
      ...{ podUid: uid, volume: name, place, relative: path.relative(place, mount.hostPath) },
      ...{ container: container.name, index },
    });
    if (hostPath === undefined)
      throw new ContainerConfigError(
        `failed to prepare subPath for volumeMount "${name}" of container "${container.name}"`,
      );
    resolved.push({ ...mount, hostPath });
  }
  return resolved;
}
