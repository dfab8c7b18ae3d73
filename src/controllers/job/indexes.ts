/**
 * Completion indexes of an Indexed Job, as sorted intervals that do not touch: `1,3-5`.
 * Source of behaviour: pkg/controller/job/indexed_job_utils.go of Kubernetes.
 */
import type { Pod } from '../../kinds/generated/types.ts';
import { getOwn } from '../../kinds/object.ts';

export const indexAnnotation = 'batch.kubernetes.io/job-completion-index';

export interface Interval {
  readonly first: number;
  readonly last: number;
}

export type Intervals = readonly Interval[];

/** What cannot be read is passed over, what is beyond `completions` is cut off. */
export function readIntervals(text: string | undefined, completions: number): Intervals {
  const found: Interval[] = [];
  for (const part of text ? text.split(',') : []) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) continue;
    const first = Number(match[1]);
    if (first >= completions) break;
    found.push({ first, last: Math.min(Number(match[2] ?? match[1]), completions - 1) });
  }
  return merged(found);
}

function merged(intervals: Intervals): Intervals {
  const result: { first: number; last: number }[] = [];
  for (const { first, last } of intervals.toSorted((left, right) => left.first - right.first)) {
    const previous = result.at(-1);
    if (previous === undefined || first > previous.last + 1) result.push({ first, last });
    else previous.last = Math.max(previous.last, last);
  }
  return result;
}

export const withIndexes = (intervals: Intervals, indexes: Iterable<number>): Intervals =>
  merged([...intervals, ...Array.from(indexes, (index) => ({ first: index, last: index }))]);

export const totalOf = (intervals: Intervals): number =>
  intervals.reduce((sum, { first, last }) => sum + last - first + 1, 0);

export const hasIndex = (intervals: Intervals, index: number): boolean =>
  intervals.some(({ first, last }) => first <= index && index <= last);

/** Two neighbours are written `1,2`, three `1-3`. */
export const writeIntervals = (intervals: Intervals): string =>
  intervals
    .map(({ first, last }) => {
      if (first === last) return `${first}`;
      return `${first}${last === first + 1 ? ',' : '-'}${last}`;
    })
    .join(',');

/** How many indexes stand in both. */
export const sharedBy = (left: Intervals, right: Intervals): number =>
  left.reduce(
    (sum, one) =>
      sum +
      right.reduce(
        (shared, other) =>
          shared + Math.max(0, Math.min(one.last, other.last) - Math.max(one.first, other.first) + 1),
        0,
      ),
    0,
  );

/** The first `count` indexes below `completions` that `taken` leaves free. */
export function firstFree(taken: Intervals, count: number, completions: number): number[] {
  const free: number[] = [];
  let candidate = 0;
  for (const { first, last } of [...taken, { first: completions, last: completions }]) {
    for (; candidate < Math.min(first, completions) && free.length < count; candidate++) free.push(candidate);
    candidate = Math.max(candidate, last + 1);
  }
  return free;
}

/** The pod's index, or undefined when it has none that can be used. */
export function indexOf(pod: Pod, completions: number): number | undefined {
  const text = getOwn(pod.metadata.annotations, indexAnnotation) ?? '';
  if (!/^\d+$/.test(text)) return undefined;
  const index = Number(text);
  return index < completions ? index : undefined;
}
