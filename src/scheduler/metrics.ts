/** Counts under upstream's names. */
import { type Counter, type Histogram, type Labeled, MetricsRegistry } from '../lib/metrics.ts';
import type { QueueGauges } from './queue.ts';

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error';

export interface SchedulerMetrics {
  readonly pending: QueueGauges;
  readonly attempts: Labeled<Counter>;
  readonly preemptionAttempts: Counter;
  readonly preemptionVictims: Histogram;
}

const victimBounds = [1, 2, 4, 8, 16, 32, 64];
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
    attempts: registry.counters(
      {
        name: 'scheduler_schedule_attempts_total',
        help: 'Number of attempts to schedule pods, by the result.',
      },
      ['profile', 'result'],
    ),
    preemptionAttempts: registry.counter({
      name: 'scheduler_preemption_attempts_total',
      help: 'Total preemption attempts in the cluster till now.',
    }),
    preemptionVictims: registry.histogram(
      { name: 'scheduler_preemption_victims', help: 'Number of selected preemption victims.' },
      victimBounds,
    ),
  };
}
