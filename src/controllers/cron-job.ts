/** CronJobs: a Job at each time of a schedule. Source of behaviour: pkg/controller/cronjob of Kubernetes. */
import { isDeepStrictEqual } from 'node:util';
import {
  type Change,
  create,
  event,
  patch,
  referenceTo,
  remove,
  requeueAfter,
  updateStatus,
} from '../client/change.ts';
import { type Controller, controllerOf, defineController, self } from '../client/controller.ts';
import { keyOf } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type { CronJob, CronJobStatus, Job, ObjectReference } from '../kinds/generated/types.ts';
import { scheduleProblem, timeZoneProblem } from '../kinds/job/schedule.ts';
import { getOwn, setOwn } from '../kinds/object.ts';
import { timestamp } from '../lib/timestamp.ts';
import { dueStart, untilNext } from './cron-job/due.ts';
import { readSchedule, type Schedule, zonedTimestamp } from './cron-job/schedule.ts';
import { finishedCondition } from './job/conditions.ts';
import { controllerReference } from './owner.ts';
import { timeOf } from './pods.ts';

const cronJobKind = { apiVersion: 'batch/v1', kind: 'CronJob' } as const;
const scheduledAnnotation = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

type Text = { type: 'Normal' | 'Warning'; reason: string; message: string };
const normal = (reason: string, message: string): Text => ({ type: 'Normal', reason, message });
const warning = (reason: string, message: string): Text => ({ type: 'Warning', reason, message });

const scheduledTime = ({ metadata }: Job): number | undefined =>
  timeOf(getOwn(metadata.annotations, scheduledAnnotation));

/** The newest of the Jobs that may stay, and the others. Source: removeOldestJobs. */
function overLimit(jobs: readonly Job[], limit: number | undefined): readonly Job[] {
  if (limit === undefined || jobs.length <= limit) return [];
  const startOf = ({ status }: Job) => timeOf(status?.startTime) ?? Number.POSITIVE_INFINITY;
  const order = jobs.toSorted(
    (left, right) =>
      startOf(left) - startOf(right) || ((left.metadata.name ?? '') < (right.metadata.name ?? '') ? -1 : 1),
  );
  return order.slice(0, jobs.length - limit);
}

function removeJob(cronJob: CronJob, job: Job): Change {
  const regarding = referenceTo('CronJob', cronJob);
  return remove('Job', job, {
    propagationPolicy: 'Background',
    onSuccess: { regarding, ...normal('SuccessfulDelete', 'Deleted job {name}') },
    onFailure: { regarding, ...warning('FailedDelete', 'Deleted job: {error}') },
  });
}

interface Seen {
  readonly active: readonly ObjectReference[];
  readonly lastSchedule: number | undefined;
  readonly lastSuccess: number | undefined;
  readonly texts: readonly Text[];
}

/** Compares the list of active Jobs with those that are there. */
function look(cronJob: CronJob, jobs: readonly Job[]): Seen {
  const listed = cronJob.status?.active ?? [];
  const byUid = new Map(jobs.map((job) => [job.metadata.uid, job]));
  const texts: Text[] = [];
  const started: ObjectReference[] = [];
  let lastSchedule = timeOf(cronJob.status?.lastScheduleTime);
  let lastSuccess = timeOf(cronJob.status?.lastSuccessfulTime);
  for (const job of jobs) {
    const name = job.metadata.name ?? '';
    const isListed = listed.some(({ uid }) => uid === job.metadata.uid);
    const finished = finishedCondition(job);
    const scheduled = scheduledTime(job);
    if (scheduled !== undefined && scheduled > (lastSchedule ?? 0)) lastSchedule = scheduled;
    const isGoing = job.metadata.deletionTimestamp !== undefined;
    if (isGoing && !isListed) continue;
    if (finished === undefined && !isListed && scheduled !== undefined) started.push(referenceTo('Job', job));
    else if (finished === undefined && !isListed)
      texts.push(warning('UnexpectedJob', `Saw a job that the controller did not create or forgot: ${name}`));
    if (finished !== undefined && isListed)
      texts.push(normal('SawCompletedJob', `Saw completed job: ${name}, condition: ${finished.type}`));
    const completed = finished?.type === 'Complete' ? timeOf(job.status?.completionTime) : undefined;
    if (completed !== undefined && completed > (lastSuccess ?? 0)) lastSuccess = completed;
  }
  const active = listed.filter(({ uid, name }) => {
    const job = byUid.get(uid);
    if (job === undefined) texts.push(normal('MissingJob', `Active job went missing: ${name}`));
    return job !== undefined && finishedCondition(job) === undefined;
  });
  return { active: [...active, ...started], lastSchedule, lastSuccess, texts };
}

function statusChanges(cronJob: CronJob, seen: Seen, active: readonly ObjectReference[]): Change[] {
  const { lastSchedule, lastSuccess } = seen;
  const status: CronJobStatus = {
    ...(active.length === 0 ? {} : { active: [...active] }),
    ...(lastSchedule === undefined ? {} : { lastScheduleTime: timestamp(lastSchedule) }),
    ...(lastSuccess === undefined ? {} : { lastSuccessfulTime: timestamp(lastSuccess) }),
  };
  return isDeepStrictEqual(status, cronJob.status ?? {})
    ? []
    : [updateStatus('CronJob', { ...cronJob, status })];
}

/** The minutes since the epoch are in its name, so that one start never makes two. */
const jobNameAt = ({ metadata }: CronJob, at: number): string =>
  `${metadata.name}-${Math.floor(at / 60_000)}`;

