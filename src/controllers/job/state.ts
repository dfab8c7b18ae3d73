/** What a Job has come to, counted from its status and the pods that are not counted there yet. */
import type { Job, JobCondition, JobSpec, Pod } from '../../kinds/generated/types.ts';
import { getOwn } from '../../kinds/object.ts';
import { isActive, isReady, isTerminating, timeOf } from '../pods.ts';
import { conditionOf, isTrue, jobCondition } from './conditions.ts';
import { hasIndex, type Intervals, indexOf, readIntervals, totalOf, withIndexes } from './indexes.ts';
import { finishedAt, hasFailed, hasSucceeded, isTracked } from './pods.ts';
import { judgeFailure, successRule } from './policies.ts';

export const failureCountAnnotation = 'batch.kubernetes.io/job-index-failure-count';
export const ignoredCountAnnotation = 'batch.kubernetes.io/job-index-ignored-failure-count';

export interface JobState {
  readonly job: Job;
  readonly spec: JobSpec;
  readonly now: number;
  readonly startTime: string | undefined;
  readonly isIndexed: boolean;
  readonly pods: readonly Pod[];
  readonly active: readonly Pod[];
  readonly ready: number;
  readonly terminating: number;
  readonly succeeded: number;
  /** Those that stand in the status, without what has succeeded since. */
  readonly previousIndexes: Intervals;
  readonly succeededIndexes: Intervals;
  /** Only of a Job with a limit per index. */
  readonly failedIndexes: Intervals | undefined;
  /** By index, the failed pod that is kept until its replacement has taken over its number of failures. */
  readonly replaceable: ReadonlyMap<number, Pod>;
  /** FailureTarget or SuccessCriteriaMet: how the Job is going to end. */
  readonly verdict: JobCondition | undefined;
}

export const isSuspended = ({ spec }: Job): boolean => spec?.suspend === true;
const isIndexedJob = ({ spec }: Job): boolean => spec?.completionMode === 'Indexed';

export const countIn = (pod: Pod, annotation: string): number =>
  Number.parseInt(getOwn(pod.metadata.annotations, annotation) ?? '', 10) || 0;

function hasIndexFailed(pod: Pod, job: Job): boolean {
  const spec = job.spec as JobSpec;
  if (!hasFailed(pod, job)) return false;
  const { action, counts } = judgeFailure(spec, pod);
  if (action === 'FailIndex') return true;
  return counts && countIn(pod, failureCountAnnotation) >= (spec.backoffLimitPerIndex ?? 0);
}

/** Restarts of containers count too when the pods restart them themselves. */
function restartsExceed({ backoffLimit = 6, template }: JobSpec, pods: readonly Pod[]): boolean {
  if (template.spec?.restartPolicy !== 'OnFailure') return false;
  const restarts = pods
    .filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending')
    .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0);
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit;
}

/** Until the deadline; undefined when there is none or the clock does not run. */
export function millisecondsToDeadline(state: Pick<JobState, 'job' | 'spec' | 'startTime' | 'now'>) {
  const { activeDeadlineSeconds } = state.spec;
  const start = timeOf(state.startTime);
  if (activeDeadlineSeconds === undefined || start === undefined || isSuspended(state.job)) return undefined;
  return start + activeDeadlineSeconds * 1000 - state.now;
}

function replaceableOf(state: Omit<JobState, 'verdict' | 'replaceable'>): Map<number, Pod> {
  const { job, spec, active, succeededIndexes, failedIndexes = [] } = state;
  const completions = spec.completions ?? 0;
  const busy = new Set(active.map((pod) => indexOf(pod, completions)));
  const found = new Map<number, Pod>();
  for (const pod of state.pods) {
    const index = indexOf(pod, completions);
    if (index === undefined || busy.has(index) || !isTracked(pod) || !hasFailed(pod, job)) continue;
    if (hasIndex(succeededIndexes, index) || hasIndex(failedIndexes, index)) continue;
    const before = found.get(index);
    const total = (each: Pod) =>
      countIn(each, failureCountAnnotation) + countIn(each, ignoredCountAnnotation);
    if (before === undefined || (total(before) <= total(pod) && finishedAt(before) <= finishedAt(pod)))
      found.set(index, pod);
  }
  return found;
}

interface Failure {
  readonly reason: string;
  readonly message: string;
}

