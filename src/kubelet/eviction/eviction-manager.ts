/** Ends pods before the node runs out of what all of them need. Source: kubelet/eviction/eviction_manager.go. */
import type { Pod } from '../../kinds/generated/types.ts';
import { qosClass } from '../../kinds/pod/qos.ts';
import { isTolerated } from '../../kinds/pod/taints.ts';
import { type Clock, sleep } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import type { Rejection } from '../admit/rejection.ts';
import { kubeletLimits } from '../limits.ts';
import { type RecordPodEvent, warning } from '../run/pod-event.ts';
import type { Eviction } from '../run/sync-pod.ts';
import { type StatsSource, sum } from '../stats/readings.ts';
import { hasLocalLimits, localExcess } from './local-limits.ts';
import { isCritical, type PodUsage, rankPods, shortageMessage } from './rank.ts';
import {
  type Pressure,
  type PressureTimes,
  pressuresAt,
  resourceOf,
  type Shortage,
  seenPressures,
  shortages,
  type Threshold,
} from './signals.ts';

export interface EvictionOptions {
  readonly stats: StatsSource;
  readonly thresholds: readonly Threshold[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly record: RecordPodEvent;
  /** Those that run, or are to. */
  readonly pods: () => readonly Pod[];
  /** False when it has ended already. */
  readonly evict: (uid: string, eviction: Eviction) => boolean;
  /** Makes room on the disk without ending a pod. */
  readonly reclaimDisk: () => Promise<void>;
}

const memoryTaint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' };
const reason = 'Evicted';

export class EvictionManager {
  readonly #options: EvictionOptions;
  #times: PressureTimes = new Map();

  constructor(options: EvictionOptions) {
    this.#options = options;
  }

  /** What the node's conditions are to say. */
  pressures(): Pressure[] {
    return pressuresAt(this.#times, {
      now: this.#options.clock.monotonic(),
      transitionMilliseconds: kubeletLimits.pressureTransitionMilliseconds,
    });
  }

  /** Under pressure the node takes only what it cannot do without; short of memory, also who has asked for some. */
  readonly admit = (pod: Pod): Rejection | undefined => {
    const pressures = this.pressures();
    if (pressures.length === 0 || isCritical(pod)) return undefined;
    if (pressures.every((pressure) => pressure === 'MemoryPressure')) {
      const hasAsked = qosClass(pod.spec ?? { containers: [] }) !== 'BestEffort';
      if (hasAsked || isTolerated(memoryTaint, pod.spec?.tolerations ?? [])) return undefined;
    }
    return { reason, message: `The node had condition: [${pressures.join(' ')}]. ` };
  };

  /** Until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      try {
        await this.round();
      } catch (failure) {
        log.warn('the node could not be looked at for what runs short', { error: String(failure) });
      }
      if (!signal.aborted) await sleep(clock, kubeletLimits.evictionMilliseconds, signal);
    }
  }

  /** One look. Gives the names of those that were told to go. */
  async round(): Promise<string[]> {
    const local = await this.#overLimits();
    if (local.length > 0) return local;
    const found = await this.#shortages();
    const [first] = found;
    if (first === undefined) return [];
    const shortage = first.signal.includes('fs.') ? await this.#afterReclaim(first) : first;
    if (shortage === undefined) return [];
    return this.#evictOne(shortage);
  }

  async #shortages(): Promise<Shortage[]> {
    const { stats, thresholds, clock } = this.#options;
    const found = shortages(thresholds, await stats.node());
    this.#times = seenPressures(this.#times, found, clock.monotonic());
    return found;
  }

  async #afterReclaim({ signal }: Shortage): Promise<Shortage | undefined> {
    await this.#options.reclaimDisk();
    return (await this.#shortages()).find((shortage) => shortage.signal === signal);
  }

  async #overLimits(): Promise<string[]> {
    const { pods, stats } = this.#options;
    const gone: string[] = [];
    for (const pod of pods()) {
      if (!hasLocalLimits(pod) || isLeaving(pod)) continue;
      const message = localExcess(pod, await stats.disk(pod));
      if (message !== undefined && !isCritical(pod)) gone.push(...this.#evict(pod, message));
    }
    return gone;
  }

  /** One at a time: what it leaves may be enough. */
  async #evictOne(shortage: Shortage): Promise<string[]> {
    const usages: PodUsage[] = [];
    for (const pod of this.#options.pods()) {
      // One that is on its way out leaves what it has.
      if (isLeaving(pod)) continue;
      usages.push(await this.#usage(pod, shortage));
    }
    for (const usage of rankPods(usages, shortage)) {
      const gone = this.#evict(usage.pod, shortageMessage(usage, shortage));
      if (gone.length > 0) return gone;
    }
    this.#options.log.warn('the node runs short, and no pod can go', { signal: shortage.signal });
    return [];
  }

  async #usage(pod: Pod, { signal }: Shortage): Promise<PodUsage> {
    const { stats } = this.#options;
    const resource = resourceOf[signal];
    if (resource === 'memory' || resource === 'pids') {
      const { memoryBytes, containers, pids } = await stats.pod(pod);
      if (resource === 'pids') return { pod, used: pids, containers: new Map() };
      return { pod, used: memoryBytes, containers };
    }
    const { containers, volumes, inodes } = await stats.disk(pod);
    if (resource === 'inodes') return { pod, used: inodes, containers: new Map() };
    return { pod, used: sum(containers.values()) + sum(volumes.values()), containers };
  }

  #evict(pod: Pod, message: string): string[] {
    const { evict, record, log } = this.#options;
    const { uid = '', name = '' } = pod.metadata;
    const graceSeconds = kubeletLimits.evictionGraceSeconds;
    if (!evict(uid, { reason, message, graceSeconds })) return [];
    record(pod, warning(reason, message));
    log.info('a pod is evicted', { pod: name, namespace: pod.metadata.namespace, message });
    return [name];
  }
}

const isLeaving = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined;
