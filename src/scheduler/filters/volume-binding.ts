/**
 * Claims must be bound, and their volumes reachable from the node. Claims of a class that waits for its first consumer
 * are not bound here yet: nobody provisions volumes.
 * Source of rules and wording: plugins/volumebinding.
 */
import type { PersistentVolume, Pod } from '../../kinds/generated/types.ts';
import { type NodeMatch, termMatches } from '../../kinds/pod/node-selector.ts';
import { changedNode } from '../cluster-event.ts';
import { type Cycle, type Filter, type Rejection, unresolvable } from '../plugin.ts';
import type { PodView } from '../pod-view.ts';

const unbound = unresolvable('pod has unbound immediate PersistentVolumeClaims');
const outOfReach = unresolvable("node(s) didn't match PersistentVolume's node affinity");
const nothingToBind = unresolvable("node(s) didn't find available persistent volumes to bind");
const volumeGone = unresolvable('node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)');

interface ClaimName {
  readonly name: string;
  readonly isEphemeral: boolean;
}

/** Names of the pod's claims; a generic ephemeral volume's is made of the pod's name and its own. */
function claimNames({ metadata, spec }: Pod): ClaimName[] {
  return (spec?.volumes ?? []).flatMap((volume): ClaimName[] => {
    const name = volume.persistentVolumeClaim?.claimName;
    if (name !== undefined) return [{ name, isEphemeral: false }];
    return volume.ephemeral == null ? [] : [{ name: `${metadata.name}-${volume.name}`, isEphemeral: true }];
  });
}

interface Claims {
  readonly volumes: readonly PersistentVolume[];
  readonly isVolumeGone: boolean;
  readonly isDelayed: boolean;
}

function readClaims(pod: PodView, { lookups }: Cycle): Claims | Rejection {
  const volumes: PersistentVolume[] = [];
  let isVolumeGone = false;
  let isDelayed = false;
  for (const { name, isEphemeral } of claimNames(pod.pod)) {
    const claim = lookups.claim(`${pod.namespace}/${name}`);
    if (claim === undefined)
      return unresolvable(
        isEphemeral
          ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
          : `persistentvolumeclaim "${name}" not found`,
      );
    if (claim.status?.phase === 'Lost')
      return unresolvable(
        `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ''}"`,
      );
    if (claim.metadata.deletionTimestamp !== undefined)
      return unresolvable(`persistentvolumeclaim "${name}" is being deleted`);
    const volumeName = claim.spec?.volumeName ?? '';
    const isBound =
      volumeName !== '' && claim.metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined;
    if (isBound) {
      const volume = lookups.volume(volumeName);
      if (volume === undefined) isVolumeGone = true;
      else volumes.push(volume);
      continue;
    }
    const storageClass = lookups.storageClass(claim.spec?.storageClassName ?? '');
    if (volumeName !== '' || storageClass?.volumeBindingMode !== 'WaitForFirstConsumer') return unbound;
    isDelayed = true;
  }
  return { volumes, isVolumeGone, isDelayed };
}

export const volumeBinding: Filter = {
  name: 'VolumeBinding',
  prepare(pod, cycle) {
    if (claimNames(pod.pod).length === 0) return undefined;
    const claims = readClaims(pod, cycle);
    if ('reasons' in claims) return claims;
    const matches = claims.volumes.flatMap(({ spec }): NodeMatch[] => {
      const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms;
      return terms === undefined ? [] : [(node) => terms.some((term) => termMatches(term, node))];
    });
    return {
      check(node) {
        if (claims.isVolumeGone) return volumeGone;
        if (!matches.every((match) => match(node))) return outOfReach;
        return claims.isDelayed ? nothingToBind : undefined;
      },
    };
  },
  helps: (event) => event.type === 'volumes' || changedNode(event, 'labels') !== undefined,
};
