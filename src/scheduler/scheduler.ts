/**
 * Takes pods from the queue one after the other, decides, and binds in the background. A decided pod counts on its node
 * at once; when the binding fails, that is taken back.
 */

import { referenceTo } from '../client/change.ts';
import type { EventRecorder } from '../client/event-recorder.ts';
import type { Informers } from '../client/informers.ts';
import { askFor } from '../client/lost-answers.ts';
import type { Client } from '../client/typed-client.ts';
import type { Pod } from '../kinds/generated/types.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { MetricsRegistry } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import { bindVolumes, VolumeBindingError } from './bind-volumes.ts';
import { ClusterWatcher } from './cluster-watcher.ts';
import { FailureCache } from './failure-cache.ts';
import { podsPerTurn, turnMillisecondsMax, victimsAtOnceMax, writesInFlightMax } from './limits.ts';
import { lookupsOf } from './lookups.ts';
import { type AttemptResult, readCacheSize, type SchedulerMetrics, schedulerMetrics } from './metrics.ts';
import { Nominator } from './nominator.ts';
import type { Cycle } from './plugin.ts';
import type { PodView } from './pod-view.ts';
import { type Candidate, preempt } from './preemption.ts';
import { makeProfile, type Profile } from './profile.ts';
import { type QueuedPod, type QueueState, SchedulingQueue } from './queue.ts';
import { type Failure, schedule } from './schedule.ts';
import { Snapshot } from './snapshot.ts';
import { bindPod, evictVictim, isGone, patchStatus, type StatusChange } from './writes.ts';

export interface SchedulerOptions {
  readonly client: Client;
  /** Shared with others in the process; started by whoever made them. */
  readonly informers: Informers;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Left out: one, `default-scheduler`. */
  readonly profiles?: readonly Profile[];
  readonly metrics?: MetricsRegistry;
}

export interface RunningScheduler {
  /** Pods by state of the queue. */
  readonly counts: Readonly<Record<QueueState, number>>;
  /** Decisions and writes under way. */
  readonly isBusy: boolean;
}

interface Refusal {
  readonly failure: Failure;
  /** With what preemption said. */
  readonly message: string;
  /** '' takes it away; undefined leaves it. */
  readonly nominatedNodeName: string | undefined;
}

/** Begins when the informers have their first state; ends with the signal. */
export function startScheduler(options: SchedulerOptions): RunningScheduler {
  return new Scheduler(options);
}

/** What upstream's plugin for dynamic resources, which is asked before preemption, says of a pod without claims. */
const noClaims = 'no new claims to deallocate';

/** What it says of a pod that was refused before its turn came; then preemption is not asked. */
const notPrepared = 'not found';

