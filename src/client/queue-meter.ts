/** What a work queue counts, under upstream's names. Source: k8s.io/component-base metrics/prometheus/workqueue. */
import type { Clock } from '../lib/clock.ts';
import { type Counter, exponentialBounds, type Histogram, type MetricsRegistry } from '../lib/metrics.ts';

const bounds = exponentialBounds(1e-6, 10, { count: 10 });

export interface QueueMeterOptions {
  /** The value of the label `name`. */
  readonly name: string;
  readonly clock: Clock;
}

export class QueueMeter {
  readonly #clock: Clock;
  readonly #adds: Counter;
  readonly #retries: Counter;
  readonly #queueSeconds: Histogram;
  readonly #workSeconds: Histogram;
  /** When a key came to wait, and when its work began, by the monotonic clock. Keys as in the queue, so as many. */
  readonly #addedAt = new Map<string, number>();
  readonly #takenAt = new Map<string, number>();

  constructor(registry: MetricsRegistry, { name, clock }: QueueMeterOptions) {
    this.#clock = clock;
    const depth = registry.readings({ name: 'workqueue_depth', help: 'Current depth of workqueue by name' }, [
      'name',
    ]);
    depth.of(name).read = () => this.#addedAt.size;
    this.#adds = registry
      .counters({ name: 'workqueue_adds_total', help: 'Total number of adds handled by workqueue by name' }, [
        'name',
      ])
      .of(name);
    this.#queueSeconds = registry
      .histograms(
        {
          name: 'workqueue_queue_duration_seconds',
          help: 'How long in seconds an item stays in workqueue before being requested by name',
        },
        ['name'],
        bounds,
      )
      .of(name);
    this.#workSeconds = registry
      .histograms(
        {
          name: 'workqueue_work_duration_seconds',
          help: 'How long in seconds processing an item from workqueue takes by name',
        },
        ['name'],
        bounds,
      )
      .of(name);
    this.#readRunning(registry, name);
    this.#retries = registry
      .counters(
        { name: 'workqueue_retries_total', help: 'Total number of retries handled by workqueue by name' },
        ['name'],
      )
      .of(name);
  }

  /** The key waits now, or will as soon as its work is done. */
  added(key: string): void {
    this.#adds.value++;
    this.#addedAt.set(key, this.#clock.monotonic());
  }

  retried(): void {
    this.#retries.value++;
  }

  taken(key: string): void {
    const now = this.#clock.monotonic();
    const since = this.#addedAt.get(key);
    if (since !== undefined) {
      this.#addedAt.delete(key);
      this.#queueSeconds.observe((now - since) / 1000);
    }
    this.#takenAt.set(key, now);
  }

  done(key: string): void {
    const since = this.#takenAt.get(key);
    if (since === undefined) return;
    this.#takenAt.delete(key);
    this.#workSeconds.observe((this.#clock.monotonic() - since) / 1000);
  }

  /** Nothing waits any more. */
  cleared(): void {
    this.#addedAt.clear();
  }

  #readRunning(registry: MetricsRegistry, name: string): void {
    const unfinished = registry.readings(
      {
        name: 'workqueue_unfinished_work_seconds',
        help: 'How many seconds of work has done that is in progress and has not been observed by work_duration by name. Large values indicate work that is stuck.',
      },
      ['name'],
    );
    const longest = registry.readings(
      {
        name: 'workqueue_longest_running_processor_seconds',
        help: 'How many seconds has the longest running processor for workqueue been running by name',
      },
      ['name'],
    );
    const running = () => [...this.#takenAt.values()].map((at) => (this.#clock.monotonic() - at) / 1000);
    unfinished.of(name).read = () => running().reduce((sum, seconds) => sum + seconds, 0);
    longest.of(name).read = () => running().reduce((most, seconds) => Math.max(most, seconds), 0);
  }
}
