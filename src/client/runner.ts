/** Runs a controller: changes in what it watches become keys, keys become changes, changes are carried out. */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../kinds/object.ts';
import { StatusError } from '../kinds/status.ts';
import type { Clock } from '../lib/clock.ts';
import { WherryError } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { MetricsRegistry } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import { applyChanges, type Outcome } from './apply.ts';
import { Barrier } from './barrier.ts';
import type { Change, CreateChange, EventText } from './change.ts';
import type { Controller, KeyMap, WatchedChange } from './controller.ts';
import { ControllerMeter } from './controller-meter.ts';
import type { Informer } from './informer.ts';
import type { Informers } from './informers.ts';
import type { KindName } from './kind-names.ts';
import { changesPerReconcileMax, keysPerTurn, reconcilesAtOnce } from './limits.ts';
import { askAfter, type UnknownWrite } from './lost-answers.ts';
import { Naming } from './naming.ts';
import type { IndexFunction } from './object-cache.ts';
import { QueueMeter } from './queue-meter.ts';
import { AbortedError } from './transport.ts';
import type { Client } from './typed-client.ts';
import { makeView, type View } from './view.ts';
import { WorkQueue } from './work-queue.ts';
import type { Written } from './written.ts';

export interface RunnerOptions {
  readonly client: Client;
  readonly informers: Informers;
  /** Where Events go. */
  readonly record: (event: EventText) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Unless given nothing is counted there. */
  readonly metrics?: MetricsRegistry;
  /** What metrics call the queue; the controller's name unless given. */
  readonly queueName?: string;
  /** Told of every plan before it is carried out, also of one that changes nothing; what it returns is called after. */
  readonly observe?: (plan: Plan) => (error: unknown) => void;
}

/** What a reconcile asked for, and from what. */
export interface Plan {
  readonly key: string;
  readonly changes: readonly Change[];
  readonly view: View;
}

/** Counted since the start; for /metrics. */
export interface ControllerCounts {
  reconciles: number;
  /** Reconciles that asked for a change. */
  plans: number;
  /** Plans that were not carried out to the end; conflicts among them. */
  failures: number;
  conflicts: number;
  /** Objects written. */
  writes: number;
}

export interface RunningController {
  readonly name: string;
  readonly queue: WorkQueue;
  readonly counts: Readonly<ControllerCounts>;
  /** Keys that wait for a cache to catch up or for word of a lost answer, and plans that are being carried out. */
  readonly waiting: number;
  readonly active: number;
  /** Resolves after the signal has aborted and what was under way has ended. */
  readonly stopped: Promise<void>;
}

/** Starts once every informer of the controller has its first state; the caller starts the informers. */
export function runController(controller: Controller, options: RunnerOptions): RunningController {
  return new Runner(controller, options);
}

class Runner implements RunningController {
  readonly name: string;
  readonly queue: WorkQueue;
  readonly counts: ControllerCounts = { reconciles: 0, plans: 0, failures: 0, conflicts: 0, writes: 0 };
  readonly stopped: Promise<void>;
  readonly #controller: Controller;
  readonly #options: RunnerOptions;
  readonly #informers = new Map<KindName, Informer<KubeObject>>();
  readonly #barrier: Barrier;
  readonly #view: View;
  readonly #failures = new Map<string, StatusError>();
  /** Creates of a key's last plan that nobody answered and nobody could find. */
  readonly #unsettled = new Map<string, readonly CreateChange[]>();
  readonly #meter: ControllerMeter | undefined;
  /** Who wants to know how a key's plan ends. */
  readonly #observers = new Map<string, (error: unknown) => void>();
  #active = 0;
  #asking = 0;
  #unsynced: number;
  #turnScheduled = false;
  #onIdle: () => void = () => {};

