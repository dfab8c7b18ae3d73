/** Counts under upstream's names. Source: pkg/scheduler/metrics. */
import {
  type Counter,
  exponentialBounds,
  type Gauge,
  type Histogram,
  type Labeled,
  MetricsRegistry,
} from '../lib/metrics.ts';
import type { QueuedPod, QueueGauges } from './queue.ts';
import type { Snapshot } from './snapshot.ts';

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error';

export interface SchedulerMetrics {
  readonly pending: QueueGauges;
  readonly incoming: Labeled<Counter>;
  readonly refused: Labeled<Gauge>;
  readonly algorithmSeconds: Histogram;
  readonly preemptionAttempts: Counter;
  readonly preemptionVictims: Histogram;
  /** An attempt has ended, at a time of the monotonic clock. */
  attempted(pod: QueuedPod, options: { profile: string; result: AttemptResult; at: number }): void;
}

const attemptBounds = exponentialBounds(0.001, 2, { count: 15 });
const podBounds = exponentialBounds(0.01, 2, { count: 20 });
const victimBounds = exponentialBounds(1, 2, { count: 7 });
const podAttemptBounds = exponentialBounds(1, 2, { count: 5 });

/** Attempts beyond are told apart no more. */
const attemptsToldMax = 15;

export function schedulerMetrics(registry = new MetricsRegistry()): SchedulerMetrics {
  const pending = registry.gauges(
    { name: 'scheduler_pending_pods', help: 'Number of pending pods, by the queue.' },
    ['queue'],
  );
  return {
    pending: {
      active: pending.of('active'),
      backoff: pending.of('backoff'),
      unschedulable: pending.of('unschedulable'),
      gated: pending.of('gated'),
    },
    incoming: registry.counters(
      {
        name: 'scheduler_queue_incoming_pods_total',
        help: 'Number of pods added to scheduling queues by event and queue type.',
      },
      ['queue', 'event'],
    ),
    refused: registry.gauges(
      {
        name: 'scheduler_unschedulable_pods',
        help: 'The number of unschedulable pods broken down by plugin name. A pod counts for each plugin that refused it.',
      },
      ['plugin', 'profile'],
    ),
    algorithmSeconds: registry.histogram(
      {
        name: 'scheduler_scheduling_algorithm_duration_seconds',
        help: 'Scheduling algorithm latency in seconds',
      },
      attemptBounds,
    ),
    preemptionAttempts: registry.counter({
      name: 'scheduler_preemption_attempts_total',
      help: 'Total preemption attempts in the cluster till now.',
    }),
    preemptionVictims: registry.histogram(
      { name: 'scheduler_preemption_victims', help: 'Number of selected preemption victims.' },
      victimBounds,
    ),
    attempted: attemptCounter(registry),
  };
}

function attemptCounter(registry: MetricsRegistry): SchedulerMetrics['attempted'] {
  const labels = ['profile', 'result'];
  const attempts = registry.counters(
    {
      name: 'scheduler_schedule_attempts_total',
      help: 'Number of attempts to schedule pods, by the result.',
    },
    labels,
  );
  const seconds = registry.histograms(
    {
      name: 'scheduler_scheduling_attempt_duration_seconds',
      help: 'Scheduling attempt latency in seconds (scheduling algorithm + binding)',
    },
    labels,
    attemptBounds,
  );
  const podAttempts = registry.histogram(
    { name: 'scheduler_pod_scheduling_attempts', help: 'Number of attempts to successfully schedule a pod.' },
    podAttemptBounds,
  );
  const podSeconds = registry.histograms(
    {
      name: 'scheduler_pod_scheduling_sli_duration_seconds',
      help: 'E2e latency for a pod being scheduled, from the time the pod enters the scheduling queue and might involve multiple scheduling attempts.',
    },
    ['attempts'],
    podBounds,
  );
  return (pod, { profile, result, at }) => {
    attempts.of(profile, result).value++;
    seconds.of(profile, result).observe((at - pod.takenAt) / 1000);
    if (result !== 'scheduled') return;
    podAttempts.observe(pod.attempts);
    const told = pod.attempts < attemptsToldMax ? String(pod.attempts) : `${attemptsToldMax}+`;
    podSeconds.of(told).observe((at - (pod.firstTakenAt ?? pod.takenAt)) / 1000);
  };
}

/** Read from the snapshot when somebody asks. */
export function readCacheSize(registry: MetricsRegistry | undefined, snapshot: Snapshot): void {
  const sizes = registry?.readings(
    {
      name: 'scheduler_scheduler_cache_size',
      help: 'Number of nodes, pods, and assumed (bound) pods in the scheduler cache.',
    },
    ['type'],
  );
  if (sizes === undefined) return;
  sizes.of('nodes').read = () => snapshot.nodes.length;
  sizes.of('pods').read = () => snapshot.podCount;
}
