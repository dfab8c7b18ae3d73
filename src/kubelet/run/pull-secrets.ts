/** The secrets with which a pod's images may be asked for. Source: getPullSecretsForPod of kubelet/kubelet_pods.go. */
import type { Pod, Secret } from '../../kinds/generated/types.ts';
import { warning } from './pod-event.ts';
import type { RunTools } from './tools.ts';

/** Those that are there; of those that are missing an event tells, since images may be had without them. */
export function pullSecrets({ sources, record }: Pick<RunTools, 'sources' | 'record'>, pod: Pod): Secret[] {
  const found: Secret[] = [];
  const missing: string[] = [];
  for (const { name = '' } of pod.spec?.imagePullSecrets ?? []) {
    if (name === '') continue;
    const secret = sources.secret(pod.metadata.namespace ?? '', name);
    if (secret === undefined) missing.push(name);
    else found.push(secret);
  }
  if (missing.length > 0)
    record(
      pod,
      warning(
        'FailedToRetrieveImagePullSecret',
        `Unable to retrieve some image pull secrets (${missing.join(', ')}); attempting to pull the image may not succeed.`,
      ),
    );
  return found;
}
