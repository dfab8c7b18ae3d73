/**
 * The pods of a folder's files, as they are now. A file that cannot be read, or is wrong, keeps the pod that it had:
 * a slip of the pen must not stop what runs.
 */
import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Pod } from '../../kinds/generated/types.ts';
import type { Logger } from '../../lib/log.ts';
import { timestamp } from '../../lib/timestamp.ts';
import { kubeletLimits } from '../limits.ts';
import { ManifestError, staticPod } from './manifest.ts';

interface Known {
  readonly text: string;
  /** Undefined: it never was a pod. */
  readonly pod: Pod | undefined;
}

/** As upstream: hidden files are none, nor are folders. */
const isManifest = (name: string): boolean => !name.startsWith('.');

export class ManifestFolder {
  readonly #folder: string;
  readonly #nodeName: string;
  readonly #log: Logger;
  /** By file: as many as `manifestsMax`. */
  #known = new Map<string, Known>();

  constructor(options: { folder: string; nodeName: string; log: Logger }) {
    this.#folder = options.folder;
    this.#nodeName = options.nodeName;
    this.#log = options.log;
  }

  get folder(): string {
    return this.#folder;
  }

  /** Each pod once, by uid; of two files with the same namespace and name the first. Throws when there is no such folder. */
  async read(now: number): Promise<Pod[]> {
    const entries = await readdir(this.#folder, { withFileTypes: true });
    const names = entries
      .filter((entry) => !entry.isDirectory() && isManifest(entry.name))
      .map(({ name }) => name)
      .sort();
    if (names.length > kubeletLimits.manifestsMax)
      this.#log.error('too many manifests: the last ones are left out', { folder: this.#folder });
    const known = new Map<string, Known>();
    for (const name of names.slice(0, kubeletLimits.manifestsMax)) {
      const file = path.join(this.#folder, name);
      const found = await this.#readOne(file, this.#known.get(file), now);
      if (found !== undefined) known.set(file, found);
    }
    this.#known = known;
    return this.#distinct();
  }

  async #readOne(file: string, before: Known | undefined, now: number): Promise<Known | undefined> {
    let text: string;
    try {
      text = await readBounded(file);
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      this.#log.error('a static pod cannot be read', { file, error: (failure as Error).message });
      return before;
    }
    if (before?.text === text) return before;
    try {
      return { text, pod: staticPod(text, { file, nodeName: this.#nodeName, now: timestamp(now) }) };
    } catch (failure) {
      if (!(failure instanceof ManifestError)) throw failure;
      this.#log.error('a static pod is wrong: what it was before stays', { file, error: failure.message });
      return { text, pod: before?.pod };
    }
  }

  #distinct(): Pod[] {
    const pods = new Map<string, Pod>();
    for (const [file, { pod }] of this.#known) {
      if (pod === undefined) continue;
      const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
      if (pods.has(name)) this.#log.error('two static pods have the same name', { file, name });
      else pods.set(name, pod);
    }
    return [...pods.values()];
  }
}

/** A device would never end, and a pipe that nobody writes to would not even open. */
async function readBounded(file: string): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw new Error('it is no regular file');
    if (found.size > kubeletLimits.manifestBytesMax)
      throw new Error(`it has more than ${kubeletLimits.manifestBytesMax} bytes`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
