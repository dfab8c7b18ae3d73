/**
 * HorizontalPodAutoscalers, as far as they go without metrics: the bounds are kept, a target at zero is left alone, and
 * conditions and Events say that there are no metrics. Source of behaviour: pkg/controller/podautoscaler of Kubernetes.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  type Change,
  type EventText,
  event,
  patch,
  referenceTo,
  requeueAfter,
  updateStatus,
} from '../client/change.ts';
import { defineController, type KeyMap, observe, self, type Watches } from '../client/controller.ts';
import { keyOf } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type {
  HorizontalPodAutoscalerConditionV2,
  HorizontalPodAutoscalerStatusV2,
  HorizontalPodAutoscalerV2,
} from '../kinds/generated/types.ts';
import { matchesLabels, parseLabelSelector } from '../kinds/selector.ts';
import { timestamp } from '../lib/timestamp.ts';
import { metricFailure } from './horizontal-pod-autoscaler/missing-metrics.ts';
import { findTarget, type ScaleTarget, scalableKinds } from './horizontal-pod-autoscaler/scale-target.ts';
import { autoscalerSyncMilliseconds } from './limits.ts';

/** One look at an autoscaler: what it is to say in the end. */
interface Draft {
  readonly autoscaler: HorizontalPodAutoscalerV2;
  readonly now: number;
  conditions: readonly HorizontalPodAutoscalerConditionV2[];
  readonly events: Change[];
}

type Condition = Pick<HorizontalPodAutoscalerConditionV2, 'type' | 'status' | 'reason' | 'message'>;

function setCondition(draft: Draft, condition: Condition): void {
  const before = draft.conditions.find(({ type }) => type === condition.type);
  const lastTransitionTime =
    before?.status === condition.status ? before.lastTransitionTime : timestamp(draft.now);
  const now = { ...condition, lastTransitionTime };
  draft.conditions =
    before === undefined
      ? [...draft.conditions, now]
      : draft.conditions.map((each) => (each === before ? now : each));
}

const ableToScale = (status: 'True' | 'False', reason: string, message: string): Condition => ({
  type: 'AbleToScale',
  status,
  reason,
  message,
});

const scalingInactive = (reason: string, message: string): Condition => ({
  type: 'ScalingActive',
  status: 'False',
  reason,
  message,
});

function warn(draft: Draft, reason: string, message: string): void {
  const { autoscaler, events } = draft;
  events.push(event('HorizontalPodAutoscaler', autoscaler, { type: 'Warning', reason, message }));
}

/** The status with what the draft says beside `numbers`, if that is anything new. */
function writeStatus(
  { autoscaler, conditions }: Draft,
  numbers: Partial<HorizontalPodAutoscalerStatusV2> = {},
): Change[] {
  const status = { desiredReplicas: 0, ...autoscaler.status, ...numbers, conditions: [...conditions] };
  if (status.currentMetrics === undefined) delete status.currentMetrics;
  return isDeepStrictEqual(status, autoscaler.status)
    ? []
    : [updateStatus('HorizontalPodAutoscaler', { ...autoscaler, status })];
}

/** Autoscalers of the namespace that select one of the target's pods, when that are several. */
function rivals({ metadata }: HorizontalPodAutoscalerV2, { selector }: ScaleTarget, view: View): string[] {
  const { namespace } = metadata;
  const wanted = parseLabelSelector(selector);
  const pods = view
    .list('Pod', { namespace })
    .filter((pod) => matchesLabels(wanted, pod.metadata.labels ?? {}));
  return view
    .list('HorizontalPodAutoscaler', { namespace })
    .filter((autoscaler) => {
      const target = findTarget(autoscaler, view);
      if (typeof target === 'string' || target.selector === '') return false;
      const requirements = parseLabelSelector(target.selector);
      return pods.some((pod) => matchesLabels(requirements, pod.metadata.labels ?? {}));
    })
    .map(keyOf)
    .sort();
}

/** Says why no number of replicas can be computed. Returns the statuses of the metrics: empty ones, as upstream has them. */
function failMetrics(draft: Draft, target: ScaleTarget, view: View): { type: string }[] | undefined {
  const { spec, metadata } = draft.autoscaler;
  const fail = (reason: string, message: string, condition = scalingInactive(reason, message)) => {
    warn(draft, reason, message);
    setCondition(draft, condition);
    warn(draft, 'FailedComputeMetricsReplicas', message);
    return undefined;
  };
  if (target.selector === '') {
    const message = "the HPA target's scale is missing a selector";
    return fail('SelectorRequired', 'selector is required', scalingInactive('InvalidSelector', message));
  }
  const several = rivals(draft.autoscaler, target, view);
  if (several.length > 1)
    return fail(
      'AmbiguousSelector',
      `pods by selector ${target.selector} are controlled by multiple HPAs: [${several.join(' ')}]`,
    );
  const metrics = spec.metrics ?? [];
  const failures = metrics.map((metric) => metricFailure(metric, metadata.namespace ?? ''));
  for (const { reason, message } of failures) warn(draft, reason, message);
  const [first] = failures;
  if (first === undefined) return undefined;
  setCondition(
    draft,
    scalingInactive(first.reason, `the HPA was unable to compute the replica count: ${first.message}`),
  );
  warn(
    draft,
    'FailedComputeMetricsReplicas',
    `invalid metrics (${failures.length} invalid out of ${metrics.length}), first error is: ${first.summary}`,
  );
  return metrics.map(() => ({ type: '' }));
}

