/** What a benchmark file exports as `bench`, and what it measures. See run.ts. */

export interface Measurement {
  /** In a few words, with its size: `LIST of 10,000 pods`. */
  name: string;
  unit: string;
  /** One value per round; the median counts. */
  samples: number[];
  /** The least that could be done on this machine, measured in the same run: what the ratio is taken of. */
  floor?: {
    name: string;
    samples: number[];
    /**
     * The two samples at one place were taken one right after the other: what disturbed one disturbed the other, and
     * their ratio says more than either. The measurement's ratio is then the median of the pairs' ratios.
     */
    isPaired?: boolean;
  };
  /** What the project promises: of the median itself, or of its ratio to the floor. */
  wanted?: { atLeast?: number; atMost?: number; ratioAtLeast?: number };
}

export interface Bench {
  /** Runs in a process of its own, so that memory figures are this benchmark's alone. */
  run(): Promise<Measurement[]>;
}

export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)];
  const lower = sorted[Math.ceil(middle) - 1];
  if (upper === undefined || lower === undefined) throw new Error('a measurement without samples');
  return (lower + upper) / 2;
}

/** Of each pair; undefined when samples were not taken in pairs. */
function pairRatios({ samples, floor }: Measurement): number[] | undefined {
  if (floor?.isPaired !== true) return undefined;
  if (floor.samples.length !== samples.length) throw new Error('a pair without its other half');
  return samples.map((sample, index) => sample / (floor.samples[index] as number));
}

export function ratioToFloor(measurement: Measurement): number | undefined {
  const { samples, floor } = measurement;
  if (floor === undefined) return undefined;
  return median(pairRatios(measurement) ?? [median(samples) / median(floor.samples)]);
}

/**
 * Where the median of the pairs' ratios lies with 95 % confidence, whatever they are distributed like: between the two
 * ratios whose ranks are 0.98 times the root of the number of pairs from the middle. Undefined with fewer than 10 pairs.
 */
export function ratioConfidence(measurement: Measurement): [number, number] | undefined {
  const sorted = pairRatios(measurement)?.toSorted((a, b) => a - b);
  if (sorted === undefined || sorted.length < 10) return undefined;
  const away = 0.98 * Math.sqrt(sorted.length);
  const low = Math.floor(sorted.length / 2 - away);
  return [sorted[low] as number, sorted[sorted.length - 1 - low] as number];
}

/** Whether the promise is kept; undefined when there is none. */
export function isMet(measurement: Measurement): boolean | undefined {
  const { wanted, samples } = measurement;
  if (wanted === undefined) return undefined;
  const value = median(samples);
  const ratio = ratioToFloor(measurement);
  return (
    value >= (wanted.atLeast ?? Number.NEGATIVE_INFINITY) &&
    value <= (wanted.atMost ?? Number.POSITIVE_INFINITY) &&
    (wanted.ratioAtLeast === undefined || (ratio !== undefined && ratio >= wanted.ratioAtLeast))
  );
}
