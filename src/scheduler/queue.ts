/**
 * Pods that wait: to be tried (active), for a while after a failure (backoff), for something that helps (unschedulable),
 * or for their gates to be taken away (gated). Source: pkg/scheduler/backend/queue.
 */
import { isDeepStrictEqual } from 'node:util';
import { Heap } from '../client/heap.ts';
import type { Clock } from '../lib/clock.ts';
import { type Counter, Gauge, type Labeled } from '../lib/metrics.ts';
import { type ClusterEvent, eventLabel } from './cluster-event.ts';
import {
  flushMilliseconds,
  podBackoffMilliseconds,
  podBackoffMillisecondsMax,
  queuedPodsMax,
  unschedulableMillisecondsMax,
} from './limits.ts';
import type { Filter } from './plugin.ts';
import type { PodView } from './pod-view.ts';

export type QueueState = 'active' | 'backoff' | 'unschedulable' | 'gated';

export interface QueuedPod {
  readonly key: string;
  pod: PodView;
  /** How often it was tried. */
  attempts: number;
  /** When it was first taken, and last, by the monotonic clock. */
  firstTakenAt: number | undefined;
  takenAt: number;
}

interface Entry extends QueuedPod {
  /** `trying`: taken out, with `failed` or `done` to come. */
  state: QueueState | 'trying';
  /** Differs from the one in a heap when the heap's is out of date. */
  ticket: number;
  failedAt: number;
  /** Filters that refused it; none: anything may help. */
  refusedBy: readonly Filter[];
  /** It failed by an error, not for want of a node: it is not tried before its time. */
  isError: boolean;
}

interface Ticket {
  readonly entry: Entry;
  readonly ticket: number;
}

export interface QueueOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called when there may be something to take. */
  onReady(): void;
  readonly podsMax?: number;
  /** Where the pods in each state are counted. */
  readonly gauges?: QueueGauges;
  /** By `queue` and `event`: pods that came into a state, and why. */
  readonly incoming?: Labeled<Counter>;
  /** By `plugin` and `profile`: pods that wait because it refused them. */
  readonly refused?: Labeled<Gauge>;
}

export type QueueGauges = Readonly<Record<QueueState, Gauge>>;

const newGauges = (): QueueGauges => ({
  active: new Gauge(),
  backoff: new Gauge(),
  unschedulable: new Gauge(),
  gated: new Gauge(),
});

export class SchedulingQueue {
  readonly #options: QueueOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #gauges: QueueGauges;
  readonly #active = new Heap<Ticket>();
  readonly #backoff = new Heap<Ticket>();
  readonly #errors = new Heap<Ticket>();
  #tickets = 0;
  #overflowed = false;
  #cancelTimer: (() => void) | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#gauges = options.gauges ?? newGauges();
    this.#flushLater();
    options.signal.addEventListener('abort', () => this.#cancelTimer?.(), { once: true });
  }

  /** How many pods are in which state. */
  get counts(): Readonly<Record<QueueState, number>> {
    const { active, backoff, unschedulable, gated } = this.#gauges;
    return {
      active: active.value,
      backoff: backoff.value,
      unschedulable: unschedulable.value,
      gated: gated.value,
    };
  }

  /** Pods were turned away, and there is room again: whoever asks adds them anew. */
  takeOverflow(): boolean {
    const max = this.#options.podsMax ?? queuedPodsMax;
    if (!this.#overflowed || this.#entries.size > max / 2) return false;
    this.#overflowed = false;
    return true;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** A pod to be scheduled, new or changed. A change is a new chance. */
  set(pod: PodView): void {
    const known = this.#entries.get(pod.key);
    const isGated = (pod.pod.spec?.schedulingGates ?? []).length > 0;
    if (known !== undefined && known.pod.uid === pod.uid) {
      const isSame = known.state === 'trying' || !isChanged(known.pod, pod);
      known.pod = pod;
      if (isSame) return;
      if (isGated) this.#move(known, 'gated', 'UnschedulablePodUpdate');
      else if (known.state !== 'active')
        this.#revive(
          known,
          known.state === 'gated'
            ? 'UnschedulablePodUpdatePodSchedulingGatesEliminated'
            : 'UnschedulablePodUpdate',
        );
      return;
    }
    if (known !== undefined) this.delete(pod.key);
    if (this.#entries.size >= (this.#options.podsMax ?? queuedPodsMax)) {
      this.#overflowed = true;
      return;
    }
    const entry: Entry = {
      key: pod.key,
      pod,
      attempts: 0,
      firstTakenAt: undefined,
      takenAt: 0,
      state: 'trying',
      ticket: 0,
      failedAt: Number.NEGATIVE_INFINITY,
      refusedBy: [],
      isError: false,
    };
    this.#entries.set(pod.key, entry);
    this.#move(entry, isGated ? 'gated' : 'active', 'UnschedulablePodAdd');
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#leave(entry);
    this.#entries.delete(key);
  }

  /** The most important pod. When none is active, one that waits to be tried again anyway (KEP-5142). */
  take(): QueuedPod | undefined {
    this.#releaseBackoff();
    let entry = this.#pop(this.#active);
    if (entry === undefined) {
      entry = this.#pop(this.#backoff);
      if (entry === undefined) return undefined;
      this.#options.incoming?.of('active', 'PopFromBackoffQ').add();
    }
    this.#leave(entry);
    entry.state = 'trying';
    entry.attempts++;
    entry.takenAt = this.#options.clock.monotonic();
    entry.firstTakenAt ??= entry.takenAt;
    return entry;
  }

  /** It found no node: refused by these filters, or it failed by an error. */
  failed(taken: QueuedPod, options: { refusedBy: readonly Filter[]; isError?: boolean }): void {
    const entry = this.#entries.get(taken.key);
    if (entry !== taken) return;
    entry.failedAt = this.#options.clock.now();
    entry.refusedBy = options.refusedBy;
    entry.isError = options.isError ?? false;
    if (entry.isError) this.#revive(entry, 'ScheduleAttemptFailure');
    else this.#move(entry, 'unschedulable', 'ScheduleAttemptFailure');
  }

  /** It has its node. */
  done(taken: QueuedPod): void {
    if (this.#entries.get(taken.key) === taken) this.delete(taken.key);
  }

  /** Those that the event may help are tried again, after their backoff. */
  wake(event: ClusterEvent): void {
    if (this.#gauges.unschedulable.value === 0) return;
    for (const entry of this.#entries.values()) {
      if (entry.state !== 'unschedulable') continue;
      const { refusedBy, pod } = entry;
      if (refusedBy.length === 0 || refusedBy.some((filter) => filter.helps(event, pod)))
        this.#revive(entry, eventLabel(event));
    }
  }

  /** At once, whatever it waits for; gates excepted. */
  activate(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined && (entry.state === 'unschedulable' || entry.state === 'backoff'))
      this.#move(entry, 'active', 'ForceActivate');
  }

  /** When its backoff is over: 1 s, 2 s, 4 s, ... 10 s after the failure. */
  #readyAt({ attempts, failedAt }: Entry): number {
    const wait = podBackoffMilliseconds * 2 ** Math.min(30, Math.max(0, attempts - 1));
    return failedAt + Math.min(podBackoffMillisecondsMax, wait);
  }

  #revive(entry: Entry, why: string): void {
    const isReady = entry.attempts === 0 || this.#readyAt(entry) <= this.#options.clock.now();
    this.#move(entry, isReady ? 'active' : 'backoff', why);
  }

