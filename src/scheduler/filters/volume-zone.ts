/** A volume whose labels name zones or regions is reached only from there. Source: plugins/volumezone. */
import { getOwn } from '../../kinds/object.ts';
import { changedNode } from '../cluster-event.ts';
import { type Filter, unresolvable } from '../plugin.ts';
import { claimNames, readClaims } from '../pod-claims.ts';

const elsewhere = unresolvable('node(s) had no available volume zone');

/** Each label of a volume, and the one that a node may have in its stead. */
const zoneLabels: Readonly<Record<string, string>> = {
  'topology.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region': 'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
};

/** Several zones stand in one label. */
const separator = '__';

export const volumeZone: Filter = {
  name: 'VolumeZone',
  prepare(pod, cycle) {
    if (claimNames(pod.pod).length === 0) return undefined;
    const claims = readClaims(pod, cycle);
    // VolumeBinding says why.
    if ('reasons' in claims) return undefined;
    const places = claims.volumes.flatMap(({ metadata }) =>
      Object.entries(zoneLabels).flatMap(([key, insteadKey]) => {
        const zones = getOwn(metadata.labels, key)?.split(separator);
        // A label that names no zone says nothing.
        return zones === undefined || zones.includes('') ? [] : [{ key, insteadKey, zones: new Set(zones) }];
      }),
    );
    if (places.length === 0) return undefined;
    return {
      check: ({ labels }) =>
        places.every(({ key, insteadKey, zones }) =>
          zones.has(getOwn(labels, key) ?? getOwn(labels, insteadKey) ?? ''),
        )
          ? undefined
          : elsewhere,
    };
  },
  helps: (event) => event.type === 'volumes' || changedNode(event, 'labels') !== undefined,
};
