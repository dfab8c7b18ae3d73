/** Conditions of a Deployment. Source of behaviour and wording: pkg/controller/deployment/util of Kubernetes. */
import type { DeploymentCondition } from '../../kinds/generated/types.ts';
import { timestamp } from '../../lib/timestamp.ts';

export const reasons = {
  created: 'NewReplicaSetCreated',
  found: 'FoundNewReplicaSet',
  createError: 'ReplicaSetCreateError',
  updated: 'ReplicaSetUpdated',
  available: 'NewReplicaSetAvailable',
  timedOut: 'ProgressDeadlineExceeded',
  paused: 'DeploymentPaused',
  resumed: 'DeploymentResumed',
} as const;

type Conditions = readonly DeploymentCondition[] | undefined;

export interface ConditionText {
  readonly type: 'Progressing' | 'Available' | 'ReplicaFailure';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export const conditionOf = (conditions: Conditions, type: string): DeploymentCondition | undefined =>
  conditions?.find((condition) => condition.type === type);

export const withoutCondition = (conditions: Conditions, type: string): DeploymentCondition[] =>
  (conditions ?? []).filter((condition) => condition.type !== type);

/** A condition with the same status and reason stays as it is; with the same status it keeps its transition time. */
export function withCondition(conditions: Conditions, condition: DeploymentCondition): DeploymentCondition[] {
  const known = conditionOf(conditions, condition.type);
  if (known !== undefined && known.status === condition.status && known.reason === condition.reason)
    return [...(conditions ?? [])];
  const since = known?.status === condition.status ? known.lastTransitionTime : condition.lastTransitionTime;
  return [...withoutCondition(conditions, condition.type), { ...condition, lastTransitionTime: since }];
}

export function makeCondition(text: ConditionText, now: number): DeploymentCondition {
  const { type, status, reason, message } = text;
  const time = timestamp(now);
  return { type, status, lastUpdateTime: time, lastTransitionTime: time, reason, message };
}
