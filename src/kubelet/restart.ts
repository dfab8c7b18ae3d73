/** Whether a container that does not run is to be started. Source: ShouldContainerBeRestarted of Kubernetes. */
import type { Container, Pod } from '../kinds/generated/types.ts';
import { newestContainer, type ObservedContainer, type ObservedPod } from './observed.ts';

/** By the pod's policy alone: a failure is not the end. */
export const restartsOnFailure = (pod: Pod): boolean => pod.spec?.restartPolicy !== 'Never';

/** By the container's own policy, else the pod's: what is killed for being ill starts again. Its rules are for those that end. */
export const restartsWhenKilled = (pod: Pod, container: Container): boolean =>
  (container.restartPolicy ?? pod.spec?.restartPolicy) !== 'Never';

function byPolicy(policy: string | undefined, exitCode: number): boolean {
  if (policy === 'Never') return false;
  return policy === 'OnFailure' ? exitCode !== 0 : true;
}

/** After it ended with the code: its own rules come first, then its own policy, then the pod's. Source: KEP-5307. */
export function restartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  if (container.restartPolicy === undefined) return byPolicy(pod.spec?.restartPolicy, exitCode);
  const rule = container.restartPolicyRules?.find(({ exitCodes }) => {
    if (exitCodes === undefined) return false;
    const isListed = exitCodes.values?.includes(exitCode) ?? false;
    return exitCodes.operator === 'In' ? isListed : exitCodes.operator === 'NotIn' && !isListed;
  });
  if (rule?.action === 'Restart') return true;
  return byPolicy(container.restartPolicy, exitCode);
}

export function shouldStart(pod: Pod, container: Container, observed: ObservedPod): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false;
  const latest = newestContainer(observed, container.name);
  if (latest === undefined) return true;
  if (latest.state === 'Running') return false;
  // What was created but does not run could not be started; what is unknown may be anything.
  if (latest.state !== 'Exited') return true;
  return restartsAfter(pod, container, latest.exitCode);
}

/** An init container whose end is not what comes before the next one. */
export function initHasFailed({ state, exitCode }: ObservedContainer): boolean {
  return (state === 'Exited' && exitCode !== 0) || state === 'Unknown';
}
