/**
 * Lists of indexes as an indexed Job writes them: `1,3-5,7`.
 * Source of rules and wording: pkg/apis/batch/validation of Kubernetes.
 */

interface Interval {
  readonly first: number;
  readonly last: number;
}

/** An interval, or what is wrong with the text. */
function parseInterval(text: string, completions: number): Interval | string {
  const limits = text.split('-');
  if (limits.length > 2)
    return `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`;
  const numbers: number[] = [];
  for (const limit of limits) {
    if (!/^[+-]?[0-9]+$/.test(limit))
      return `cannot convert string to integer for index: ${JSON.stringify(limit)}`;
    const index = Number(limit);
    if (index >= completions) return `too large index: ${JSON.stringify(limit)}`;
    numbers.push(index);
  }
  const [first, last] = numbers as [number, number | undefined];
  if (last === undefined) return { first, last: first };
  return first >= last ? `non-increasing order, previous: ${first}, current: ${last}` : { first, last };
}

export interface ParsedIndexes {
  readonly intervals: readonly Interval[];
  readonly total: number;
  /** What is wrong, in upstream's words. */
  readonly problem?: string;
}

export function parseIndexes(text: string, completions: number): ParsedIndexes {
  const intervals: Interval[] = [];
  let total = 0;
  if (text === '') return { intervals, total };
  for (const fragment of text.split(',')) {
    const interval = parseInterval(fragment, completions);
    if (typeof interval === 'string') return { intervals, total: 0, problem: interval };
    const previous = intervals.at(-1)?.last;
    if (previous !== undefined && previous >= interval.first)
      return {
        intervals,
        total: 0,
        problem: `non-increasing order, previous: ${previous}, current: ${interval.first}`,
      };
    intervals.push(interval);
    total += interval.last - interval.first + 1;
  }
  return { intervals, total };
}

/** The first index that stands in both lists. Intervals that cannot be read are passed over. One pass: lists are long. */
export function overlapOf(left: string, right: string, completions: number): number | undefined {
  const readable = (text: string) =>
    text.split(',').flatMap((fragment) => {
      const interval = parseInterval(fragment, completions);
      return typeof interval === 'string' ? [] : [interval];
    });
  const ones = readable(left);
  const others = readable(right);
  let oneAt = 0;
  let otherAt = 0;
  while (oneAt < ones.length && otherAt < others.length) {
    const one = ones[oneAt] as Interval;
    const other = others[otherAt] as Interval;
    if (one.first <= other.last && other.first <= one.last) return Math.max(one.first, other.first);
    if (one.first <= other.first) oneAt += 1;
    else otherAt += 1;
  }
  return undefined;
}