function rescale(
  draft: Draft,
  { target, wanted, reason }: { target: ScaleTarget; wanted: number; reason: string },
  view: View,
): Change[] {
  const { autoscaler, now } = draft;
  const regarding = referenceTo('HorizontalPodAutoscaler', autoscaler);
  const told = `New size: ${wanted}; reason: ${reason}`;
  const onSuccess: EventText = { regarding, type: 'Normal', reason: 'SuccessfulRescale', message: told };
  const onFailure: EventText = {
    regarding,
    type: 'Warning',
    reason: 'FailedRescale',
    message: `${told}; error: {error}`,
  };
  const scale = patch(target.kind, target.key, {
    patch: { spec: { replicas: wanted } },
    subresource: 'scale',
    onSuccess,
    onFailure,
  });
  const { failure } = view;
  const refused = failure !== undefined && failure.reason !== 'Conflict';
  // Said before it is tried again: the plan ends where it fails.
  if (refused) {
    const message = `the HPA controller was unable to update the target scale: ${failure.message}`;
    setCondition(draft, ableToScale('False', 'FailedUpdateScale', message));
  }
  const before = refused ? writeStatus(draft, { currentReplicas: target.replicas }) : [];
  const message = `the HPA controller was able to update the target scale to ${wanted}`;
  setCondition(draft, ableToScale('True', 'SucceededRescale', message));
  const status = {
    currentReplicas: target.replicas,
    desiredReplicas: wanted,
    lastScaleTime: timestamp(now),
    currentMetrics: null,
    conditions: draft.conditions,
  };
  const after = patch('HorizontalPodAutoscaler', keyOf(autoscaler), {
    patch: { metadata: { uid: autoscaler.metadata.uid }, status },
    subresource: 'status',
  });
  return [...before, scale, after];
}

function reconcile(key: string, view: View): Change[] {
  const autoscaler = view.get('HorizontalPodAutoscaler', key);
  if (autoscaler === undefined || autoscaler.metadata.deletionTimestamp !== undefined) return [];
  const conditions = autoscaler.status?.conditions ?? [];
  const draft: Draft = { autoscaler, now: view.now(), conditions, events: [] };
  const again = requeueAfter(autoscalerSyncMilliseconds);
  const target = findTarget(autoscaler, view);
  if (typeof target === 'string') {
    warn(draft, 'FailedGetScale', target);
    const message = `the HPA controller was unable to get the target's current scale: ${target}`;
    setCondition(draft, ableToScale('False', 'FailedGetScale', message));
    return [...writeStatus(draft), ...draft.events, again];
  }
  setCondition(
    draft,
    ableToScale('True', 'SucceededGetScale', "the HPA controller was able to get the target's current scale"),
  );
  const { minReplicas = 1, maxReplicas } = autoscaler.spec;
  const { replicas } = target;
  if (replicas === 0 && minReplicas !== 0) {
    const message = 'scaling is disabled since the replica count of the target is zero';
    setCondition(draft, scalingInactive('ScalingDisabled', message));
    const numbers = { currentReplicas: 0, desiredReplicas: 0, currentMetrics: undefined };
    return [...writeStatus(draft, numbers), again];
  }
  const bound =
    replicas > maxReplicas
      ? { wanted: maxReplicas, reason: 'Current number of replicas above Spec.MaxReplicas' }
      : { wanted: minReplicas, reason: 'Current number of replicas below Spec.MinReplicas' };
  if (replicas > maxReplicas || replicas < minReplicas)
    return [...rescale(draft, { target, ...bound }, view), again];
  const currentMetrics = failMetrics(draft, target, view);
  return [...writeStatus(draft, { currentReplicas: replicas, currentMetrics }), ...draft.events, again];
}

/** Its own status, which it writes itself, wakes nobody: it looks every fifteen seconds anyway. */
const whenAskedFor: KeyMap<HorizontalPodAutoscalerV2> = (autoscaler, _view, { type, object, old }) =>
  type === 'update' && old !== undefined && isDeepStrictEqual(object.spec, old.spec) ? [] : self(autoscaler);

export const horizontalPodAutoscaler = defineController({
  name: 'horizontal-pod-autoscaler',
  eventSource: 'horizontal-pod-autoscaler',
  watches: {
    ...(Object.fromEntries(scalableKinds.map((kind) => [kind, observe])) as Watches),
    Pod: observe,
    HorizontalPodAutoscaler: whenAskedFor,
  },
  reconcile,
});
