/** What the agent keeps on the node's disk for a pod: its hosts file, and its containers' last words. */
import { mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { kubeletLimits } from '../limits.ts';

export class PodFiles {
  readonly #folder: string;

  /** `folder`: below which each pod has one of its own, named by its uid. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  folder(uid: string): string {
    return path.join(this.#folder, uid);
  }

  hostsPath(uid: string): string {
    return path.join(this.folder(uid), 'etc-hosts');
  }

  terminationPath(uid: string, container: { name: string; restartCount: number }): string {
    return path.join(this.folder(uid), 'containers', container.name, `${container.restartCount}.message`);
  }

  async writeHosts(uid: string, text: string): Promise<void> {
    await mkdir(this.folder(uid), { recursive: true, mode: 0o750 });
    // In place: containers have this very file mounted.
    await writeFile(this.hostsPath(uid), text, { mode: 0o644 });
  }

  /** An empty file that the container, whoever it runs as, may write into. */
  async makeTerminationFile(uid: string, container: { name: string; restartCount: number }): Promise<void> {
    const file = this.terminationPath(uid, container);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o750 });
    const handle = await open(file, 'w');
    try {
      await handle.chmod(0o666);
    } finally {
      await handle.close();
    }
  }

  /** The container's last words, as much as is shown of them; empty when there are none. */
  async readTermination(uid: string, container: { name: string; restartCount: number }): Promise<string> {
    return readEnd(this.terminationPath(uid, container), kubeletLimits.terminationMessageBytesMax);
  }

  /** The uids of pods that have a folder. */
  async list(): Promise<string[]> {
    const entries = await readdir(this.#folder, { withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  }

  async remove(uid: string): Promise<void> {
    await rm(this.folder(uid), { recursive: true, force: true });
  }
}

/** What was said last counts most. Source: ReadAtMost of k8s.io/kubernetes/pkg/util/tail. */
async function readEnd(file: string, bytesMax: number): Promise<string> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return '';
  try {
    const start = Math.max(0, (await handle.stat()).size - bytesMax);
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(bytesMax), 0, bytesMax, start);
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await handle.close();
  }
}