function failureOf(state: Omit<JobState, 'verdict'>, failed: number): Failure | undefined {
  const { job, spec, pods, failedIndexes, succeededIndexes } = state;
  const fatal = pods
    .filter((pod) => hasFailed(pod, job))
    .map((pod) => judgeFailure(spec, pod).message)
    .find((message) => message !== undefined);
  if (fatal !== undefined) return { reason: 'PodFailurePolicy', message: fatal };
  if (failed > (spec.backoffLimit ?? 6) || restartsExceed(spec, pods))
    return { reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
  if ((millisecondsToDeadline(state) ?? 1) <= 0)
    return { reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
  if (failedIndexes === undefined) return undefined;
  const lost = totalOf(failedIndexes);
  if (spec.maxFailedIndexes !== undefined && lost > spec.maxFailedIndexes)
    return {
      reason: 'MaxFailedIndexesExceeded',
      message: 'Job has exceeded the specified maximal number of failed indexes',
    };
  return lost > 0 && lost + totalOf(succeededIndexes) >= (spec.completions ?? 0)
    ? { reason: 'FailedIndexes', message: 'Job has failed indexes' }
    : undefined;
}

/** What was decided once stays: first that it succeeds, then that it fails. */
function verdictOf(state: Omit<JobState, 'verdict'>, failed: number): JobCondition | undefined {
  const { job, spec, now, isIndexed, succeededIndexes } = state;
  for (const type of ['SuccessCriteriaMet', 'FailureTarget']) {
    const decided = conditionOf(job, type);
    if (isTrue(decided)) return decided;
  }
  const failure = failureOf(state, failed);
  if (failure !== undefined) return jobCondition('FailureTarget', failure, now);
  const message = isIndexed ? successRule(spec, succeededIndexes) : undefined;
  if (message === undefined) return undefined;
  return jobCondition('SuccessCriteriaMet', { reason: 'SuccessPolicy', message }, now);
}

/** `startTime` is when the Job began, which may be now. */
export function stateOf(
  job: Job,
  pods: readonly Pod[],
  { now, startTime }: { now: number; startTime: string | undefined },
): JobState {
  const spec = job.spec as JobSpec;
  const isIndexed = isIndexedJob(job);
  const completions = spec.completions ?? 0;
  const uncounted = job.status?.uncountedTerminatedPods ?? {};
  const isNew = (pod: Pod, counted: readonly string[] = []) =>
    isTracked(pod) &&
    !counted.includes(pod.metadata.uid ?? '') &&
    (!isIndexed || indexOf(pod, completions) !== undefined);
  const newlySucceeded = pods.filter((pod) => hasSucceeded(pod) && isNew(pod, uncounted.succeeded));
  const newlyFailed = pods.filter((pod) => hasFailed(pod, job) && isNew(pod, uncounted.failed));
  const failed =
    (job.status?.failed ?? 0) +
    (uncounted.failed?.length ?? 0) +
    newlyFailed.filter((pod) => judgeFailure(spec, pod).counts).length;
  const previousIndexes = isIndexed ? readIntervals(job.status?.completedIndexes, completions) : [];
  const indexesOf = (list: readonly Pod[]) =>
    list.map((pod) => indexOf(pod, completions)).filter((index) => index !== undefined);
  const succeededIndexes = isIndexed ? withIndexes(previousIndexes, indexesOf(newlySucceeded)) : [];
  const active = pods.filter(isActive);
  const isPerIndex = isIndexed && spec.backoffLimitPerIndex !== undefined;
  const counted = {
    job,
    spec,
    now,
    startTime,
    isIndexed,
    pods,
    active,
    ready: active.filter(isReady).length,
    terminating: pods.filter(isTerminating).length,
    succeeded: isIndexed
      ? totalOf(succeededIndexes)
      : (job.status?.succeeded ?? 0) + (uncounted.succeeded?.length ?? 0) + newlySucceeded.length,
    previousIndexes,
    succeededIndexes,
    failedIndexes: isPerIndex
      ? withIndexes(
          readIntervals(job.status?.failedIndexes, completions),
          indexesOf(pods.filter((pod) => isTracked(pod) && hasIndexFailed(pod, job))),
        )
      : undefined,
  };
  const state = { ...counted, replaceable: isPerIndex ? replaceableOf(counted) : new Map<number, Pod>() };
  return { ...state, verdict: verdictOf(state, failed) };
}
