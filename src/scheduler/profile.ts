/** A way to schedule, chosen by a pod's schedulerName. */
import { filters } from './filters/table.ts';
import type { Filter, WeightedScore } from './plugin.ts';
import { scores } from './scores/table.ts';

export interface Profile {
  readonly schedulerName: string;
  readonly filters: readonly Filter[];
  readonly scores: readonly WeightedScore[];
  /** 0: by the size of the cluster. */
  readonly percentageOfNodesToScore: number;
  readonly preempts: boolean;
}

const defaultSchedulerName = 'default-scheduler';

export function makeProfile(options: Partial<Profile> = {}): Profile {
  return {
    schedulerName: defaultSchedulerName,
    filters,
    scores,
    percentageOfNodesToScore: 0,
    preempts: true,
    ...options,
  };
}
