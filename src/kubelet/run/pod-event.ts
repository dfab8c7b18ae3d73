/** What the agent tells about a pod. Source of reasons and wording: kubelet/events/event.go of Kubernetes 1.36. */
import type { Pod } from '../../kinds/generated/types.ts';
import type { PodContainer } from '../containers.ts';

export interface PodEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** `spec.containers{web}`, when it is about one container. */
  readonly fieldPath?: string;
}

export type RecordPodEvent = (pod: Pod, event: PodEvent) => void;

const fields = {
  app: 'containers',
  init: 'initContainers',
  sidecar: 'initContainers',
  ephemeral: 'ephemeralContainers',
} as const;

export function containerEvent(
  { role, container }: PodContainer,
  event: Omit<PodEvent, 'fieldPath'>,
): PodEvent {
  return { ...event, fieldPath: `spec.${fields[role]}{${container.name}}` };
}

export const normal = (reason: string, message: string): PodEvent => ({ type: 'Normal', reason, message });
export const warning = (reason: string, message: string): PodEvent => ({ type: 'Warning', reason, message });
