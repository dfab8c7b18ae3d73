/**
 * Before a pod is bound to its node, the claims that waited for that get their volumes: a free one is kept for the claim,
 * or the claim says for which node one is to be made; then the controller binds them. Source: PreBind of
 * plugins/volumebinding, BindPodVolumes of its binder.go.
 */
import type { Informers } from '../client/informers.ts';
import type { Client } from '../client/typed-client.ts';
import { isVolumeOf, selectedNode, volumeKeptFor } from '../kinds/volume-match.ts';
import { type Clock, sleep } from '../lib/clock.ts';
import { WherryError } from '../lib/errors.ts';
import { volumeWaitMilliseconds, volumeWaitMillisecondsMax } from './limits.ts';
import type { NodeView } from './node-view.ts';
import type { Lookups } from './plugin.ts';
import { chooseVolumes, claimNames, isClaimBound, readClaims, type VolumeChoice } from './pod-claims.ts';
import type { PodView } from './pod-view.ts';

export class VolumeBindingError extends WherryError {
  constructor(why: string) {
    super('VOLUME_BINDING', `running PreBind plugin "VolumeBinding": ${why}`);
  }
}

export interface BindVolumesTools {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly lookups: Lookups;
  readonly informers: Informers;
}

/** Resolves when every claim is bound. Throws VolumeBindingError after a long while. */
export async function bindVolumes(pod: PodView, node: NodeView, tools: BindVolumesTools): Promise<void> {
  if (claimNames(pod.pod).length === 0) return;
  const { lookups, clock, signal, informers } = tools;
  const claims = readClaims(pod, tools);
  if ('reasons' in claims) throw new VolumeBindingError(claims.reasons.join(', '));
  if (claims.delayed.length === 0) return;
  const choices = chooseVolumes(claims.delayed, node, lookups);
  if (choices === undefined)
    throw new VolumeBindingError("node(s) didn't find available persistent volumes to bind");
  for (const choice of choices) await keep(choice, node.name, tools);
  const start = clock.monotonic();
  const isBound = (): boolean => {
    // Nobody waits for its volumes any more: a pod that came later under this name has a decision of its own.
    if (informers.of('Pod').get(pod.key)?.metadata.uid !== pod.uid)
      throw new VolumeBindingError(`pod does not exist any more: pod ${JSON.stringify(pod.name)} not found`);
    const now = readClaims(pod, tools);
    // One is gone, or on its way out: waiting for it would keep the pod's place for ten minutes.
    if ('reasons' in now) throw new VolumeBindingError(now.reasons.join(', '));
    return now.delayed.every(isClaimBound);
  };
  while (!isBound()) {
    if (signal.aborted || clock.monotonic() - start > volumeWaitMillisecondsMax)
      throw new VolumeBindingError('binding volumes: context deadline exceeded');
    await sleep(clock, volumeWaitMilliseconds, signal);
  }
}

function keep({ claim, volume }: VolumeChoice, nodeName: string, tools: BindVolumesTools): Promise<unknown> {
  const { namespace, name = '', uid } = claim.metadata;
  const { client, signal } = tools;
  if (volume === undefined) {
    const patch = { metadata: { uid, annotations: { [selectedNode]: nodeName } } };
    return client.of('PersistentVolumeClaim').patch({ namespace, name }, { type: 'merge', patch, signal });
  }
  if (isVolumeOf(volume, claim)) return Promise.resolve();
  return client.of('PersistentVolume').update(volumeKeptFor(volume, claim), { signal });
}
