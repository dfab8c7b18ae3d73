/** Counts under upstream's names. */
import { type Counter, type Histogram, type Labeled, MetricsRegistry } from '../lib/metrics.ts';
import type { QueueState } from './queue.ts';

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error';

export interface SchedulerMetrics {
  readonly attempts: Labeled<Counter>;
  readonly preemptionAttempts: Counter;
  readonly preemptionVictims: Histogram;
}

const victimBounds = [1, 2, 4, 8, 16, 32, 64];
const queues: readonly QueueState[] = ['active', 'backoff', 'unschedulable', 'gated'];

export function schedulerMetrics(
  pending: () => Readonly<Record<QueueState, number>>,
  registry = new MetricsRegistry(),
): SchedulerMetrics {
  for (const queue of queues)
    registry.read(
      {
        name: `scheduler_pending_pods_${queue}`,
        help: `Number of pending pods in the ${queue} queue.`,
      },
      'gauge',
      () => pending()[queue],
    );
  return {
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
