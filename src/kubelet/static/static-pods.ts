/** Runs the pods of a folder, whether there is a server or not, and mirrors them to it. Source: kubelet/config/file.go. */
import { type FSWatcher, watch } from 'node:fs';
import type { Client } from '../../client/typed-client.ts';
import type { Pod, PodStatus } from '../../kinds/generated/types.ts';
import { onAbort } from '../../lib/abort.ts';
import { type Clock, sleep } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { kubeletLimits } from '../limits.ts';
import { ManifestFolder } from './folder.ts';
import { isMirror } from './manifest.ts';
import { isMirrorOf, Mirrors, podName } from './mirrors.ts';

/** Who looks after pods. */
export interface StaticWorkers {
  has(uid: string): boolean;
  update(pod: Pod): void;
  remove(uid: string): void;
}

export interface StaticPodsOptions {
  readonly folder: string;
  readonly nodeName: string;
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
}

export class StaticPods {
  readonly #options: StaticPodsOptions;
  readonly #folder: ManifestFolder;
  readonly #mirrors: Mirrors;
  #workers: StaticWorkers | undefined;
  /** As the folder has them. */
  #wanted: readonly Pod[] = [];
  /** By uid, those that were begun: as many as there are static pods, and those that are ending. */
  readonly #begun = new Map<string, Pod>();
  #hasRead = false;
  #hasBegun = false;
  #hasMirrors = false;

  constructor(options: StaticPodsOptions) {
    this.#options = options;
    this.#folder = new ManifestFolder(options);
    this.#mirrors = new Mirrors(options);
  }

  /** Whether it is known which static pods there are: before that, what runs may be one. */
  get isComplete(): boolean {
    return this.#hasBegun;
  }

  /** The server's pods are known: what it has no mirror of, needs one. */
  mirrorsAreKnown(): void {
    this.#hasMirrors = true;
  }

  isStatic(uid: string): boolean {
    return this.#begun.has(uid);
  }

  /** Takes a mirror of this node; false for any other pod. */
  takeMirror(pod: Pod): boolean {
    if (!isMirror(pod)) return false;
    this.#mirrors.set(pod);
    const known = this.#wanted.find((each) => podName(each) === podName(pod));
    if (known !== undefined && this.#begun.has(known.metadata.uid ?? '')) this.#tell(known);
    return true;
  }

  dropMirror(pod: Pod): boolean {
    if (!isMirror(pod)) return false;
    this.#mirrors.delete(pod);
    return true;
  }

  writeStatus(pod: Pod, status: PodStatus): Promise<void> {
    return this.#mirrors.writeStatus(pod, status);
  }

  /** Until the signal aborts; never rejects. */
  async run(workers: StaticWorkers, signal: AbortSignal): Promise<void> {
    this.#workers = workers;
    const { clock, log } = this.#options;
    let wake = () => {};
    const watching = this.#watch(() => wake(), signal);
    let readAt = Number.NEGATIVE_INFINITY;
    let isDirty = true;
    while (!signal.aborted) {
      const now = clock.monotonic();
      if (isDirty || now - readAt >= kubeletLimits.manifestReadMilliseconds) {
        isDirty = false;
        readAt = now;
        await this.#read();
      }
      this.#begin();
      if (this.#hasMirrors)
        await this.#mirrors
          .reconcile(this.#wanted)
          .catch((failure) => log.warn('a static pod could not be mirrored', { error: String(failure) }));
      if (signal.aborted) break;
      const pause = new AbortController();
      const takeOff = onAbort(signal, () => pause.abort());
      wake = () => {
        isDirty = true;
        pause.abort();
      };
      await sleep(clock, kubeletLimits.relistMilliseconds, pause.signal);
      takeOff();
    }
    watching?.close();
  }

  #watch(onChange: () => void, signal: AbortSignal): FSWatcher | undefined {
    try {
      const watcher = watch(this.#folder.folder, { persistent: false, signal }, onChange);
      // It is read now and then anyway.
      watcher.on('error', () => watcher.close());
      return watcher;
    } catch {
      // No folder yet, or no watch to be had.
      return undefined;
    }
  }

  async #read(): Promise<void> {
    const { clock, log } = this.#options;
    try {
      this.#wanted = await this.#folder.read(clock.now());
      this.#hasRead = true;
    } catch (failure) {
      // A folder that is gone for a moment takes nothing with it.
      log.error('the folder of static pods cannot be read', { error: (failure as Error).message });
    }
  }

  /** Ends those that are not wanted any more; begins the others, each after the last one of its name has ended. */
  #begin(): void {
    const workers = this.#workers;
    if (workers === undefined) return;
    const uids = new Set(this.#wanted.map(({ metadata }) => metadata.uid ?? ''));
    for (const uid of this.#begun.keys()) {
      if (uids.has(uid)) continue;
      if (workers.has(uid)) workers.remove(uid);
      else this.#begun.delete(uid);
    }
    const ending = new Set([...this.#begun].filter(([uid]) => !uids.has(uid)).map(([, pod]) => podName(pod)));
    for (const pod of this.#wanted) {
      const uid = pod.metadata.uid ?? '';
      if (this.#begun.has(uid) || ending.has(podName(pod))) continue;
      this.#begun.set(uid, pod);
      this.#tell(pod);
    }
    this.#hasBegun = this.#hasRead;
  }

  /** With the status that the server has: so it is known what it is still to be told. */
  #tell(pod: Pod): void {
    const mirror = this.#mirrors.get(pod);
    const status = mirror !== undefined && isMirrorOf(mirror, pod) ? mirror.status : pod.status;
    this.#workers?.update({ ...pod, status });
  }
}
