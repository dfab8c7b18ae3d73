/**
 * What of the node runs short, and since when it is said to. Pure. Source: kubelet/eviction/helpers.go (thresholds,
 * conditions), defaults_linux.go.
 */
import { type Quantity, quantityOf } from '../../lib/quantity.ts';
import type { NodeReading } from '../stats/readings.ts';

export type Signal =
  | 'memory.available'
  | 'nodefs.available'
  | 'nodefs.inodesFree'
  | 'imagefs.available'
  | 'imagefs.inodesFree'
  | 'pid.available';

export type Pressure = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';

export interface Threshold {
  readonly signal: Signal;
  /** One of both: an amount, or a share of the whole. */
  readonly amount?: number;
  readonly share?: number;
}

/** Upstream's, for Linux. */
export const defaultThresholds: readonly Threshold[] = [
  { signal: 'memory.available', amount: 100 * 2 ** 20 },
  { signal: 'nodefs.available', share: 0.1 },
  { signal: 'nodefs.inodesFree', share: 0.05 },
  { signal: 'imagefs.available', share: 0.15 },
  { signal: 'imagefs.inodesFree', share: 0.05 },
];

const pressureOf: Readonly<Record<Signal, Pressure>> = {
  'memory.available': 'MemoryPressure',
  'nodefs.available': 'DiskPressure',
  'nodefs.inodesFree': 'DiskPressure',
  'imagefs.available': 'DiskPressure',
  'imagefs.inodesFree': 'DiskPressure',
  'pid.available': 'PIDPressure',
};

/** What pods are told was short. */
export const resourceOf: Readonly<Record<Signal, string>> = {
  'memory.available': 'memory',
  'nodefs.available': 'ephemeral-storage',
  'nodefs.inodesFree': 'inodes',
  'imagefs.available': 'ephemeral-storage',
  'imagefs.inodesFree': 'inodes',
  'pid.available': 'pids',
};

export interface Shortage {
  readonly signal: Signal;
  readonly threshold: Quantity;
  readonly available: Quantity;
}

function levels(reading: NodeReading, signal: Signal): { available: number; capacity: number } {
  const { memory, nodefs, imagefs, pids } = reading;
  switch (signal) {
    case 'memory.available':
      return { available: memory.availableBytes, capacity: memory.capacityBytes };
    case 'nodefs.available':
      return { available: nodefs.availableBytes, capacity: nodefs.capacityBytes };
    case 'nodefs.inodesFree':
      return { available: nodefs.inodesFree, capacity: nodefs.inodes };
    case 'imagefs.available':
      return { available: imagefs.availableBytes, capacity: imagefs.capacityBytes };
    case 'imagefs.inodesFree':
      return { available: imagefs.inodesFree, capacity: imagefs.inodes };
    case 'pid.available':
      return { available: pids.available, capacity: pids.max };
  }
}

/** Memory first: it runs out faster than anything can be removed. What has no capacity is not counted there. */
export function shortages(thresholds: readonly Threshold[], reading: NodeReading): Shortage[] {
  return thresholds
    .flatMap(({ signal, amount, share = 0 }) => {
      const { available, capacity } = levels(reading, signal);
      const least = amount ?? Math.floor(capacity * share);
      if (capacity === 0 || available >= least) return [];
      const format = signal === 'pid.available' || signal.endsWith('inodesFree') ? 'DecimalSI' : 'BinarySI';
      return [{ signal, threshold: quantityOf(least, format), available: quantityOf(available, format) }];
    })
    .sort((left, right) => rank(left.signal) - rank(right.signal));
}

const rank = (signal: Signal): number => (signal === 'memory.available' ? 0 : 1);

/** When each pressure was seen last; what was not seen for the transition period is over. */
export type PressureTimes = ReadonlyMap<Pressure, number>;

export function seenPressures(before: PressureTimes, found: readonly Shortage[], now: number): PressureTimes {
  const times = new Map(before);
  for (const { signal } of found) times.set(pressureOf[signal], now);
  return times;
}

export function pressuresAt(
  times: PressureTimes,
  { now, transitionMilliseconds }: { now: number; transitionMilliseconds: number },
): Pressure[] {
  return [...times].filter(([, at]) => now - at < transitionMilliseconds).map(([pressure]) => pressure);
}

/** `memory.available<100Mi,nodefs.available<10%`; the empty text is none at all. Throws for anything else. */
export function readThresholds(text: string): Threshold[] {
  if (text === '') return [];
  return text.split(',').map((part) => {
    const match = /^([a-zA-Z.]+)<(\d+(?:\.\d+)?)(%|Ki|Mi|Gi)?$/.exec(part.trim());
    const signal = match?.[1] as Signal | undefined;
    if (match === null || signal === undefined || !Object.hasOwn(pressureOf, signal))
      throw new RangeError(
        `no threshold: ${JSON.stringify(part)}; wanted is memory.available<100Mi or nodefs.available<10%`,
      );
    const number = Number(match[2]);
    if (match[3] === '%') return { signal, share: number / 100 };
    const unit = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 }[match[3] ?? ''] ?? 1;
    return { signal, amount: Math.floor(number * unit) };
  });
}
