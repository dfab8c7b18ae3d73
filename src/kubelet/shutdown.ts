/**
 * Ends a node's pods in order before the machine goes down: first those that the cluster can do without. Source:
 * kubelet/nodeshutdown (KEP-2000, KEP-2712).
 */
import type { Pod } from '../kinds/generated/types.ts';
import { type Clock, sleep } from '../lib/clock.ts';
import type { Rejection } from './admit/rejection.ts';
import { criticalPriorityMin } from './eviction/rank.ts';
import type { Eviction } from './run/sync-pod.ts';

export interface ShutdownPeriod {
  /** For pods of this priority and above, up to the next one's. */
  readonly priority: number;
  readonly seconds: number;
}

/** Who looks after pods. */
export interface ShutdownWorkers {
  active(): readonly Pod[];
  evict(uid: string, eviction: Eviction): boolean;
  /** When what is known of them has been told to the server, as far as it takes it. */
  settled(): Promise<void>;
}

/** Who tells the server of the node. */
export interface ShutdownNode {
  wake(): void;
}

/** Of `--shutdown-grace-period` and `--shutdown-grace-period-critical-pods`: the second is part of the first. */
export function shutdownPeriods(seconds: number, criticalSeconds: number): ShutdownPeriod[] {
  return [
    { priority: 0, seconds: Math.max(0, seconds - criticalSeconds) },
    { priority: criticalPriorityMin, seconds: Math.min(seconds, criticalSeconds) },
  ];
}

/** The last of the ascending periods that the priority reaches; the first for what is below all. */
function periodOf(periods: readonly ShutdownPeriod[], priority: number): ShutdownPeriod | undefined {
  return periods.findLast((period) => priority >= period.priority) ?? periods[0];
}

const eviction = {
  reason: 'Terminated',
  message: 'Pod was terminated in response to imminent node shutdown.',
};

export class NodeShutdown {
  readonly #clock: Clock;
  #workers: ShutdownWorkers | undefined;
  #node: ShutdownNode | undefined;
  #isUnderWay = false;

  constructor(options: { clock: Clock }) {
    this.#clock = options.clock;
  }

  /** Made before the agent, which says who looks after its pods, and who tells of its node. */
  follow(workers: ShutdownWorkers, node: ShutdownNode): void {
    this.#workers = workers;
    this.#node = node;
  }

  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  readonly admit = (): Rejection | undefined =>
    this.#isUnderWay
      ? { reason: 'NodeShutdown', message: 'Pod was rejected as the node is shutting down.' }
      : undefined;

  /** Resolves when all pods have ended, or every period is over. The agent must go on until then. */
  async shutdownNode(periods: readonly ShutdownPeriod[]): Promise<void> {
    this.#isUnderWay = true;
    // Nobody is to send pods here any more.
    this.#node?.wake();
    const ascending = [...periods].sort((left, right) => left.priority - right.priority);
    for (const period of ascending) {
      const isOfPeriod = (pod: Pod): boolean => periodOf(ascending, pod.spec?.priority ?? 0) === period;
      const left = () => (this.#workers?.active() ?? []).filter(isOfPeriod);
      for (const { metadata } of left())
        this.#workers?.evict(metadata.uid ?? '', { ...eviction, graceSeconds: period.seconds });
      const deadline = this.#clock.monotonic() + period.seconds * 1000;
      while (left().length > 0 && this.#clock.monotonic() < deadline)
        await sleep(this.#clock, lookMilliseconds);
    }
    await this.#workers?.settled();
  }
}

const lookMilliseconds = 100;
