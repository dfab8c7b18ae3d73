/** Which start of a CronJob is due. Source of behaviour: pkg/controller/cronjob/utils.go of Kubernetes. */
import type { CronJob } from '../../kinds/generated/types.ts';
import { timeOf } from '../pods.ts';
import type { Schedule } from './schedule.ts';

const manyMissed = 100;
/** The clocks of others may be a little behind: upstream comes this much after the time. */
const lateMilliseconds = 100;

interface Recent {
  /** Where the search began. */
  readonly earliest: number;
  readonly at: number | undefined;
  readonly missed: number;
}

function mostRecent(
  cronJob: CronJob,
  schedule: Schedule,
  options: { now: number; withDeadline: boolean },
): Recent {
  const { now, withDeadline } = options;
  const { startingDeadlineSeconds } = cronJob.spec ?? {};
  let earliest =
    timeOf(cronJob.status?.lastScheduleTime) ?? timeOf(cronJob.metadata.creationTimestamp) ?? now;
  if (withDeadline && startingDeadlineSeconds !== undefined)
    earliest = Math.max(earliest, now - startingDeadlineSeconds * 1000);
  const first = schedule(earliest);
  const second = first === undefined ? undefined : schedule(first);
  if (first === undefined || now < first) return { earliest, at: undefined, missed: 0 };
  if (second === undefined || now < second) return { earliest, at: first, missed: 0 };
  // Near the end of what was missed, by the distance of the first two: one step back for schedules that are not even.
  const period = second - first;
  const missed = Math.floor((now - first) / period) + 1;
  let at: number | undefined;
  let next = schedule(first + (missed - 2) * period);
  while (next !== undefined && next <= now) {
    at = next;
    next = schedule(next);
  }
  return { earliest, at, missed };
}

/** The latest start that is due, if one is, and whether very many were missed before it. */
export function dueStart(
  cronJob: CronJob,
  schedule: Schedule,
  now: number,
): { at?: number; tooMany: boolean } {
  const { at, missed } = mostRecent(cronJob, schedule, { now, withDeadline: true });
  return at === undefined ? { tooMany: false } : { at, tooMany: missed > manyMissed };
}

/** Milliseconds to the next start; undefined when there is none. */
export function untilNext(cronJob: CronJob, schedule: Schedule, now: number): number | undefined {
  const { earliest, at, missed } = mostRecent(cronJob, schedule, { now, withDeadline: false });
  const next = schedule(at ?? (missed === 0 ? earliest : now));
  return next === undefined ? undefined : Math.max(next + lateMilliseconds - now, lateMilliseconds);
}
