/** Jobs: pods that are to end well, so and so often. Source of behaviour: pkg/controller/job of Kubernetes. */
import { isDeepStrictEqual } from 'node:util';
import { type Change, event, requeueAfter, updateStatus } from '../client/change.ts';
import { type Controller, defineController, self } from '../client/controller.ts';
import { objectKey } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type { Job, JobCondition, JobStatus, Pod } from '../kinds/generated/types.ts';
import { isUsableSelector } from '../kinds/label-selector.ts';
import { getOwn } from '../kinds/object.ts';
import { timestamp } from '../lib/timestamp.ts';
import { conditionOf, finishedCondition, isTrue, jobCondition } from './job/conditions.ts';
import { totalOf, writeIntervals } from './job/indexes.ts';
import { deletePods, jobKind, type Managed, managePods } from './job/manage.ts';
import { isTracked, track, untrack } from './job/pods.ts';
import { isSuspended, type JobState, millisecondsToDeadline, stateOf } from './job/state.ts';
import { type Tracked, trackPods } from './job/track.ts';
import { claimObjects, controllerOfObject, ownersOf } from './owner.ts';
import { orphanNamespace, ownedAndOrphanedPods } from './pods.ts';
import { unlessZero } from './replicas.ts';

const managerName = 'kubernetes.io/job-controller';

/** The Job that has to take its finalizer from the pod; a name that is not known leads to nobody, who takes it as well. */
function trackerKey(pod: Pod): string[] {
  if (!isTracked(pod)) return [];
  const { namespace = '', labels } = pod.metadata;
  const controller = controllerOfObject(pod);
  if (controller !== undefined)
    return controller.kind === jobKind.kind && controller.apiVersion === jobKind.apiVersion
      ? [objectKey(namespace, controller.name)]
      : [];
  return [`${namespace}/${getOwn(labels, 'batch.kubernetes.io/job-name') ?? ''}`];
}

/** Enough has succeeded, and nothing runs any more. */
function isComplete({ spec, succeeded }: JobState, active: number): boolean {
  return active === 0 && (spec.completions === undefined ? succeeded > 0 : succeeded >= spec.completions);
}

interface Outcome {
  readonly conditions: JobCondition[];
  readonly startTime: string | undefined;
  readonly finished?: JobCondition;
  readonly events: readonly Change[];
}

/** Suspended says whether the Job was stopped. */
function suspension({ job, now, startTime }: JobState): Outcome {
  const conditions = [...(job.status?.conditions ?? [])];
  const at = conditions.findIndex(({ type }) => type === 'Suspended');
  const wanted = isSuspended(job);
  if (at === -1 ? !wanted : isTrue(conditions[at]) === wanted) return { conditions, startTime, events: [] };
  const reason = wanted ? 'Suspended' : 'Resumed';
  const message = `Job ${wanted ? 'suspended' : 'resumed'}`;
  const status = wanted ? 'True' : 'False';
  const condition = jobCondition('Suspended', { status, reason: `Job${reason}`, message }, now);
  conditions.splice(at === -1 ? conditions.length : at, 1, condition);
  return {
    conditions,
    startTime,
    events: [event('Job', job, { type: 'Normal', reason, message })],
  };
}

function finishEvents(
  { job, spec }: JobState,
  { type, reason = '', message = '' }: JobCondition,
  succeeded: number,
) {
  if (type === 'Failed') return [event('Job', job, { type: 'Warning', reason, message })];
  const tooMany = {
    type: 'Warning',
    reason: 'TooManySucceededPods',
    message: 'Too many succeeded pods with respect to .spec.completions',
  } as const;
  return [
    ...(spec.completions !== undefined && succeeded > spec.completions ? [event('Job', job, tooMany)] : []),
    event('Job', job, { type: 'Normal', reason: 'Completed', message: 'Job completed' }),
  ];
}

/** First it is written how the Job will end; that it has, only when all its pods are counted and gone. */
function outcomeOf(state: JobState, tracked: Tracked, managed: Managed): Outcome {
  const { job, now, startTime } = state;
  let { verdict } = state;
  const isGoing = job.metadata.deletionTimestamp !== undefined;
  if (verdict === undefined && isComplete(state, managed.active)) {
    const message = 'Reached expected number of succeeded pods';
    verdict = jobCondition('SuccessCriteriaMet', { reason: 'CompletionsReached', message }, now);
  }
  if (verdict === undefined)
    return isGoing
      ? { conditions: [...(job.status?.conditions ?? [])], startTime, events: [] }
      : suspension(state);
  const conditions = [...(job.status?.conditions ?? [])];
  if (conditionOf(job, verdict.type) === undefined) conditions.push(verdict);
  const { reason = '', message = '', type } = verdict;
  const isPending =
    tracked.done.length > 0 ||
    Object.keys(tracked.uncounted).length > 0 ||
    managed.active > 0 ||
    managed.terminating > 0;
  if (isPending) return { conditions, startTime, events: [] };
  const end = type === 'FailureTarget' ? 'Failed' : 'Complete';
  const finished = jobCondition(end, { reason, message }, now);
  const succeeded = state.isIndexed ? totalOf(tracked.completedIndexes) : tracked.succeeded;
  conditions.push(finished);
  return { conditions, startTime, finished, events: finishEvents(state, finished, succeeded) };
}

