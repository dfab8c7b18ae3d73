/**
 * When what is written came about, for measuring how long it took: the earliest time at which one of the changed pods
 * became ready or not; for the first write the Service's creation counts too. Upstream remembers the times it has seen
 * before (TriggerTimeTracker); here they follow from what changes.
 */
import type { Pod, Service } from '../kinds/generated/types.ts';
import { timestamp } from '../lib/timestamp.ts';
import { podCondition, timeOf } from './pods.ts';

export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';

export function triggerTime(
  service: Service,
  { changed, isFirst }: { readonly changed: readonly Pod[]; readonly isFirst: boolean },
): string | undefined {
  const times = changed.map((pod) => timeOf(podCondition(pod, 'Ready')?.lastTransitionTime));
  if (isFirst) times.push(timeOf(service.metadata.creationTimestamp));
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : timestamp(Math.min(...known));
}

/** The annotations with this time, or without one. */
export function withTriggerTime(
  annotations: Readonly<Record<string, string>> | undefined,
  time: string | undefined,
): Record<string, string> {
  const { [triggerTimeAnnotation]: _before, ...others } = annotations ?? {};
  return time === undefined ? others : { ...others, [triggerTimeAnnotation]: time };
}
