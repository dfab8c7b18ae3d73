/** Which pods a Job makes and deletes now. Source of behaviour: manageJob of pkg/controller/job/job_controller.go. */
import { type Change, create, referenceTo, remove, requeueAfter } from '../../client/change.ts';
import type { Container, Pod } from '../../kinds/generated/types.ts';
import { setOwn } from '../../kinds/object.ts';
import { inDeletionOrder } from '../deletion-order.ts';
import { podsChangedAtOnceMax } from '../limits.ts';
import { isReady, isTerminating, podFromTemplate } from '../pods.ts';
import { remainingBackoff, remainingOf } from './backoff.ts';
import { firstFree, indexAnnotation, indexOf, withIndexes } from './indexes.ts';
import { finishedAt, isTracked, replacesOnlyFailed, trackingFinalizer, untrack } from './pods.ts';
import { judgeFailure } from './policies.ts';
import {
  countIn,
  failureCountAnnotation,
  ignoredCountAnnotation,
  isSuspended,
  type JobState,
} from './state.ts';

export const jobKind = { apiVersion: 'batch/v1', kind: 'Job' } as const;

const indexVariable = 'JOB_COMPLETION_INDEX';
/** What the server leaves of a name's prefix. */
const prefixCharactersMax = 58;

export interface Managed {
  readonly changes: readonly Change[];
  /** How many will be there when the changes are made. */
  readonly active: number;
  readonly ready: number;
  readonly terminating: number;
}

/** Deletes pods. Those that are not to be counted as failed lose their finalizer first. */
export function deletePods(
  state: JobState,
  pods: readonly Pod[],
  { counted }: { counted: boolean },
): Managed {
  const regarding = referenceTo('Job', state.job);
  const changes = pods.flatMap((pod): Change[] => [
    ...(counted || !isTracked(pod) ? [] : [untrack(pod)]),
    remove('Pod', pod, {
      onSuccess: { regarding, type: 'Normal', reason: 'SuccessfulDelete', message: 'Deleted pod: {name}' },
      onFailure: { regarding, type: 'Warning', reason: 'FailedDelete', message: 'Error deleting: {error}' },
    }),
  ]);
  return {
    changes,
    active: state.active.length - pods.length,
    ready: state.ready - pods.filter(isReady).length,
    terminating: state.terminating + pods.length,
  };
}

/** Of several pods with one index all but the best, and those without an index; then the least useful ones. */
function surplusPods(state: JobState, atLeast: number): Pod[] {
  const { active, now, spec, isIndexed } = state;
  const ordered = inDeletionOrder(active, { related: [], now });
  const surplus = new Set<Pod>();
  if (isIndexed) {
    const kept = new Set<number>();
    for (const pod of ordered.toReversed()) {
      const index = indexOf(pod, spec.completions ?? 0);
      if (index === undefined || kept.has(index)) surplus.add(pod);
      else kept.add(index);
    }
  }
  for (const pod of ordered) if (surplus.size < atLeast) surplus.add(pod);
  return [...surplus].slice(0, podsChangedAtOnceMax);
}

function addIndex(pod: Pod, state: JobState, index: number): void {
  const jobName = state.job.metadata.name ?? '';
  const suffix = `-${index}-`;
  pod.metadata.generateName = `${jobName.slice(0, prefixCharactersMax - suffix.length)}${suffix}`;
  pod.metadata.annotations ??= {};
  pod.metadata.labels ??= {};
  setOwn(pod.metadata.annotations, indexAnnotation, `${index}`);
  setOwn(pod.metadata.labels, indexAnnotation, `${index}`);
  if (pod.spec === undefined) return;
  pod.spec.hostname = `${jobName}-${index}`;
  const fieldRef = { fieldPath: `metadata.labels['${indexAnnotation}']` };
  const addVariable = (container: Container) => {
    if (!container.env?.some(({ name }) => name === indexVariable))
      container.env = [...(container.env ?? []), { name: indexVariable, valueFrom: { fieldRef } }];
  };
  pod.spec.containers.forEach(addVariable);
  pod.spec.initContainers?.forEach(addVariable);
}

