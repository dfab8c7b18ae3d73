/**
 * Keeps as many pods as are wanted: what ReplicaSets and ReplicationControllers have in common.
 * Source of behaviour: pkg/controller/replicaset of Kubernetes.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Change, create, referenceTo, remove, requeueAfter } from '../client/change.ts';
import type { View } from '../client/view.ts';
import type {
  LabelSelector,
  ObjectReference,
  Pod,
  PodTemplateSpec,
  ReplicaSetCondition,
  ReplicaSetStatus,
} from '../kinds/generated/types.ts';
import { selectorMatcher } from '../kinds/label-selector.ts';
import type { KubeObject } from '../kinds/object.ts';
import { timestamp } from '../lib/timestamp.ts';
import { inDeletionOrder } from './deletion-order.ts';
import { podsChangedAtOnceMax } from './limits.ts';
import { claimObjects, controllerOfObject, type OwnerKind, ownedAndOrphaned } from './owner.ts';
import { isActive, isReady, isTerminating, millisecondsToAvailable, podFromTemplate } from './pods.ts';

/** A ReplicaSet or a ReplicationController, as far as they are alike. */
export interface ReplicaOwner {
  readonly object: KubeObject;
  readonly ownerKind: OwnerKind & { readonly kind: 'ReplicaSet' | 'ReplicationController' };
  readonly replicas: number;
  readonly minReadySeconds: number;
  readonly selector: LabelSelector | undefined;
  readonly template: PodTemplateSpec;
  readonly status: ReplicaSetStatus | undefined;
  /** ReplicaSets tell how many of their pods are on their way out (KEP-3973). */
  readonly countsTerminating: boolean;
  /** Pods that share the work, for the choice of those that go. Asked only when some go. */
  readonly related: () => readonly Pod[];
  readonly updateStatus: (status: ReplicaSetStatus) => Change;
}

export function planReplicas(owner: ReplicaOwner, view: View): Change[] {
  const { object, ownerKind, selector } = owner;
  const pods = ownedAndOrphaned('Pod', object, view);
  const claim = claimObjects(pods.filter(isActive), { owner: object, ownerKind, kind: 'Pod', selector });
  const missing = owner.replicas - claim.claimed.length;
  const status = statusOf(owner, { claimed: claim.claimed, pods, missing, view });
  const isGoing = object.metadata.deletionTimestamp !== undefined;
  return [
    ...claim.changes,
    // Before the writes that may fail again: it tells that they have failed.
    ...(isDeepStrictEqual(status, owner.status ?? {}) ? [] : [owner.updateStatus(status)]),
    ...(isGoing ? [] : planPods(owner, { claimed: claim.claimed, missing, now: view.now() })),
    ...untilAvailable(claim.claimed, owner, view),
  ];
}

function planPods(
  owner: ReplicaOwner,
  { claimed, missing, now }: { claimed: readonly Pod[]; missing: number; now: number },
): Change[] {
  const { created, deleted } = podEvents(referenceTo(owner.ownerKind.kind, owner.object as never));
  if (missing > 0)
    return Array.from({ length: Math.min(missing, podsChangedAtOnceMax) }, () =>
      create('Pod', podFromTemplate(owner.template, owner.object, owner.ownerKind), created),
    );
  const surplus = Math.min(-missing, podsChangedAtOnceMax);
  if (surplus <= 0) return [];
  const order =
    surplus < claimed.length ? inDeletionOrder(claimed, { related: owner.related(), now }) : claimed;
  return order.slice(0, surplus).map((pod) => remove('Pod', pod, deleted));
}

/** What the owner of pods tells when one was made or deleted, or could not be. */
export function podEvents(regarding: ObjectReference) {
  return {
    created: {
      onSuccess: { regarding, type: 'Normal', reason: 'SuccessfulCreate', message: 'Created pod: {name}' },
      onFailure: { regarding, type: 'Warning', reason: 'FailedCreate', message: 'Error creating: {error}' },
    },
    deleted: {
      onSuccess: { regarding, type: 'Normal', reason: 'SuccessfulDelete', message: 'Deleted pod: {name}' },
      onFailure: { regarding, type: 'Warning', reason: 'FailedDelete', message: 'Error deleting: {error}' },
    },
  } as const;
}

/** A pod becomes available by time alone: come again when the next one does. */
function untilAvailable(pods: readonly Pod[], { minReadySeconds }: ReplicaOwner, view: View): Change[] {
  const waits = pods
    .map((pod) => millisecondsToAvailable(pod, { minReadySeconds, now: view.now() }) ?? 0)
    .filter((wait) => wait > 0);
  return waits.length === 0 ? [] : [requeueAfter(Math.min(...waits))];
}

interface Counted {
  readonly claimed: readonly Pod[];
  readonly pods: readonly Pod[];
  readonly missing: number;
  readonly view: View;
}

/** Go leaves out zeros of these fields. */
export const unlessZero = <Name extends string>(name: Name, count: number): { [Each in Name]?: number } =>
  count === 0 ? {} : ({ [name]: count } as { [Each in Name]: number });

function statusOf(owner: ReplicaOwner, counted: Counted): ReplicaSetStatus {
  const { claimed, pods, view } = counted;
  const { minReadySeconds, selector, object } = owner;
  const isSelected = selectorMatcher(selector);
  const isFullyLabeled = selectorMatcher({ matchLabels: owner.template.metadata?.labels ?? {} });
  const available = claimed.filter(
    (pod) => millisecondsToAvailable(pod, { minReadySeconds, now: view.now() }) === 0,
  );
  const terminating = pods.filter(
    (pod) =>
      isTerminating(pod) &&
      controllerOfObject(pod)?.uid === object.metadata.uid &&
      isSelected(pod.metadata.labels),
  );
  const conditions = conditionsOf(owner, counted);
  return {
    replicas: claimed.length,
    ...unlessZero(
      'fullyLabeledReplicas',
      claimed.filter((pod) => isFullyLabeled(pod.metadata.labels)).length,
    ),
    ...unlessZero('readyReplicas', claimed.filter(isReady).length),
    ...unlessZero('availableReplicas', available.length),
    ...(owner.countsTerminating ? { terminatingReplicas: terminating.length } : {}),
    ...unlessZero('observedGeneration', object.metadata.generation ?? 0),
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

const replicaFailure = 'ReplicaFailure';

/** ReplicaFailure says why pods could not be made or deleted, and goes when they could. */
function conditionsOf({ status }: ReplicaOwner, { missing, view }: Counted): ReplicaSetCondition[] {
  const conditions = status?.conditions ?? [];
  const known = conditions.find(({ type }) => type === replicaFailure);
  const failure = missing === 0 ? undefined : view.failure;
  if (failure === undefined) return conditions.filter((condition) => condition !== known);
  if (known !== undefined) return conditions;
  return [
    ...conditions,
    {
      type: replicaFailure,
      status: 'True',
      lastTransitionTime: timestamp(view.now()),
      reason: missing > 0 ? 'FailedCreate' : 'FailedDelete',
      message: failure.message,
    },
  ];
}

/** A pod's change concerns replicas when it may change their number, their status or their owner. */
export function isOfInterest(pod: Pod, old: Pod | undefined): boolean {
  if (old === undefined || old === pod) return true;
  const facts = ({ metadata, status }: Pod): unknown => [
    metadata.labels,
    metadata.ownerReferences,
    metadata.deletionTimestamp === undefined,
    status?.phase,
    status?.conditions?.find(({ type }) => type === 'Ready'),
  ];
  return !isDeepStrictEqual(facts(pod), facts(old));
}
