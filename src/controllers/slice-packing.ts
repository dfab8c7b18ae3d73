/**
 * Puts endpoints into slices with as few writes as can be. Source of behaviour: k8s.io/endpointslice
 * (reconcileByPortMapping): full slices stay as they are, changed ones are filled up first, then one that has room.
 */
import { isDeepStrictEqual } from 'node:util';
import type { DiscoveryEndpointPort, Endpoint, EndpointSlice } from '../kinds/generated/types.ts';

export interface SlicePlan {
  /** Endpoints of slices to be made. */
  readonly creates: readonly Endpoint[][];
  /** Slices with their new endpoints. */
  readonly updates: readonly { readonly slice: EndpointSlice; readonly endpoints: Endpoint[] }[];
  readonly deletes: readonly EndpointSlice[];
  readonly unchanged: readonly EndpointSlice[];
  /** Endpoints that were not there before, or otherwise. */
  readonly changed: readonly Endpoint[];
}

/** What makes an endpoint the same one: its other fields may change. */
export const endpointKey = ({ addresses, hostname, targetRef }: Endpoint): string =>
  JSON.stringify([[...addresses].sort(), hostname ?? '', targetRef?.namespace ?? '', targetRef?.name ?? '']);

/** Slices with the same set of ports belong together, in whatever order they name them. */
export const portsKey = (ports: readonly DiscoveryEndpointPort[] | undefined): string =>
  JSON.stringify(
    (ports ?? [])
      .map(({ name = '', port, protocol, appProtocol }) => [name, port, protocol, appProtocol])
      .map((each) => JSON.stringify(each))
      .sort(),
  );

const sizeOf = (slice: EndpointSlice): number => slice.endpoints?.length ?? 0;

/** The slice that is fullest once `count` more are in it. */
function roomiestFit(
  slices: readonly EndpointSlice[],
  { count, most }: { count: number; most: number },
): EndpointSlice | undefined {
  let best: EndpointSlice | undefined;
  for (const slice of slices) {
    const left = most - count - sizeOf(slice);
    if (left >= 0 && (best === undefined || sizeOf(slice) > sizeOf(best))) best = slice;
  }
  return best;
}

/** All slices are of one address type and one set of ports; `needsRewrite` says that one must be written anyway. */
export function packSlices(
  existing: readonly EndpointSlice[],
  desired: readonly Endpoint[],
  options: { readonly most: number; readonly needsRewrite: (slice: EndpointSlice) => boolean },
): SlicePlan {
  const { most, needsRewrite } = options;
  const wanted = new Map(desired.map((endpoint) => [endpointKey(endpoint), endpoint]));
  const updates: { slice: EndpointSlice; endpoints: Endpoint[] }[] = [];
  const deletes: EndpointSlice[] = [];
  let unchanged: EndpointSlice[] = [];
  const changed: Endpoint[] = [];
  for (const slice of existing) {
    const kept: Endpoint[] = [];
    let isChanged = needsRewrite(slice);
    for (const endpoint of slice.endpoints ?? []) {
      const key = endpointKey(endpoint);
      const now = wanted.get(key);
      wanted.delete(key);
      if (now !== undefined) kept.push(now);
      if (now !== undefined && !isDeepStrictEqual(now, endpoint)) changed.push(now);
      if (now === undefined || !isDeepStrictEqual(now, endpoint)) isChanged = true;
    }
    if (kept.length === 0 && sizeOf(slice) > 0) deletes.push(slice);
    else if (isChanged) updates.push({ slice, endpoints: kept });
    else unchanged.push(slice);
  }
  const left = [...wanted.values()];
  changed.push(...left);
  for (const { endpoints } of [...updates].sort(
    (one, other) => other.endpoints.length - one.endpoints.length,
  ))
    endpoints.push(...left.splice(0, Math.max(0, most - endpoints.length)));
  const creates: Endpoint[][] = [];
  while (left.length > 0) {
    const fit = left.length < most ? roomiestFit(unchanged, { count: left.length, most }) : undefined;
    if (fit === undefined) creates.push(left.splice(0, most));
    else {
      unchanged = unchanged.filter((slice) => slice !== fit);
      updates.push({ slice: fit, endpoints: [...(fit.endpoints ?? []), ...left.splice(0)] });
    }
  }
  return { creates, updates, deletes, unchanged, changed };
}
