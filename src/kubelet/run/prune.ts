/** Removes what a pod's status has no use for any more. Source: kubelet/kuberuntime/kuberuntime_gc.go. */
import type { ContainerRuntime } from '../../cri/runtime.ts';
import { removeContainerLogs } from '../logs/remove-logs.ts';
import type { ObservedPod } from '../observed.ts';

/** Of each container the latest and the one before are shown. */
const containersKept = 2;

/** Ended containers that are not shown, and stopped sandboxes but the latest. */
export async function prune(runtime: ContainerRuntime, observed: ObservedPod): Promise<void> {
  const seen = new Map<string, number>();
  for (const { id, name, state, logPath } of observed.containers) {
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    if (before < containersKept || state === 'Running') continue;
    await runtime.containers.remove(id);
    await removeContainerLogs(logPath);
  }
  for (const { id, state } of observed.sandboxes.slice(containersKept))
    if (state === 'NotReady') await runtime.sandboxes.remove(id);
}
