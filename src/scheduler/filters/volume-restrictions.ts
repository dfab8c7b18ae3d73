/** A claim that only one pod may use at a time (ReadWriteOncePod). Source: plugins/volumerestrictions. */
import { type Filter, resolvable } from '../plugin.ts';
import { claimNames } from '../pod-claims.ts';
import type { PodView } from '../pod-view.ts';

const inUse = resolvable(
  'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
);

/** Ephemeral volumes have claims of their own, which no other pod names. */
const namedClaims = ({ pod }: PodView): string[] =>
  claimNames(pod).flatMap(({ name, isEphemeral }) => (isEphemeral ? [] : [name]));

export const volumeRestrictions: Filter = {
  name: 'VolumeRestrictions',
  prepare(pod, { snapshot, lookups }) {
    const { namespace } = pod;
    const exclusive = namedClaims(pod).filter((name) =>
      lookups.claim(`${namespace}/${name}`)?.spec?.accessModes?.includes('ReadWriteOncePod'),
    );
    const isTaken = exclusive.some((name) => {
      const matches = (other: PodView) => namedClaims(other).includes(name);
      return snapshot.countMatches({ key: `claim ${namespace}/${name}`, namespace, matches }).size > 0;
    });
    // On whichever node the other runs: this one can start nowhere.
    return isTaken ? { check: () => inUse } : undefined;
  },
  helps(event, pod) {
    if (event.type === 'volumes') return true;
    if (event.type !== 'podGone' || event.pod.namespace !== pod.namespace) return false;
    const used = new Set(namedClaims(event.pod));
    return namedClaims(pod).some((name) => used.has(name));
  },
};
