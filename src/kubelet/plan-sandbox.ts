/** Whether a pod needs another sandbox. Source: PodSandboxChanged of kubelet/kuberuntime/util. */
import type { Pod } from '../kinds/generated/types.ts';
import { isHostNetwork } from './containers.ts';
import type { ObservedPod } from './observed.ts';
import type { SandboxReason } from './plan-types.ts';

export type SandboxVerdict =
  | { readonly keep: true; readonly id: string }
  | {
      readonly keep: false;
      readonly attempt: number;
      readonly replaces: string | undefined;
      readonly reason: SandboxReason;
    };

export function checkSandbox(pod: Pod, { sandboxes }: ObservedPod): SandboxVerdict {
  const [latest] = sandboxes;
  if (latest === undefined) return { keep: false, attempt: 0, replaces: undefined, reason: 'NoSandbox' };
  const another = (reason: SandboxReason): SandboxVerdict => ({
    keep: false,
    attempt: latest.metadata.attempt + 1,
    replaces: latest.id,
    reason,
  });
  if (sandboxes.filter(({ state }) => state === 'Ready').length > 1) return another('SeveralSandboxesReady');
  if (latest.state !== 'Ready') return another('SandboxNotReady');
  if ((latest.network === 'NODE') !== isHostNetwork(pod)) return another('NetworkModeChanged');
  if (!isHostNetwork(pod) && latest.ips.length === 0) return another('NoAddress');
  return { keep: true, id: latest.id };
}
