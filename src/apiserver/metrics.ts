/**
 * What the API server counts, under upstream's names where it has one (k8s.io/apiserver pkg/endpoints/metrics). One
 * instance for each server.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../lib/clock.ts';
import { type Counter, type Gauge, type Histogram, type Labeled, MetricsRegistry } from '../lib/metrics.ts';
import { meterProcess } from '../lib/process-metrics.ts';
import { TurnSampler } from './turn-sampler.ts';

/** Upstream's buckets for request durations, in seconds. */
const requestBounds = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];

const commitBounds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What a request is counted under. Only values from a closed set: never a name or a path that a client made up. */
export interface RequestLabels {
  /** Upper case, as upstream reports it: GET, LIST, WATCH, POST, PUT, PATCH, APPLY, DELETE, DELETECOLLECTION. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  /** `resource` (one object), `namespace`, `cluster`, or empty for what is no resource. */
  readonly scope: '' | 'resource' | 'namespace' | 'cluster';
  readonly dryRun: boolean;
}

export type RequestKind = 'readOnly' | 'mutating';

const labelNames = ['component', 'dry_run', 'group', 'resource', 'scope', 'subresource', 'verb', 'version'];

/** How often the event loop's delay is sampled, in milliseconds; the sampler's own interval is taken off again. */
const delayResolution = 5;

/** Samples the event loop; `max` in nanoseconds. */
export type MonitorDelay = (options: { resolution: number }) => {
  enable(): unknown;
  disable(): unknown;
  reset(): void;
  readonly max: number;
};

export class ApiServerMetrics {
  readonly registry = new MetricsRegistry();
  readonly inflight: Readonly<Record<RequestKind, Gauge>>;
  readonly storeCommitSeconds: Histogram;
  readonly #clock: Clock;
  readonly #started: number;
  readonly #requests: Labeled<Counter>;
  readonly #durations: Labeled<Histogram>;
  readonly #longRunning: Labeled<Gauge>;
  readonly #watchEvents: Labeled<Counter>;
  readonly #watchers: Labeled<Gauge>;
  readonly #counted = new Map<string, { counter: Counter; duration: Histogram }>();
  readonly #turns: TurnSampler;
  readonly #monitor: MonitorDelay;
  #delay: ReturnType<MonitorDelay> | undefined;

  constructor(clock: Clock, monitor: MonitorDelay = monitorEventLoopDelay) {
    this.#clock = clock;
    this.#monitor = monitor;
    this.#started = clock.now();
    this.#turns = new TurnSampler(clock);
    const { registry } = this;
    this.#requests = registry.counters(
      {
        name: 'apiserver_request_total',
        help: 'Requests answered, by what they were for and the HTTP code.',
      },
      ['code', ...labelNames],
    );
    this.#durations = registry.histograms(
      {
        name: 'apiserver_request_duration_seconds',
        help: 'Time from request to answer; watches are not in it.',
      },
      labelNames,
      requestBounds,
    );
    const inflight = registry.gauges(
      { name: 'apiserver_current_inflight_requests', help: 'Requests under way, watches apart.' },
      ['request_kind'],
    );
    this.inflight = { readOnly: inflight.of('readOnly'), mutating: inflight.of('mutating') };
    this.#longRunning = registry.gauges(
      { name: 'apiserver_longrunning_requests', help: 'Watches and other long-running requests under way.' },
      ['component', 'group', 'resource', 'scope', 'subresource', 'verb', 'version'],
    );
    this.#watchEvents = registry.counters(
      { name: 'apiserver_watch_events_total', help: 'Events sent to watchers.' },
      ['group', 'resource', 'version'],
    );
    this.#watchers = registry.gauges(
      { name: 'apiserver_registered_watchers', help: 'Watchers registered now.' },
      ['group', 'resource', 'version'],
    );
    this.storeCommitSeconds = registry.histogram(
      { name: 'wherry_store_commit_duration_seconds', help: 'Time until a commit is durable.' },
      commitBounds,
    );
    this.#addProcess();
  }

  /** Counts an answered request. Under 1 µs: the series are found by one string. */
  recordRequest(labels: RequestLabels, code: number, seconds: number): void {
    const { verb, group, version, resource, subresource, scope, dryRun } = labels;
    const key = `${code} ${verb} ${group} ${version} ${resource} ${subresource} ${scope} ${dryRun}`;
    let series = this.#counted.get(key);
    if (series === undefined) {
      const values = ['apiserver', dryRun ? 'All' : '', group, resource, scope, subresource, verb, version];
      series = {
        counter: this.#requests.of(String(code), ...values),
        duration: this.#durations.of(...values),
      };
      if (this.#counted.size < countedMax) this.#counted.set(key, series);
    }
    series.counter.value++;
    if (verb !== 'WATCH' && verb !== 'CONNECT') series.duration.observe(seconds);
  }

  /** The gauge of long-running requests like this one. */
  longRunning({ group, resource, scope, subresource, verb, version }: RequestLabels): Gauge {
    return this.#longRunning.of('apiserver', group, resource, scope, subresource, verb, version);
  }

  /** Events sent, and watchers registered, of one resource; look them up once for each watch. */
  watch(of: { group: string; version: string; resource: string }): { events: Counter; watchers: Gauge } {
    return {
      events: this.#watchEvents.of(of.group, of.resource, of.version),
      watchers: this.#watchers.of(of.group, of.resource, of.version),
    };
  }

  /** Numbers that the store knows and is asked for at each scrape. */
  addStore(read: { revision: () => number; sizeBytes: () => number | undefined }): void {
    this.registry.read(
      { name: 'wherry_store_revision', help: 'The newest revision.' },
      'gauge',
      read.revision,
    );
    this.registry.read(
      { name: 'apiserver_storage_size_bytes', help: 'Size of the storage on disk.' },
      'gauge',
      read.sizeBytes,
    );
  }

  render(): string {
    return this.registry.render();
  }

  /** Stops the sampling. */
  close(): void {
    this.#delay?.disable();
    this.#delay = undefined;
    this.#turns.close();
  }

  #addProcess(): void {
    const gauge = (name: string, help: string, value: () => number | undefined) =>
      this.registry.read({ name, help }, 'gauge', value);
    meterProcess(this.registry, this.#clock);
    gauge(
      'wherry_uptime_seconds',
      'Time since the server started.',
      () => (this.#clock.now() - this.#started) / 1000,
    );
    gauge(
      'wherry_event_loop_delay_seconds_max',
      'The longest time the event loop was held since the last scrape; the first scrape begins the measuring.',
      () => this.#longestDelay(),
    );
    gauge(
      'wherry_event_loop_turn_cpu_seconds_max',
      'The most CPU time that one turn of the event loop took since the last scrape; the first scrape begins the measuring.',
      () => this.#turns.takeLongest(),
    );
  }

  /** A server that nobody scrapes does not pay for the sampling. */
  #longestDelay(): number | undefined {
    if (this.#delay === undefined) {
      this.#delay = this.#monitor({ resolution: delayResolution });
      this.#delay.enable();
      return undefined;
    }
    const longest = this.#delay.max / 1e6 - delayResolution;
    this.#delay.reset();
    return Math.max(0, longest) / 1000;
  }
}

/** Combinations that are found quickly; beyond, as many as `seriesPerFamilyMax` are still counted, only slower. */
const countedMax = 10_000;
