/** From what slices should be to what is written: slices that would go are used for those that would come. */
import { isDeepStrictEqual } from 'node:util';
import { type Change, create, remove, update } from '../client/change.ts';
import type { DiscoveryEndpointPort, Endpoint, EndpointSlice, ObjectMeta } from '../kinds/generated/types.ts';

/** A slice as it should be; `existing` is the one that it is written over. */
export interface WantedSlice {
  readonly existing?: EndpointSlice;
  readonly addressType: string;
  readonly ports: readonly DiscoveryEndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/** Metadata of a new slice; of one that is written over only labels and annotations are taken. */
export type SliceMetadata = Pick<
  ObjectMeta,
  'namespace' | 'generateName' | 'labels' | 'annotations' | 'ownerReferences'
>;

/** As a map is stored: an empty one is left out. */
const unlessEmpty = <Name extends string>(name: Name, map: Readonly<Record<string, string>> | undefined) =>
  Object.keys(map ?? {}).length === 0 ? {} : ({ [name]: map } as { [Each in Name]?: Record<string, string> });

function written(wanted: WantedSlice, metadata: SliceMetadata): EndpointSlice {
  const { existing, addressType, ports, endpoints } = wanted;
  const { labels, annotations, namespace, generateName, ownerReferences } = metadata;
  const maps = { ...unlessEmpty('labels', labels), ...unlessEmpty('annotations', annotations) };
  const kept = { ...existing?.metadata };
  delete kept.labels;
  delete kept.annotations;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata:
      existing === undefined ? { namespace, generateName, ownerReferences, ...maps } : { ...kept, ...maps },
    addressType,
    endpoints: [...endpoints],
    ports: [...ports],
  };
}

/**
 * Creates, then updates, then deletes, as upstream: an endpoint that moves is in two slices for a moment, never in none.
 * `mayCreate` is false when the owner is going.
 */
export function sliceChanges(options: {
  readonly wanted: readonly WantedSlice[];
  readonly unwanted: readonly EndpointSlice[];
  readonly mayReuse: (slice: EndpointSlice) => boolean;
  readonly mayCreate: boolean;
  readonly metadata: (wanted: WantedSlice) => SliceMetadata;
}): Change[] {
  const unwanted = [...options.unwanted];
  const wanted = options.wanted.map((each): WantedSlice => {
    if (each.existing !== undefined) return each;
    const at = unwanted.findIndex(
      (slice) => slice.addressType === each.addressType && options.mayReuse(slice),
    );
    const [existing] = at < 0 ? [] : unwanted.splice(at, 1);
    return existing === undefined ? each : { ...each, existing };
  });
  const creates = wanted.filter(({ existing }) => existing === undefined);
  const updates = wanted.filter(({ existing }) => existing !== undefined);
  return [
    ...(options.mayCreate ? creates : []).map((each) =>
      create('EndpointSlice', written(each, options.metadata(each))),
    ),
    ...updates.map((each) => update('EndpointSlice', written(each, options.metadata(each)))),
    ...unwanted.map((slice) => remove('EndpointSlice', slice)),
  ];
}

/** Whether labels (or annotations) say the same: none and no map are one. */
export const sameMap = (
  left: Readonly<Record<string, string>> | undefined,
  right: Readonly<Record<string, string>> | undefined,
): boolean => isDeepStrictEqual({ ...left }, { ...right });
