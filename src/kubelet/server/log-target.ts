/** Which container's log is meant, by the pod's status. Source: validateContainerLogStatus of kubelet/kubelet_pods.go. */
import type { Pod } from '../../kinds/generated/types.ts';
import { Refusal } from './answer.ts';

const startFailures: Readonly<Record<string, string>> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: 'trying and failing to pull image',
};

/** `containerd://<id>`. Throws a Refusal with what people read instead of a log. */
export function logTarget(pod: Pod, containerName: string, previous: boolean): string {
  const podName = pod.metadata.name ?? '';
  const { containerStatuses, initContainerStatuses, ephemeralContainerStatuses } = pod.status ?? {};
  const named = `container "${containerName}" in pod "${podName}"`;
  const status = [containerStatuses, initContainerStatuses, ephemeralContainerStatuses]
    .flatMap((statuses) => statuses ?? [])
    .find(({ name }) => name === containerName);
  if (status === undefined) throw new Refusal(400, `${named} is not available`);
  const { waiting, running, terminated } = status.state ?? {};
  const before = status.lastState?.terminated;
  if (previous) {
    if (!before?.containerID) throw new Refusal(400, `previous terminated ${named} not found`);
    return before.containerID;
  }
  if (running !== undefined) return status.containerID ?? '';
  if (terminated?.containerID) return terminated.containerID;
  // Where the next container was never made, the last words are those of the one before.
  if (before?.containerID) return before.containerID;
  if (terminated !== undefined || before !== undefined) throw new Refusal(400, `${named} is terminated`);
  if (waiting === undefined) throw new Refusal(400, `${named} is waiting to start - no logs yet`);
  const { reason = '' } = waiting;
  const why = Object.hasOwn(startFailures, reason) ? startFailures[reason] : reason;
  throw new Refusal(400, `${named} is waiting to start: ${why}`);
}