class Scheduler implements RunningScheduler {
  readonly #options: SchedulerOptions;
  readonly #snapshot = new Snapshot();
  readonly #nominator = new Nominator();
  readonly #failures = new FailureCache(this.#snapshot, this.#nominator);
  readonly #queue: SchedulingQueue;
  readonly #cycle: Cycle;
  readonly #profiles: ReadonlyMap<string, Profile>;
  readonly #watcher: ClusterWatcher;
  readonly #metrics: SchedulerMetrics;
  /** Pods whose victims are being told to go, and whether they came to be tried meanwhile. */
  readonly #preempting = new Map<string, boolean>();
  #startIndex = 0;
  #inFlight = 0;
  #isReady = false;
  #isTurnDue = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    const { informers, clock, signal } = options;
    const profiles = options.profiles ?? [makeProfile()];
    this.#profiles = new Map(profiles.map((profile) => [profile.schedulerName, profile]));
    this.#metrics = schedulerMetrics(options.metrics);
    readCacheSize(options.metrics, this.#snapshot);
    const { pending: gauges, incoming, refused } = this.#metrics;
    const onReady = () => this.#turnSoon();
    this.#queue = new SchedulingQueue({ clock, signal, gauges, incoming, refused, onReady });
    this.#cycle = { snapshot: this.#snapshot, lookups: lookupsOf(informers) };
    this.#watcher = new ClusterWatcher({
      informers,
      snapshot: this.#snapshot,
      queue: this.#queue,
      nominator: this.#nominator,
      signal,
      isOurs: (name) => this.#profiles.has(name),
    });
    informers.synced().then(() => {
      this.#isReady = true;
      this.#turnSoon();
    });
  }

  get counts() {
    return this.#queue.counts;
  }

  get isBusy(): boolean {
    return this.#inFlight > 0 || this.#isTurnDue;
  }

  #turnSoon(): void {
    if (!this.#isReady || this.#isTurnDue || this.#options.signal.aborted) return;
    this.#isTurnDue = true;
    setImmediate(() => {
      this.#isTurnDue = false;
      this.#turn();
    });
  }

  #turn(): void {
    if (this.#queue.takeOverflow()) this.#watcher.readPending();
    const { clock } = this.#options;
    const until = clock.monotonic() + turnMillisecondsMax;
    for (let count = 0; count < podsPerTurn && clock.monotonic() <= until; count++) {
      // Those under way call again when they are done.
      if (this.#inFlight >= writesInFlightMax || this.#options.signal.aborted) return;
      const taken = this.#queue.take();
      if (taken === undefined) return;
      this.#attempt(taken);
    }
    this.#turnSoon();
  }

  #attempt(taken: QueuedPod): void {
    const { pod } = taken;
    const profile = this.#profiles.get(pod.pod.spec?.schedulerName ?? '');
    if (profile === undefined) {
      this.#queue.done(taken);
      return;
    }
    // The cache does not say yet that its victims are going: it would choose others beside them.
    if (this.#preempting.has(pod.key)) {
      this.#preempting.set(pod.key, true);
      this.#queue.failed(taken, { refusedBy: profile.filters });
      return;
    }
    const known = this.#failures.get(pod);
    if (known !== undefined) {
      this.#onRefused(taken, profile, { ...known, nominatedNodeName: '' });
      return;
    }
    try {
      const decision = schedule(pod, this.#cycle, {
        profile,
        nominator: this.#nominator,
        random: this.#options.random,
        startIndex: this.#startIndex,
      });
      const milliseconds = this.#options.clock.monotonic() - taken.takenAt;
      this.#metrics.algorithmSeconds.observe(milliseconds / 1000);
      this.#startIndex = (this.#startIndex + decision.evaluated) % Math.max(1, this.#snapshot.nodes.length);
      if (decision.failure !== undefined) this.#onUnschedulable(taken, profile, decision.failure);
      else if (decision.node !== undefined) this.#bind(taken, profile, decision.node);
    } catch (error) {
      this.#options.log.error('a pod could not be scheduled for an error of ours', { pod: taken.key, error });
      this.#onError(taken, profile, String(error));
    }
  }

  #bind(taken: QueuedPod, profile: Profile, nodeName: string): void {
    const { pod } = taken;
    this.#snapshot.setPod(pod, nodeName);
    this.#nominator.delete(pod.key);
    this.#write(async () => {
      try {
        const node = this.#snapshot.node(nodeName);
        const { lookups } = this.#cycle;
        if (node !== undefined) await bindVolumes(pod, node, { ...this.#options, lookups });
        await bindPod(pod, nodeName, this.#options);
      } catch (error) {
        await this.#onBindFailed(taken, profile, { error, nodeName });
        return;
      }
      this.#onBound(taken, profile, nodeName);
    });
  }

  #onBound(taken: QueuedPod, profile: Profile, nodeName: string): void {
    const { pod } = taken;
    this.#queue.done(taken);
    this.#count(taken, { profile, result: 'scheduled' });
    this.#record(profile, pod.pod, {
      type: 'Normal',
      reason: 'Scheduled',
      message: `Successfully assigned ${pod.namespace}/${pod.name} to ${nodeName}`,
    });
  }

  /** The pod keeps its room on the node until the server has said that it has not got it. */
  async #onBindFailed(
    taken: QueuedPod,
    profile: Profile,
    { error, nodeName }: { error: unknown; nodeName: string },
  ): Promise<void> {
    const { pod } = taken;
    const found = isGone(error) ? 'gone' : await askFor('Pod', pod.key, this.#options);
    if (this.#options.signal.aborted) return;
    const now = typeof found === 'string' ? this.#options.informers.of('Pod').get(pod.key) : (found as Pod);
    const boundTo = now?.metadata.uid === pod.uid ? now.spec?.nodeName : undefined;
    if (boundTo) {
      // No answer, and yet it was done; or somebody else was quicker.
      if (this.#snapshot.placeOf(pod.key)?.pod === pod && boundTo !== nodeName)
        this.#snapshot.setPod(pod, boundTo);
      if (boundTo === nodeName) this.#onBound(taken, profile, nodeName);
      else this.#queue.done(taken);
      return;
    }
    const place = this.#snapshot.placeOf(pod.key);
    if (place?.pod === pod) {
      this.#snapshot.deletePod(pod.key);
      this.#queue.wake({ type: 'podGone', pod, node: this.#snapshot.node(place.nodeName) });
    }
    if (found === 'gone' || now === undefined) {
      this.#queue.done(taken);
      return;
    }
    const said = error instanceof Error ? error.message : String(error);
    const isOfVolumes = error instanceof VolumeBindingError;
    this.#onError(taken, profile, isOfVolumes ? said : `running Bind plugin "DefaultBinder": ${said}`);
  }

  #onError(taken: QueuedPod, profile: Profile, message: string): void {
    this.#queue.failed(taken, { refusedBy: [], isError: true });
    this.#count(taken, { profile, result: 'error' });
    this.#reportFailure(taken.pod, profile, { reason: 'SchedulerError', message, nominatedNodeName: '' });
  }

  #onUnschedulable(taken: QueuedPod, profile: Profile, failure: Failure): void {
    const { pod } = taken;
    let { message } = failure;
    let nominatedNodeName: string | undefined = '';
    if (profile.preempts && failure.diagnosis.ofPod !== undefined) {
      message = `${message} ${notPrepared}`;
      nominatedNodeName = undefined;
    } else if (profile.preempts && failure.diagnosis.nodeCount > 0) {
      const { random, informers } = this.#options;
      this.#metrics.preemptionAttempts.add();
      const outcome = preempt(pod, this.#cycle, {
        profile,
        nominator: this.#nominator,
        random,
        diagnosis: failure.diagnosis,
        budgets: informers.of('PodDisruptionBudget').list(),
      });
      if ('candidate' in outcome) {
        nominatedNodeName = outcome.candidate.node;
        this.#makeRoom(pod, profile, outcome.candidate);
      } else {
        message = `${message} ${noClaims}, ${outcome.message}`;
        nominatedNodeName = outcome.keepsNomination ? undefined : '';
      }
    }
    if (nominatedNodeName === '') this.#nominator.delete(pod.key);
    // Budgets change by themselves; without a candidate they had no part in it.
    if (nominatedNodeName === '') this.#failures.set(pod, { failure, message });
    this.#onRefused(taken, profile, { failure, message, nominatedNodeName });
  }

  #onRefused(taken: QueuedPod, profile: Profile, options: Refusal): void {
    const { failure, message, nominatedNodeName } = options;
    this.#queue.failed(taken, {
      refusedBy: profile.filters.filter(({ name }) => failure.filters.has(name)),
    });
    this.#count(taken, { profile, result: 'unschedulable' });
    this.#reportFailure(taken.pod, profile, { reason: 'Unschedulable', message, nominatedNodeName });
  }

  /** The pod comes again when the last victim is gone: the filter that refused it sees to that. */
  #makeRoom(pod: PodView, profile: Profile, { node, victims }: Candidate): void {
    this.#metrics.preemptionVictims.observe(victims.length);
    const displaced = [...this.#nominator.on(node).values()].filter(
      ({ priority }) => priority < pod.priority,
    );
    this.#nominator.set(pod, node);
    for (const other of displaced) {
      this.#nominator.delete(other.key);
      this.#queue.activate(other.key);
      this.#patch(other, { nominatedNodeName: '' });
    }
    const going = victims.filter(({ isTerminating }) => !isTerminating);
    this.#preempting.set(pod.key, false);
    this.#write(async () => {
      try {
        for (let at = 0; at < going.length; at += victimsAtOnceMax) {
          const some = going.slice(at, at + victimsAtOnceMax);
          await Promise.all(some.map((each) => this.#evict(each, pod, { node, profile })));
        }
        this.#whenSeenGoing(going, () => this.#release(pod.key));
      } catch (error) {
        this.#release(pod.key);
        if (this.#options.signal.aborted) return;
        this.#options.log.warn('a victim could not be preempted', { pod: pod.key, node, error });
        this.#queue.activate(pod.key);
      }
    });
  }

  #whenSeenGoing(victims: readonly PodView[], callback: () => void): void {
    let left = victims.length;
    if (left === 0) callback();
    for (const { key, uid } of victims)
      this.#options.informers.of('Pod').waitGone(key, uid, () => {
        if (--left === 0) callback();
      });
  }

  /** The pod may be tried again; one that came meanwhile is, as nothing may wake it any more. */
  #release(podKey: string): void {
    const came = this.#preempting.get(podKey);
    this.#preempting.delete(podKey);
    if (came) this.#queue.activate(podKey);
  }

  async #evict(victim: PodView, pod: PodView, at: { node: string; profile: Profile }): Promise<void> {
    const now = this.#options.informers.of('Pod').get(victim.key);
    if (now === undefined || now.metadata.uid !== victim.uid) return;
    await evictVictim(now, pod, this.#options);
    this.#record(at.profile, now, {
      type: 'Normal',
      reason: 'Preempted',
      message: `Preempted by pod ${pod.uid} on node ${at.node}`,
    });
  }

  #reportFailure(
    pod: PodView,
    profile: Profile,
    options: { reason: string; message: string; nominatedNodeName: string | undefined },
  ): void {
    const { reason, message, nominatedNodeName } = options;
    this.#record(profile, pod.pod, { type: 'Warning', reason: 'FailedScheduling', message });
    const condition = { type: 'PodScheduled', status: 'False', reason, message };
    this.#patch(pod, { condition, nominatedNodeName });
  }

  #patch(pod: PodView, change: StatusChange): void {
    this.#write(async () => {
      const now = this.#options.informers.of('Pod').get(pod.key);
      if (now === undefined || now.metadata.uid !== pod.uid || now.spec?.nodeName) return;
      try {
        await patchStatus(now, change, this.#options);
      } catch (error) {
        if (this.#options.signal.aborted || isGone(error)) return;
        this.#options.log.warn('the status of a pod could not be written', { pod: pod.key, error });
      }
    });
  }

  /** Runs in the background; the next pods wait when there are too many. */
  async #write(work: () => Promise<void>): Promise<void> {
    this.#inFlight++;
    try {
      await work();
    } finally {
      this.#inFlight--;
      this.#turnSoon();
    }
  }

  #record(
    profile: Profile,
    pod: Pod,
    event: { type: 'Normal' | 'Warning'; reason: string; message: string },
  ): void {
    const source = { component: profile.schedulerName };
    this.#options.recorder.record(source, { regarding: referenceTo('Pod', pod), ...event });
  }

  #count(taken: QueuedPod, { profile, result }: { profile: Profile; result: AttemptResult }): void {
    const at = this.#options.clock.monotonic();
    this.#metrics.attempted(taken, { profile: profile.schedulerName, result, at });
  }
}
