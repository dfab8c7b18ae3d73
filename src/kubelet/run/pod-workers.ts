/**
 * One worker for each pod: looks at it whenever something happened, one look at a time, and when the last look asked for
 * another. Source of the life cycle: kubelet/pod_workers.go of Kubernetes.
 */
import type { Pod, PodStatus } from '../../kinds/generated/types.ts';
import type { Clock } from '../../lib/clock.ts';
import { Interrupted } from '../../lib/interrupt.ts';
import type { Logger } from '../../lib/log.ts';
import { refusedBefore, rejectedStatus } from '../admit/rejected.ts';
import type { Rejection } from '../admit/rejection.ts';
import { isTerminal, podEnd } from '../end.ts';
import { kubeletLimits } from '../limits.ts';
import { isWritten, withOwnStatus } from './api-status.ts';
import type { Eviction, SyncRequest, SyncResult } from './sync-pod.ts';
import { newMemory, type PodMemory } from './tools.ts';

/** What a worker does, given to it: so that it can be tried without a server. */
export interface WorkerHost {
  sync(request: SyncRequest): Promise<SyncResult>;
  writeStatus(pod: Pod, status: PodStatus): Promise<void>;
  /** Lets a deleted pod go that has ended. */
  letGo(pod: Pod): Promise<void>;
  /** Why the node does not take it; `others` are those that it has taken and that have not ended. */
  admit?(pod: Pod, others: readonly Pod[]): Promise<Rejection | undefined>;
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
  /** Whether it was asked if the node takes it. */
  isAdmitted: boolean;
  /** Why the node has not taken it. */
  rejection: Rejection | undefined;
  /** Why another part of the node wants it gone. */
  evicted: Eviction | undefined;
  /** Of the next look. */
  cancel: () => void;
  /** Of the look under way: it is to end when the pod ends, or ends sooner, than it knows. */
  look: AbortController | undefined;
  /** Of the next attempt to write the status: one at a time, however often it fails. */
  cancelWriting: () => void;
  /** Statuses are written one after the other, the latest only. */
  writing: Promise<void>;
  /** The last one that was written, and when: one that does not take is not written again at once. */
  written: { text: string; at: number } | undefined;
}

/** The seconds that a pod has left once it is to end; Infinity: it is not. */
function endsIn({ metadata, spec }: Pod): number {
  if (metadata.deletionTimestamp === undefined) return Number.POSITIVE_INFINITY;
  return metadata.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? 0;
}

export class PodWorkers {
  readonly #host: WorkerHost;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #signal: AbortSignal;
  /** By uid: as many as the node has pods. */
  readonly #workers = new Map<string, Worker>();
  #admitting: Promise<unknown> = Promise.resolve();

  constructor(host: WorkerHost, options: { clock: Clock; log: Logger; signal: AbortSignal }) {
    this.#host = host;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#signal = options.signal;
    options.signal.addEventListener('abort', () => {
      for (const worker of this.#workers.values()) {
        worker.cancel();
        worker.cancelWriting();
      }
    });
  }

  has(uid: string): boolean {
    return this.#workers.has(uid);
  }

