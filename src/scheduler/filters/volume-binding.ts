/**
 * Claims must be bound, and their volumes reachable from the node. For those of a class that waits for its first consumer
 * there must be free volumes that the node reaches, or somebody who makes some.
 * Source of rules and wording: plugins/volumebinding.
 */
import { isVolumeReachable } from '../../kinds/volume-match.ts';
import { changedNode } from '../cluster-event.ts';
import { type Filter, unresolvable } from '../plugin.ts';
import { chooseVolumes, claimNames, readClaims } from '../pod-claims.ts';

const outOfReach = unresolvable("node(s) didn't match PersistentVolume's node affinity");
const nothingToBind = unresolvable("node(s) didn't find available persistent volumes to bind");
const volumeGone = unresolvable('node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)');

export const volumeBinding: Filter = {
  name: 'VolumeBinding',
  prepare(pod, cycle) {
    if (claimNames(pod.pod).length === 0) return undefined;
    const claims = readClaims(pod, cycle);
    if ('reasons' in claims) return claims;
    return {
      check(node) {
        if (claims.isVolumeGone) return volumeGone;
        if (!claims.volumes.every((volume) => isVolumeReachable(volume, node))) return outOfReach;
        if (claims.delayed.length === 0) return undefined;
        return chooseVolumes(claims.delayed, node, cycle.lookups) === undefined ? nothingToBind : undefined;
      },
    };
  },
  helps: (event) => event.type === 'volumes' || changedNode(event, 'labels') !== undefined,
};
