/** Endpoints hold a thousand addresses; ready ones come first. Source of behaviour: pkg/controller/endpoint of Kubernetes. */
import type { EndpointSubset } from '../kinds/generated/types.ts';
import { endpointsCapacityMax } from './limits.ts';

export const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity';

const count = (subsets: readonly EndpointSubset[], list: 'addresses' | 'notReadyAddresses'): number =>
  subsets.reduce((sum, subset) => sum + (subset[list]?.length ?? 0), 0);

/** A subset without empty lists. */
function cut(subset: EndpointSubset, kept: { addresses: number; notReadyAddresses: number }): EndpointSubset {
  const addresses = (subset.addresses ?? []).slice(0, kept.addresses);
  const notReadyAddresses = (subset.notReadyAddresses ?? []).slice(0, kept.notReadyAddresses);
  return {
    ...(addresses.length === 0 ? {} : { addresses }),
    ...(notReadyAddresses.length === 0 ? {} : { notReadyAddresses }),
    ...(subset.ports === undefined ? {} : { ports: subset.ports }),
  };
}

/** Each subset keeps its share, rounded up; the last ones may get less. Subsets that keep nothing go. */
export function truncateSubsets(
  subsets: readonly EndpointSubset[],
  capacity: number = endpointsCapacityMax,
): { readonly subsets: EndpointSubset[]; readonly isTruncated: boolean } {
  const ready = count(subsets, 'addresses');
  const notReady = count(subsets, 'notReadyAddresses');
  if (ready + notReady <= capacity) return { subsets: [...subsets], isTruncated: false };
  const cutsReady = ready > capacity;
  const most = cutsReady ? capacity : capacity - ready;
  const total = cutsReady ? ready : notReady;
  const list = cutsReady ? 'addresses' : 'notReadyAddresses';
  let left = most;
  const truncated = subsets.map((subset) => {
    const size = subset[list]?.length ?? 0;
    const share = Math.min(left, size, Math.ceil((size / total) * most));
    left -= share;
    return cut(subset, {
      addresses: cutsReady ? share : (subset.addresses?.length ?? 0),
      notReadyAddresses: cutsReady ? 0 : share,
    });
  });
  return {
    subsets: truncated.filter(
      ({ addresses, notReadyAddresses }) => addresses !== undefined || notReadyAddresses !== undefined,
    ),
    isTruncated: true,
  };
}