  constructor(controller: Controller, options: RunnerOptions) {
    this.name = controller.name;
    this.#controller = controller;
    this.#options = options;
    const { clock, random, signal, metrics, queueName = controller.name } = options;
    const meter = metrics && new QueueMeter(metrics, { name: queueName, clock });
    this.queue = new WorkQueue({ clock, random, meter, onReady: () => this.#scheduleTurn() });
    this.#meter =
      metrics && new ControllerMeter(metrics, { name: controller.name, active: () => this.#active });
    this.#barrier = new Barrier({
      informerOf: (kind) => this.#informers.get(kind),
      onOpen: (key) => this.queue.add(key),
    });
    this.#view = this.#makeView();
    const maps = Object.entries(controller.watches) as [KindName, KeyMap<KubeObject>][];
    this.#unsynced = maps.length;
    for (const [kind, map] of maps) this.#watch(kind, map);
    const cancelResync = this.#scheduleResync();
    this.stopped = new Promise((resolve) => {
      const stop = () => {
        cancelResync();
        this.queue.close();
        this.#onIdle = resolve;
        if (this.#active + this.#asking === 0) resolve();
      };
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  }

  get waiting(): number {
    return this.#barrier.size + this.#asking;
  }

  get active(): number {
    return this.#active;
  }

  #makeView(failure?: StatusError): View {
    const cacheOf = (kind: KindName) => this.#informers.get(kind)?.cache;
    const revisionOf = (kind: KindName) => this.#informers.get(kind)?.revision ?? 0;
    return makeView({ cacheOf, revisionOf, now: () => this.#options.clock.now(), failure });
  }

  #watch(kind: KindName, map: KeyMap<KubeObject>): void {
    const informer = this.#options.informers.of(kind) as unknown as Informer<KubeObject>;
    this.#informers.set(kind, informer);
    const indexes = (this.#controller.indexes?.[kind] ?? {}) as Record<string, IndexFunction<KubeObject>>;
    for (const [name, valuesOf] of Object.entries(indexes)) informer.addIndex(name, valuesOf);
    const take = (change: WatchedChange<KubeObject>) => {
      for (const key of map(change.object, this.#view, change)) this.queue.add(key);
      if (change.old === undefined || change.old === change.object) return;
      for (const key of map(change.old, this.#view, change)) this.queue.add(key);
    };
    const unhandle = informer.handle({
      add: (object) => take({ type: 'add', object }),
      update: (object, old) => take({ type: 'update', object, old }),
      delete: (object) => take({ type: 'delete', object }),
    });
    this.#options.signal.addEventListener('abort', unhandle, { once: true });
    informer.onSynced(() => {
      this.#unsynced--;
      this.#scheduleTurn();
    });
  }

  #scheduleResync(): () => void {
    const { resyncMilliseconds, watches } = this.#controller;
    if (resyncMilliseconds === undefined) return () => {};
    let cancel = () => {};
    const again = () => {
      cancel = this.#options.clock.after(resyncMilliseconds, () => {
        for (const [kind, map] of Object.entries(watches) as [KindName, KeyMap<KubeObject>][])
          for (const object of this.#informers.get(kind)?.list() ?? [])
            for (const key of map(object, this.#view, { type: 'update', object, old: object }))
              this.queue.add(key);
        again();
      });
    };
    again();
    return () => cancel();
  }

  #scheduleTurn(): void {
    if (this.#turnScheduled || this.#unsynced > 0 || this.#options.signal.aborted) return;
    this.#turnScheduled = true;
    setImmediate(() => {
      this.#turnScheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    const most = this.#controller.concurrency ?? reconcilesAtOnce;
    for (let taken = 0; this.#active < most; taken++) {
      if (this.#options.signal.aborted) return;
      if (taken === keysPerTurn) {
        this.#scheduleTurn();
        return;
      }
      const key = this.queue.take();
      if (key === undefined) return;
      if (this.#barrier.holds(key)) this.queue.done(key);
      else this.#reconcile(key);
    }
  }

  #reconcile(key: string): void {
    this.counts.reconciles++;
    let changes: readonly Change[];
    try {
      const failure = this.#failures.get(key);
      const view = failure === undefined ? this.#view : this.#makeView(failure);
      changes = [...this.#controller.reconcile(key, view)];
      if (changes.length > changesPerReconcileMax)
        throw new WherryError(
          'TOO_MANY_CHANGES',
          `a reconcile asks for ${changes.length} changes, at most ${changesPerReconcileMax} are made`,
        );
    } catch (error) {
      this.counts.failures++;
      this.#meter?.reconciled('error', 0);
      this.#options.log.error('a reconcile failed', { controller: this.name, key, error });
      this.queue.addRateLimited(key);
      this.queue.done(key);
      return;
    }
    const onSettled = this.#options.observe?.({ key, changes, view: this.#view });
    if (onSettled !== undefined) this.#observers.set(key, onSettled);
    const naming = new Naming(this.#options.random, this.#unsettled.get(key));
    this.#unsettled.delete(key);
    if (changes.length === 0) this.#settle(key, { written: [], unknown: [] });
    else this.#carryOut(key, changes, naming);
  }

  async #carryOut(key: string, changes: readonly Change[], naming: Naming): Promise<void> {
    const { signal } = this.#options;
    this.counts.plans++;
    this.#active++;
    const outcome = await applyChanges(changes, { ...this.#options, naming });
    this.#active--;
    if (!signal.aborted) this.#scheduleTurn();
    const { written, unknown } = outcome;
    this.#settle(
      key,
      unknown.length === 0
        ? outcome
        : { ...outcome, written: [...written, ...(await this.#ask(key, unknown))] },
    );
    if (signal.aborted && this.#active + this.#asking === 0) this.#onIdle();
  }

  /** The key waits meanwhile; others have its place. */
  async #ask(key: string, unknown: readonly UnknownWrite[]): Promise<readonly Written[]> {
    this.#asking++;
    const { written, absent } = await askAfter(unknown, this.#options);
    this.#asking--;
    if (absent.length > 0) this.#unsettled.set(key, absent);
    return written;
  }

  #settle(key: string, outcome: Outcome): void {
    const { written, error, requeueAfterMilliseconds } = outcome;
    this.counts.writes += written.length;
    if (written.length > 0) this.#barrier.close(key, written);
    if (error === undefined) {
      this.queue.forget(key);
      this.#failures.delete(key);
    } else this.#fail(key, error);
    this.#count(key, outcome);
    if (requeueAfterMilliseconds !== undefined) this.queue.addAfter(key, requeueAfterMilliseconds);
    this.queue.done(key);
  }

  #count(key: string, { written, error, requeueAfterMilliseconds }: Outcome): void {
    if (error instanceof AbortedError) return;
    const result = requeueAfterMilliseconds === undefined ? 'success' : 'requeue_after';
    this.#meter?.reconciled(error === undefined ? result : 'error', written.length);
    this.#observers.get(key)?.(error);
    this.#observers.delete(key);
  }

  #fail(key: string, error: unknown): void {
    if (error instanceof AbortedError) return;
    const { log } = this.#options;
    const fields = { controller: this.name, key, error: error instanceof Error ? error.message : error };
    this.counts.failures++;
    // Conflicts, and updates of what is gone, only say that the cache is a moment behind.
    const reason = error instanceof StatusError ? error.reason : '';
    if (reason === 'Conflict' || reason === 'NotFound') {
      this.counts.conflicts++;
      this.#meter?.conflicted();
      log.debug('a change came too late', fields);
    } else {
      // The same refusal again and again is one line, not a flood.
      if (!isDeepStrictEqual(this.#failures.get(key)?.message, fields.error))
        log.warn('a change failed', fields);
      if (error instanceof StatusError) this.#failures.set(key, error);
    }
    this.queue.addRateLimited(key);
  }
}