  /** `why` is the event as upstream's metrics call it. */
  #move(entry: Entry, state: QueueState, why: string): void {
    this.#leave(entry);
    entry.state = state;
    this.#gauges[state].add(1);
    this.#options.incoming?.of(state, why).add();
    if (state === 'unschedulable') this.#countRefusals(entry, 1);
    const ticket: Ticket = { entry, ticket: ++this.#tickets };
    entry.ticket = ticket.ticket;
    if (state === 'active') this.#active.push(-entry.pod.priority, ticket);
    else if (state === 'backoff') {
      const readyAt = this.#readyAt(entry);
      (entry.isError ? this.#errors : this.#backoff).push(readyAt, ticket);
      this.#wakeUpAt(readyAt);
    } else return;
    this.#options.onReady();
  }

  #leave(entry: Entry): void {
    if (entry.state !== 'trying') this.#gauges[entry.state].add(-1);
    if (entry.state === 'unschedulable') this.#countRefusals(entry, -1);
    entry.state = 'trying';
    entry.ticket = 0;
  }

  #countRefusals({ refusedBy, pod }: Entry, change: 1 | -1): void {
    const { refused } = this.#options;
    if (refused === undefined) return;
    const profile = pod.pod.spec?.schedulerName ?? '';
    for (const { name } of refusedBy) refused.of(name, profile).add(change);
  }

  /** What is out of date is thrown away as it comes up. */
  #pop(heap: Heap<Ticket>): Entry | undefined {
    for (let next = heap.pop(); next !== undefined; next = heap.pop())
      if (next.entry.ticket === next.ticket) return next.entry;
    return undefined;
  }

  #releaseBackoff(): void {
    const now = this.#options.clock.now();
    for (const heap of [this.#backoff, this.#errors])
      while ((heap.leastRank ?? Number.POSITIVE_INFINITY) <= now) {
        const next = heap.pop();
        if (next !== undefined && next.entry.ticket === next.ticket)
          this.#move(next.entry, 'active', 'BackoffComplete');
      }
  }

  #wakeUpAt(time: number): void {
    if (time >= this.#timerAt || this.#options.signal.aborted) return;
    this.#cancelTimer?.();
    const { clock } = this.#options;
    this.#timerAt = time;
    this.#cancelTimer = clock.after(time - clock.now(), () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#flush();
      this.#releaseBackoff();
      const next = Math.min(
        this.#backoff.leastRank ?? Number.POSITIVE_INFINITY,
        this.#errors.leastRank ?? Number.POSITIVE_INFINITY,
      );
      if (next !== Number.POSITIVE_INFINITY) this.#wakeUpAt(next);
      this.#flushLater();
    });
  }

  #flushLater(): void {
    this.#wakeUpAt(this.#options.clock.now() + flushMilliseconds);
  }

  /** In case that an event which would have helped was not recognised as such. */
  #flush(): void {
    if (this.#gauges.unschedulable.value === 0) return;
    const before = this.#options.clock.now() - unschedulableMillisecondsMax;
    for (const entry of this.#entries.values())
      if (entry.state === 'unschedulable' && entry.failedAt <= before)
        this.#revive(entry, 'UnschedulableTimeout');
  }
}

/** A new status is no new chance. Every change of a spec is a new generation. */
function isChanged(old: PodView, now: PodView): boolean {
  return (
    old.pod.metadata.generation !== now.pod.metadata.generation || !isDeepStrictEqual(old.labels, now.labels)
  );
}