function newJob(cronJob: CronJob, at: number): Job {
  const { jobTemplate, timeZone } = cronJob.spec ?? {};
  const { labels, annotations = {} } = structuredClone(jobTemplate?.metadata ?? {});
  setOwn(annotations, scheduledAnnotation, zonedTimestamp(at, timeZone));
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobNameAt(cronJob, at),
      namespace: cronJob.metadata.namespace,
      ...(labels === undefined ? {} : { labels }),
      annotations,
      ownerReferences: [controllerReference(cronJob, cronJobKind)],
    },
    spec: structuredClone(jobTemplate?.spec),
  };
}

/** `Thu, 01 Jan 2026 00:00:00 +0000` */
const longTime = (at: number): string => new Date(at).toUTCString().replace('GMT', '+0000');

type Decision = { start: number; replaces: boolean; texts: readonly Text[] } | { texts: readonly Text[] };

function decide(
  cronJob: CronJob,
  seen: Seen,
  { schedule, now }: { schedule: Schedule; now: number },
): Decision {
  const { startingDeadlineSeconds, concurrencyPolicy } = cronJob.spec ?? {};
  const { at, tooMany } = dueStart(cronJob, schedule, now);
  if (at === undefined) return { texts: [] };
  const texts = tooMany
    ? [
        warning(
          'TooManyMissedTimes',
          'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
        ),
      ]
    : [];
  if (startingDeadlineSeconds !== undefined && at + startingDeadlineSeconds * 1000 < now)
    return {
      texts: [...texts, warning('MissSchedule', `Missed scheduled time to start a job: ${longTime(at)}`)],
    };
  const name = jobNameAt(cronJob, at);
  if (seen.active.some((each) => each.name === name) || seen.lastSchedule === at) return { texts };
  if (concurrencyPolicy === 'Forbid' && seen.active.length > 0) {
    const why = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    return { texts: [...texts, normal('JobAlreadyActive', why)] };
  }
  return { start: at, replaces: concurrencyPolicy === 'Replace', texts };
}

/** Makes the Job, and writes down that it was made before anything else can be decided. */
function startJob(cronJob: CronJob, at: number): Change[] {
  const regarding = referenceTo('CronJob', cronJob);
  const created = create('Job', newJob(cronJob, at), {
    existsIsFine: true,
    onSuccess: { regarding, ...normal('SuccessfulCreate', 'Created job {name}') },
    onFailure: { regarding, ...warning('FailedCreate', 'Error creating job: {error}') },
  });
  const status = { lastScheduleTime: timestamp(at) };
  const written = patch('CronJob', keyOf(cronJob), {
    patch: { metadata: { uid: cronJob.metadata.uid }, status },
    subresource: 'status',
  });
  return [created, written];
}

function planCronJob(cronJob: CronJob, jobs: readonly Job[], now: number): Change[] {
  const { spec } = cronJob;
  const ended = (type: string) => jobs.filter((job) => finishedCondition(job)?.type === type);
  const old = new Set([
    ...overLimit(ended('Complete'), spec?.successfulJobsHistoryLimit),
    ...overLimit(ended('Failed'), spec?.failedJobsHistoryLimit),
  ]);
  const seen = look(cronJob, jobs);
  const tell = (texts: readonly Text[]) => texts.map((text) => event('CronJob', cronJob, text));
  const cleaned = [...old].map((job) => removeJob(cronJob, job));
  const resting = (...texts: Text[]) => [
    ...cleaned,
    ...statusChanges(cronJob, seen, seen.active),
    ...tell([...seen.texts, ...texts]),
  ];
  if (cronJob.metadata.deletionTimestamp !== undefined) return resting();
  const { timeZone, schedule: text = '' } = spec ?? {};
  const zoneProblem = timeZone === undefined ? undefined : timeZoneProblem(timeZone);
  if (zoneProblem !== undefined)
    return resting(
      warning('UnknownTimeZone', `invalid timeZone: ${JSON.stringify(timeZone)}: ${zoneProblem}`),
    );
  if (spec?.suspend === true) return resting();
  const problem = scheduleProblem(text);
  if (problem !== undefined)
    return resting(
      warning('UnparseableSchedule', `unparseable schedule: ${JSON.stringify(text)} : ${problem}`),
    );
  const schedule = readSchedule(text, timeZone);
  const decision = decide(cronJob, seen, { schedule, now });
  const wait = untilNext(cronJob, schedule, now);
  const waiting = wait === undefined ? [] : [requeueAfter(wait)];
  if (!('start' in decision)) return [...resting(...decision.texts), ...waiting];
  const replaced = decision.replaces
    ? jobs.filter((job) => seen.active.some(({ uid }) => uid === job.metadata.uid))
    : [];
  return [
    ...cleaned,
    ...statusChanges(cronJob, seen, decision.replaces ? [] : seen.active),
    ...tell([...seen.texts, ...decision.texts]),
    ...replaced.map((job) => removeJob(cronJob, job)),
    ...startJob(cronJob, decision.start),
    ...waiting,
  ];
}

export const cronJob: Controller = defineController({
  name: 'cron-job',
  eventSource: 'cronjob-controller',
  watches: { CronJob: self, Job: controllerOf('CronJob') },
  reconcile(key: string, view: View): Change[] {
    const found = view.get('CronJob', key);
    if (found === undefined) return [];
    const jobs = view
      .byIndex('Job', 'controllerUid', found.metadata.uid ?? '')
      .toSorted((left, right) => ((left.metadata.name ?? '') < (right.metadata.name ?? '') ? -1 : 1));
    return planCronJob(found, jobs, view.now());
  },
});