/** A replacement takes over how often its index has failed. */
function addFailureCounts(pod: Pod, { spec, replaceable }: JobState, index: number): void {
  const replaced = replaceable.get(index);
  let failures = replaced === undefined ? 0 : countIn(replaced, failureCountAnnotation);
  let ignored = replaced === undefined ? 0 : countIn(replaced, ignoredCountAnnotation);
  if (replaced !== undefined) {
    if (judgeFailure(spec, replaced).counts) failures++;
    else ignored++;
  }
  const annotations = pod.metadata.annotations ?? {};
  setOwn(annotations, failureCountAnnotation, `${failures}`);
  if (ignored > 0) setOwn(annotations, ignoredCountAnnotation, `${ignored}`);
}

function newPod(state: JobState, index: number | undefined): Pod {
  const pod = podFromTemplate(state.spec.template, state.job, jobKind);
  pod.metadata.finalizers = [...(pod.metadata.finalizers ?? []), trackingFinalizer];
  if (index === undefined) return pod;
  addIndex(pod, state, index);
  if (state.failedIndexes !== undefined) addFailureCounts(pod, state, index);
  return pod;
}

/** Indexes whose pods are to be made; those that failed lately wait, each for itself when there is a limit per index. */
function indexesToCreate(state: JobState, count: number): { indexes: number[]; wait: number } {
  const { spec, pods, active, job, now, replaceable } = state;
  const completions = spec.completions ?? 0;
  const busy = replacesOnlyFailed(job) ? [...active, ...pods.filter(isTerminating)] : active;
  const taken = withIndexes(
    [...state.succeededIndexes, ...(state.failedIndexes ?? [])],
    busy.map((pod) => indexOf(pod, completions)).filter((index) => index !== undefined),
  );
  const indexes: number[] = [];
  let wait = Number.POSITIVE_INFINITY;
  for (const index of firstFree(taken, count, completions)) {
    const failed = replaceable.get(index);
    const failures =
      failed === undefined
        ? 0
        : countIn(failed, failureCountAnnotation) + countIn(failed, ignoredCountAnnotation) + 1;
    const remaining = failed === undefined ? 0 : remainingOf(failures, { since: finishedAt(failed), now });
    if (remaining > 0) wait = Math.min(wait, remaining);
    else indexes.push(index);
  }
  return { indexes, wait };
}

function createPods(state: JobState, count: number): Managed {
  const { job, pods, now, isIndexed, active, ready, terminating } = state;
  const unchanged = { active: active.length, ready, terminating };
  const remaining = state.failedIndexes === undefined ? remainingBackoff(job, pods, now) : 0;
  if (remaining > 0) return { ...unchanged, changes: [requeueAfter(remaining)] };
  const atOnce = Math.min(count, podsChangedAtOnceMax);
  const { indexes, wait } = isIndexed
    ? indexesToCreate(state, atOnce)
    : { indexes: Array.from({ length: atOnce }, () => undefined), wait: Number.POSITIVE_INFINITY };
  const regarding = referenceTo('Job', job);
  const options = {
    onSuccess: { regarding, type: 'Normal', reason: 'SuccessfulCreate', message: 'Created pod: {name}' },
    onFailure: { regarding, type: 'Warning', reason: 'FailedCreate', message: 'Error creating: {error}' },
  } as const;
  return {
    ...unchanged,
    active: active.length + indexes.length,
    changes: [
      ...indexes.map((index) => create('Pod', newPod(state, index), options)),
      ...(Number.isFinite(wait) ? [requeueAfter(wait)] : []),
    ],
  };
}

export function managePods(state: JobState): Managed {
  const { job, spec, active, ready, terminating, succeeded } = state;
  if (isSuspended(job)) return deletePods(state, active, { counted: false });
  const parallelism = spec.parallelism ?? 1;
  let wanted = parallelism;
  // Without a number of completions the first success ends the Job: what runs may still run, nothing new begins.
  if (spec.completions === undefined) wanted = succeeded > 0 ? active.length : parallelism;
  else wanted = Math.max(0, Math.min(spec.completions - succeeded, parallelism));
  const surplus = surplusPods(state, active.length - wanted);
  if (surplus.length > 0) return deletePods(state, surplus, { counted: false });
  const missing = wanted - active.length - (replacesOnlyFailed(job) ? terminating : 0);
  if (missing > 0) return createPods(state, missing);
  return { changes: [], active: active.length, ready, terminating };
}
