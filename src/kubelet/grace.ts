/** How long a container may take to end. Source: setTerminationGracePeriod of kubelet/kuberuntime. */
import type { Container, Pod } from '../kinds/generated/types.ts';
import { kubeletLimits } from './limits.ts';
import type { KillReason } from './plan-types.ts';

/** `container` is undefined for one that is in no spec any more. */
export function graceSeconds(pod: Pod, container: Container | undefined, reason: KillReason): number {
  const { deletionGracePeriodSeconds } = pod.metadata;
  if (deletionGracePeriodSeconds !== undefined) return deletionGracePeriodSeconds;
  const { terminationGracePeriodSeconds } = pod.spec ?? {};
  if (terminationGracePeriodSeconds === undefined) return kubeletLimits.graceSecondsMin;
  const probe =
    reason === 'StartupProbe'
      ? container?.startupProbe
      : reason === 'LivenessProbe'
        ? container?.livenessProbe
        : undefined;
  return probe?.terminationGracePeriodSeconds ?? terminationGracePeriodSeconds;
}

/** What is left of the grace after the preStop hook and the others' turn, in whole seconds; a container always gets a moment. */
export function graceLeft(seconds: number, spentSeconds: number): number {
  return Math.max(kubeletLimits.graceSecondsMin, seconds - Math.floor(spentSeconds));
}
