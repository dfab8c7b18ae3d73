/** Conditions of Jobs. Source of reasons and messages: pkg/controller/job/job_controller.go of Kubernetes. */
import type { Job, JobCondition } from '../../kinds/generated/types.ts';
import { timestamp } from '../../lib/timestamp.ts';

export const conditionOf = (job: Job, type: string): JobCondition | undefined =>
  job.status?.conditions?.find((condition) => condition.type === type);

export const isTrue = (condition: JobCondition | undefined): boolean => condition?.status === 'True';

/** The condition that says how the Job has ended. */
export const finishedCondition = (job: Job): JobCondition | undefined =>
  job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );

export function jobCondition(
  type: string,
  { reason, message, status = 'True' }: { reason: string; message: string; status?: string },
  now: number,
): JobCondition {
  const at = timestamp(now);
  return { type, status, lastProbeTime: at, lastTransitionTime: at, reason, message };
}