function statusOf(state: JobState, tracked: Tracked, managed: Managed & { outcome: Outcome }): JobStatus {
  const { conditions, startTime, finished } = managed.outcome;
  const { isIndexed, failedIndexes } = state;
  const completedIndexes = writeIntervals(tracked.completedIndexes);
  return {
    ...(conditions.length === 0 ? {} : { conditions }),
    ...(startTime === undefined ? {} : { startTime }),
    ...(finished?.type === 'Complete' ? { completionTime: finished.lastTransitionTime } : {}),
    ...unlessZero('active', managed.active),
    ...unlessZero('succeeded', isIndexed ? totalOf(tracked.completedIndexes) : tracked.succeeded),
    ...unlessZero('failed', tracked.failed),
    terminating: managed.terminating,
    ...(isIndexed && completedIndexes !== '' ? { completedIndexes } : {}),
    ...(failedIndexes === undefined ? {} : { failedIndexes: writeIntervals(failedIndexes) }),
    uncountedTerminatedPods: tracked.uncounted,
    ready: managed.ready,
  };
}

function manage(state: JobState): Managed {
  const { job, active, ready, terminating, verdict } = state;
  if (verdict !== undefined) return deletePods(state, active, { counted: true });
  if (job.metadata.deletionTimestamp === undefined) return managePods(state);
  return { changes: [], active: active.length, ready, terminating };
}

/**
 * A Job that is suspended loses its start, so that it begins anew, and its deadline too, when it is resumed: the server
 * lets nobody change the start of a Job that is not suspended.
 */
const startTimeOf = (job: Job, now: number): string | undefined =>
  isSuspended(job) ? undefined : (job.status?.startTime ?? timestamp(now));

function planJob(job: Job, pods: readonly Pod[], view: View): Change[] {
  const now = view.now();
  const startTime = startTimeOf(job, now);
  const state = stateOf(job, pods, { now, startTime });
  const managed = manage(state);
  const tracked = trackPods(state);
  const outcome = outcomeOf(state, tracked, managed);
  // What could not be made last time may fail again: then only what is there counts.
  const active = view.failure === undefined ? managed.active : Math.min(managed.active, state.active.length);
  const status = statusOf(state, tracked, { ...managed, active, outcome });
  const isSame = isDeepStrictEqual(status, job.status ?? {});
  const deadline = state.verdict === undefined ? millisecondsToDeadline(state) : undefined;
  return [
    ...(isSame ? [] : [updateStatus('Job', { ...job, status })]),
    ...outcome.events,
    ...tracked.done.map(untrack),
    ...managed.changes,
    ...(deadline === undefined || outcome.finished !== undefined ? [] : [requeueAfter(deadline)]),
  ];
}

export const job: Controller = defineController({
  name: 'job',
  watches: {
    Job: self,
    Pod: (pod, view) => [
      ...new Set([
        ...trackerKey(pod),
        ...ownersOf<Job>({
          ownerKind: jobKind,
          selectorOf: ({ spec }) => spec?.selector,
          list: (namespace) => view.list('Job', { namespace }),
        })(pod),
      ]),
    ],
  },
  indexes: { Pod: { orphanNamespace, jobTracker: trackerKey } },
  reconcile(key, view) {
    const found = view.get('Job', key);
    const tracked = view.byIndex('Pod', 'jobTracker', key);
    const isForeign = (pod: Pod) => controllerOfObject(pod)?.uid !== found?.metadata.uid;
    if (found === undefined) return tracked.map(untrack);
    const { spec } = found;
    if (spec?.managedBy !== undefined && spec.managedBy !== managerName) return [];
    if (finishedCondition(found) !== undefined) return tracked.map(untrack);
    if (spec?.selector === undefined || !isUsableSelector(spec.selector)) return [];
    const { selector } = spec;
    const pods = ownedAndOrphanedPods(view, found);
    const claim = claimObjects(pods, { owner: found, ownerKind: jobKind, kind: 'Pod', selector });
    const adopted = claim.claimed.filter((pod) => isForeign(pod) && !isTracked(pod));
    const claimed = new Set(claim.claimed);
    const released = tracked.filter((pod) => !claimed.has(pod));
    return [
      ...claim.changes,
      ...adopted.map(track),
      ...released.map(untrack),
      ...planJob(found, claim.claimed, view),
    ];
  },
});
