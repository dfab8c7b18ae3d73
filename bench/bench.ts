/** What a benchmark file exports as `bench`, and what it measures. See run.ts. */

export interface Measurement {
  /** In a few words, with its size: `LIST of 10,000 pods`. */
  name: string;
  unit: string;
  /** One value per round; the median counts. */
  samples: number[];
  /** The least that could be done on this machine, measured in the same run: what the ratio is taken of. */
  floor?: { name: string; samples: number[] };
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

export function ratioToFloor({ samples, floor }: Measurement): number | undefined {
  return floor === undefined ? undefined : median(samples) / median(floor.samples);
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