  /** All that are looked after, each with what the agent says of it itself. */
  pods(): Pod[] {
    return [...this.#workers.values()].map(({ pod, status }) => withOwnStatus(pod, status));
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
        isAdmitted: false,
        rejection: refusedBefore(pod),
        evicted: undefined,
        cancel: () => {},
        look: undefined,
        cancelWriting: () => {},
        writing: Promise.resolve(),
        written: undefined,
      });
    else {
      const isSooner = endsIn(pod) < endsIn(worker.pod);
      worker.pod = pod;
      if (isSooner) worker.look?.abort();
    }
    this.wake(uid);
  }

  /**
   * The server has it no more: whatever of it runs must end. `last`: what it said at the end; with a revision of its own
   * the pod was deleted by force just now, and has no time left. Else it was not seen, and the pod has its grace.
   */
  remove(uid: string, last?: Pod): void {
    const worker = this.#workers.get(uid);
    if (worker === undefined) return;
    worker.isGone = true;
    const { metadata, spec } = worker.pod;
    const isForced = last !== undefined && last.metadata.resourceVersion !== metadata.resourceVersion;
    const grace = metadata.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds;
    const before = endsIn(worker.pod);
    worker.pod = {
      ...worker.pod,
      metadata: {
        ...metadata,
        deletionTimestamp: metadata.deletionTimestamp ?? new Date(this.#clock.now()).toISOString(),
        deletionGracePeriodSeconds: isForced ? 0 : grace,
      },
    };
    if (endsIn(worker.pod) < before) worker.look?.abort();
    this.wake(uid);
  }

  /** Ends it for good, and says so. False when it is not here, or has ended. */
  evict(uid: string, eviction: Eviction): boolean {
    const worker = this.#workers.get(uid);
    if (worker === undefined || worker.hasEnded || worker.rejection !== undefined) return false;
    if (worker.evicted === undefined) {
      worker.evicted = eviction;
      worker.look?.abort();
    }
    this.wake(uid);
    return true;
  }

  /** Those that the node has taken and that have not ended. */
  active(): Pod[] {
    return [...this.#workers.values()]
      .filter((worker) => worker.isAdmitted && !worker.hasEnded && worker.rejection === undefined)
      .map(({ pod, status }) => withOwnStatus(pod, status))
      .filter(({ status }) => !isTerminal(status?.phase));
  }

  /** When every status that is known now has been written, or refused. */
  async settled(): Promise<void> {
    await Promise.all([...this.#workers.values()].map(({ writing }) => writing));
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
    if (!worker.isAdmitted) await this.#admit(worker);
    if (worker.rejection !== undefined) {
      this.#tell(worker, rejectedStatus(worker.pod, worker.rejection, this.#clock.now()));
      worker.hasEnded = true;
      return this.#part(uid, worker);
    }
    const result = await this.#sync(worker);
    if (result === undefined) return 0;
    this.#tell(worker, result.status);
    if (!result.hasEnded) return result.again;
    worker.hasEnded = true;
    return this.#part(uid, worker);
  }

  /**
   * Undefined when it was interrupted. Source: UpdatePod of kubelet/pod_workers.go, which cancels a pod's context when it
   * becomes terminating or its grace is shortened.
   */
  async #sync(worker: Worker): Promise<SyncResult | undefined> {
    const { evicted, memory } = worker;
    const pod = withOwnStatus(worker.pod, worker.status);
    const look = new AbortController();
    worker.look = look;
    const end = podEnd(pod, { now: this.#clock.now(), ...(evicted && { evicted }) });
    const deadline = end.ends ? undefined : end.deadlineIn;
    const cancel = deadline === undefined ? () => {} : this.#clock.after(deadline, () => look.abort());
    try {
      return await this.#host.sync({
        ...{ pod, memory, signal: look.signal },
        ...(evicted === undefined ? {} : { evicted }),
        onStatus: (status) => this.#tell(worker, status),
      });
    } catch (failure) {
      if (failure instanceof Interrupted) return undefined;
      throw failure;
    } finally {
      cancel();
      worker.look = undefined;
    }
  }

  /** One after the other: the room that one takes, the next has not. What has begun, or is to end, is not asked again. */
  async #admit(worker: Worker): Promise<void> {
    const asking = this.#admitting.then(async () => {
      const { metadata, status } = worker.pod;
      const isAsked =
        worker.rejection === undefined &&
        status?.startTime === undefined &&
        metadata.deletionTimestamp === undefined;
      if (isAsked) worker.rejection = await this.#host.admit?.(worker.pod, this.active());
      worker.isAdmitted = true;
    });
    this.#admitting = asking.catch(() => {});
    await asking;
  }

  /** Of a pod that has ended: its last status, then the server's leave, then nothing. */
  async #part(uid: string, worker: Worker): Promise<number> {
    if (worker.isGone) {
      await this.#host.cleanUp(uid);
      worker.cancelWriting();
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
        this.#tellLater(worker);
      }
    });
  }

  /** The server may be away: once it is back it hears of what happened meanwhile. */
  #tellLater(worker: Worker): void {
    worker.cancelWriting();
    if (this.#signal.aborted) return;
    worker.cancelWriting = this.#clock.after(kubeletLimits.failureMilliseconds, () => {
      if (worker.status !== undefined) this.#tell(worker, worker.status);
    });
  }
}
