/** A pod's volumes on the node's disk. Places are those of upstream, below the pod's folder. */
import { chmod, chown, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { EmptyDirVolumeSource, Pod, Volume } from '../../kinds/generated/types.ts';
import { getOwn } from '../../kinds/object.ts';
import type { Clock } from '../../lib/clock.ts';
import type { ConfigSources } from '../config/env.ts';
import { ContainerConfigError } from '../config/errors.ts';
import type { PodPlace } from '../config/field-ref.ts';
import type { PodFiles } from '../run/pod-files.ts';
import type { SubPathRequest, Volumes } from '../run/tools.ts';
import { VolumeError } from '../run/volume-error.ts';
import { writeAtomically } from './atomic-folder.ts';
import { prepareHostPath } from './host-path.ts';
import { memoryBytes } from './memory-size.ts';
import { claimNameOf, type PersistentVolumes } from './persistent.ts';
import { openSubPath } from './sub-path.ts';
import { type PodToken, volumeFiles } from './volume-files.ts';

export interface MemoryOptions {
  /** Undefined for as much as the machine gives. */
  readonly sizeBytes: number | undefined;
  /** Whose it is, and what is made in it; undefined for the agent's own. */
  readonly group: number | undefined;
}

/** Memory as a file system: mounting takes privileges that tests do not have. */
export interface MemoryFolders {
  /** For everybody to write into; fine when it is there. */
  mount(folder: string, options: MemoryOptions): Promise<void>;
  /** Fine when it is not there. */
  unmount(folder: string): Promise<void>;
}

/** Mounts parts of volumes in places of their own: that takes the same privileges. */
export interface PinnedMounts {
  /** `source`: `/proc/PID/fd/N`; `target`: a file or folder, as the source is. */
  mount(source: string, target: string): Promise<void>;
  /** Fine when nothing is mounted there. */
  unmount(target: string): Promise<void>;
  /** All that is mounted below a folder. Throws when something resists. */
  unmountBelow(folder: string): Promise<void>;
}

export interface NodeVolumesOptions {
  readonly files: PodFiles;
  readonly sources: ConfigSources;
  readonly token: PodToken;
  /** Whoever gives tokens need not keep those of this pod any more. */
  readonly forgetTokens?: (podUid: string) => void;
  readonly memory: MemoryFolders;
  readonly pinned: PinnedMounts;
  /** Where claims' volumes are; without it there are none. */
  readonly persistent?: PersistentVolumes;
  readonly clock: Clock;
}

const pluginFolders = {
  configMap: 'kubernetes.io~configmap',
  secret: 'kubernetes.io~secret',
  downwardAPI: 'kubernetes.io~downward-api',
  projected: 'kubernetes.io~projected',
  emptyDir: 'kubernetes.io~empty-dir',
} as const;

/** What must not reach the disk. Source: wrappedVolumeSpec in pkg/volume/{secret,projected,downwardapi}. */
const inMemory = ['secret', 'projected', 'downwardAPI'] as const;

/** The plugin of a volume that is a file system in memory. */
const memoryPluginOf = (volume: Volume): keyof typeof pluginFolders | undefined =>
  volume.emptyDir?.medium === 'Memory' ? 'emptyDir' : inMemory.find((plugin) => volume[plugin] !== undefined);

export class NodeVolumes implements Volumes {
  readonly #options: NodeVolumesOptions;
  #generations = 0;

  constructor(options: NodeVolumesOptions) {
    this.#options = options;
  }

  async prepare(pod: Pod, place: PodPlace): Promise<ReadonlyMap<string, string>> {
    const places = new Map<string, string>();
    for (const volume of pod.spec?.volumes ?? [])
      places.set(volume.name, await this.#one(pod, volume, place));
    return places;
  }

  async subPath(request: SubPathRequest): Promise<string | undefined> {
    const { podUid, volume, place, relative, container, index } = request;
    const pinned = await openSubPath(place, relative);
    if (pinned === undefined) return undefined;
    try {
      const folder = path.join(this.#subPathsFolder(podUid), volume, container);
      const target = path.join(folder, String(index));
      // An earlier container's.
      await this.#options.pinned.unmount(target);
      await removeMountpoint(target);
      await mkdir(pinned.isFolder ? target : folder, { recursive: true, mode: 0o750 });
      if (!pinned.isFolder) await (await open(target, 'wx', 0o640)).close();
      await this.#options.pinned.mount(pinned.shared, target);
      return target;
    } finally {
      await pinned.close();
    }
  }

  async remove(pod: Pod): Promise<void> {
    const uid = pod.metadata.uid ?? '';
    await this.#removeSubPaths(uid);
    for (const volume of pod.spec?.volumes ?? []) {
      const plugin = memoryPluginOf(volume);
      if (plugin !== undefined) await this.#options.memory.unmount(this.#folder(uid, volume.name, plugin));
    }
    this.#options.forgetTokens?.(uid);
    this.#options.persistent?.forget(uid);
    // Only what is made here: a hostPath is the node's own.
    await rm(path.join(this.#options.files.folder(uid), 'volumes'), { recursive: true, force: true });
  }

  async removeOrphans(uid: string): Promise<void> {
    await this.#removeSubPaths(uid);
    const folder = path.join(this.#options.files.folder(uid), 'volumes');
    for (const plugin of ['emptyDir', ...inMemory] as const) {
      const ofMemory = path.join(folder, pluginFolders[plugin]);
      for (const name of await readdir(ofMemory).catch(() => []))
        await this.#options.memory.unmount(path.join(ofMemory, name));
    }
    await rm(folder, { recursive: true, force: true });
  }

  #subPathsFolder(uid: string): string {
    return path.join(this.#options.files.folder(uid), 'volume-subpaths');
  }

  /** Before anything of the pod's is removed: what is mounted there may be the node's own. */
  async #removeSubPaths(uid: string): Promise<void> {
    const folder = this.#subPathsFolder(uid);
    await this.#options.pinned.unmountBelow(folder);
    for (const place of await placesBelow(folder)) await removeMountpoint(place);
  }

  #folder(uid: string, name: string, plugin: keyof typeof pluginFolders): string {
    return path.join(this.#options.files.folder(uid), 'volumes', pluginFolders[plugin], name);
  }

  async #one(pod: Pod, volume: Volume, place: PodPlace): Promise<string> {
    const uid = pod.metadata.uid ?? '';
    if (volume.hostPath !== undefined) return prepareHostPath(volume.name, volume.hostPath);
    if (this.#options.persistent !== undefined && claimNameOf(pod, volume) !== undefined)
      return this.#options.persistent.prepare(pod, volume);
    if (volume.emptyDir !== undefined) return this.#emptyDir(pod, volume.name, volume.emptyDir, place);
    const plugin = (['configMap', 'secret', 'downwardAPI', 'projected'] as const).find(
      (kind) => volume[kind] !== undefined,
    );
    if (plugin === undefined)
      throw new VolumeError(volume.name, 'this kind of volume is not supported on this node');
    const folder = this.#folder(uid, volume.name, plugin);
    const { sources, token, clock } = this.#options;
    try {
      const files = await volumeFiles({ pod, volume: volume.name, place, sources, token }, volume);
      const name = `${new Date(clock.now())
        .toISOString()
        .replaceAll(/[-T:.]/g, '_')
        .slice(0, 19)}.${this.#generations++}`;
      const group = pod.spec?.securityContext?.fsGroup;
      if (memoryPluginOf(volume) === plugin) await this.#inMemory(pod, folder, { place });
      else await makeShared(folder, group);
      await writeAtomically(folder, files ?? new Map(), { name, group });
    } catch (failure) {
      if (failure instanceof ContainerConfigError)
        throw new VolumeError(volume.name, failure.message, { cause: failure });
      throw failure;
    }
    return folder;
  }

  /** What its containers make of its permissions later is theirs. */
  async #emptyDir(
    pod: Pod,
    name: string,
    { medium = '', sizeLimit }: EmptyDirVolumeSource,
    place: PodPlace,
  ): Promise<string> {
    const folder = this.#folder(pod.metadata.uid ?? '', name, 'emptyDir');
    if (medium === 'Memory') await this.#inMemory(pod, folder, { place, sizeLimit });
    else if (medium !== '') throw new VolumeError(name, `medium ${medium} is not supported on this node`);
    else if (!(await isThere(folder))) {
      // Under a name that no volume has until it is whole: an agent that ends half-way leaves no other permissions.
      const unfinished = `${folder}.new`;
      await makeShared(unfinished, pod.spec?.securityContext?.fsGroup);
      await rename(unfinished, folder);
    }
    return folder;
  }

  async #inMemory(
    { spec }: Pod,
    folder: string,
    { place, sizeLimit }: { place: PodPlace; sizeLimit?: string | undefined },
  ): Promise<void> {
    const allocatable = getOwn(place.allocatable, 'memory');
    const sizeBytes = memoryBytes(spec ?? { containers: [] }, { sizeLimit, allocatable });
    await mkdir(folder, { recursive: true });
    await this.#options.memory.mount(folder, { sizeBytes, group: spec?.securityContext?.fsGroup });
  }
}

const isThere = async (place: string): Promise<boolean> =>
  (await stat(place).catch(() => undefined)) !== undefined;

/** Everybody in the pod may write into it; with a group, what is made in it is the group's. */
async function makeShared(folder: string, group: number | undefined): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (group !== undefined) await chown(folder, -1, group);
  await chmod(folder, group === undefined ? 0o777 : 0o2777);
}

/** Mountpoints are by volume and container; never what is in them. The innermost first. */
const mountpointDepth = 3;

async function placesBelow(folder: string, depth = mountpointDepth): Promise<string[]> {
  if (depth === 0) return [folder];
  const names = await readdir(folder).catch(() => []);
  const inner = await Promise.all(names.map((name) => placesBelow(path.join(folder, name), depth - 1)));
  return [...inner.flat(), folder];
}

/** An empty file or folder, and never anything in it: should it still be mounted, that is refused. Fine when there is none. */
async function removeMountpoint(place: string): Promise<void> {
  try {
    await rmdir(place);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'ENOTDIR') await rm(place);
    else if ((failure as NodeJS.ErrnoException).code !== 'ENOENT') throw failure;
  }
}
