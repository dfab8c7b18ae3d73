/**
 * One worker for each pod: looks at it whenever something happened, one look at a time, and when the last look asked for
 * another. Source of the life cycle: kubelet/pod_workers.go of Kubernetes.
 */
import type { Pod, PodStatus } from '../../kinds/generated/types.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { kubeletLimits } from '../limits.ts';
import { isWritten, withOwnStatus } from './api-status.ts';
import type { SyncRequest, SyncResult } from './sync-pod.ts';
import { newMemory, type PodMemory } from './tools.ts';

/** What a worker does, given to it: so that it can be tried without a server. */
export interface WorkerHost {
  sync(request: SyncRequest): Promise<SyncResult>;
  writeStatus(pod: Pod, status: PodStatus): Promise<void>;
  /** Lets a deleted pod go that has ended. */
  letGo(pod: Pod): Promise<void>;
  /** Removes what the node has of a pod that has ended and is gone. */
  cleanUp(uid: string): Promise<void>;
}

interface Worker {
  /** As the server told of it last. */
  pod: Pod;
  readonly memory: PodMemory;
  status: PodStatus | undefined;
  /** The server has it no more. */
  isGone: boolean;
  isDirty: boolean;
  isBusy: boolean;
  hasEnded: boolean;
  cancel: () => void;
  /** Statuses are written one after the other, the latest only. */
  writing: Promise<void>;
  /** The last one that was written, and when: one that does not take is not written again at once. */
  written: { text: string; at: number } | undefined;
}

export class PodWorkers {
  readonly #host: WorkerHost;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #signal: AbortSignal;
  /** By uid: as many as the node has pods. */
  readonly #workers = new Map<string, Worker>();

  constructor(host: WorkerHost, options: { clock: Clock; log: Logger; signal: AbortSignal }) {
    this.#host = host;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#signal = options.signal;
    options.signal.addEventListener('abort', () => {
      for (const worker of this.#workers.values()) worker.cancel();
    });
  }

  has(uid: string): boolean {
    return this.#workers.has(uid);
  }

  /** The server has this pod for this node. */
  update(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    const worker = this.#workers.get(uid);
    if (worker === undefined)
      this.#workers.set(uid, {
        pod,
        memory: newMemory(),
        status: undefined,
        isGone: false,
        isDirty: false,
        isBusy: false,
        hasEnded: false,
        cancel: () => {},
        writing: Promise.resolve(),
        written: undefined,
      });
    else worker.pod = pod;
    this.wake(uid);
  }

  /** The server has it no more: whatever of it runs must end. */
  remove(uid: string): void {
    const worker = this.#workers.get(uid);
    if (worker === undefined) return;
    worker.isGone = true;
    const { metadata, spec } = worker.pod;
    worker.pod = {
      ...worker.pod,
      metadata: {
        ...metadata,
        deletionTimestamp: metadata.deletionTimestamp ?? new Date(this.#clock.now()).toISOString(),
        deletionGracePeriodSeconds:
          metadata.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds,
      },
    };
    this.wake(uid);
  }

  /** Something happened to it. */
  wake(uid: string): void {
    const worker = this.#workers.get(uid);
    if (worker === undefined || this.#signal.aborted) return;
    worker.isDirty = true;
    if (!worker.isBusy) void this.#work(uid, worker);
  }

  async #work(uid: string, worker: Worker): Promise<void> {
    worker.isBusy = true;
    worker.cancel();
    while (worker.isDirty && !this.#signal.aborted) {
      worker.isDirty = false;
      let again: number;
      try {
        again = await this.#look(uid, worker);
      } catch (failure) {
        this.#log.warn('a pod could not be looked after', { uid, error: String(failure) });
        again = kubeletLimits.failureMilliseconds;
      }
      if (again === 0) worker.isDirty = true;
      else if (Number.isFinite(again)) worker.cancel = this.#clock.after(again, () => this.wake(uid));
    }
    worker.isBusy = false;
  }

  /** Resolves to the milliseconds until the next look; Infinity: when something happens. */
  async #look(uid: string, worker: Worker): Promise<number> {
    if (worker.hasEnded) return this.#part(uid, worker);
    const result = await this.#host.sync({
      pod: withOwnStatus(worker.pod, worker.status),
      memory: worker.memory,
      onStatus: (status) => this.#tell(worker, status),
    });
    this.#tell(worker, result.status);
    if (!result.hasEnded) return result.again;
    worker.hasEnded = true;
    return this.#part(uid, worker);
  }

  /** Of a pod that has ended: its last status, then the server's leave, then nothing. */
  async #part(uid: string, worker: Worker): Promise<number> {
    if (worker.isGone) {
      await this.#host.cleanUp(uid);
      this.#workers.delete(uid);
      return Number.POSITIVE_INFINITY;
    }
    if (worker.status !== undefined) this.#tell(worker, worker.status);
    await worker.writing;
    if (worker.status !== undefined && !isWritten(worker.pod, worker.status)) {
      // Its word has not come back yet, or was not taken.
      return kubeletLimits.failureMilliseconds;
    }
    if (worker.pod.metadata.deletionTimestamp === undefined) return kubeletLimits.syncMilliseconds;
    await this.#host.letGo(worker.pod);
    return kubeletLimits.failureMilliseconds;
  }

  #tell(worker: Worker, status: PodStatus): void {
    worker.status = status;
    worker.writing = worker.writing.then(async () => {
      if (worker.status !== status || worker.isGone || isWritten(worker.pod, status)) return;
      const text = JSON.stringify(status);
      const now = this.#clock.now();
      const { written } = worker;
      if (written?.text === text && now - written.at < kubeletLimits.retryMilliseconds) return;
      try {
        await this.#host.writeStatus(worker.pod, status);
        worker.written = { text, at: now };
      } catch (failure) {
        this.#log.warn("a pod's status could not be written", {
          pod: worker.pod.metadata.name,
          error: String(failure),
        });
      }
    });
  }
}
