/** What a controller counts: reconciles under the names of controller-runtime (sigs.k8s.io), writes under our own. */
import type { Counter, MetricsRegistry } from '../lib/metrics.ts';

export type ReconcileResult = 'success' | 'error' | 'requeue_after';

export class ControllerMeter {
  readonly #results: Readonly<Record<ReconcileResult, Counter>>;
  readonly #errors: Counter;
  readonly #conflicts: Counter;
  readonly #writes: Counter;

  constructor(registry: MetricsRegistry, options: { readonly name: string; readonly active: () => number }) {
    const { name, active } = options;
    const results = registry.counters(
      {
        name: 'controller_runtime_reconcile_total',
        help: 'Total number of reconciliations per controller',
      },
      ['controller', 'result'],
    );
    this.#results = {
      success: results.of(name, 'success'),
      error: results.of(name, 'error'),
      requeue_after: results.of(name, 'requeue_after'),
    };
    const counter = (named: { name: string; help: string }) =>
      registry.counters(named, ['controller']).of(name);
    this.#errors = counter({
      name: 'controller_runtime_reconcile_errors_total',
      help: 'Total number of reconciliation errors per controller',
    });
    const workers = registry.readings(
      {
        name: 'controller_runtime_active_workers',
        help: 'Number of currently used workers per controller',
      },
      ['controller'],
    );
    workers.of(name).read = active;
    this.#conflicts = counter({
      name: 'wherry_controller_conflicts_total',
      help: 'Reconciles whose writes came too late: the object had changed or was gone.',
    });
    this.#writes = counter({
      name: 'wherry_controller_writes_total',
      help: 'Objects that the controller has written.',
    });
  }

  reconciled(result: ReconcileResult, writes: number): void {
    this.#results[result].value++;
    if (result === 'error') this.#errors.value++;
    this.#writes.value += writes;
  }

  conflicted(): void {
    this.#conflicts.value++;
  }
}
