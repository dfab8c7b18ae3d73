/** Services with two endpoints each, by number. */
import type { EndpointSlice, Service } from '../../src/kinds/generated/types.ts';
import { type Cidr, parseCidr } from '../../src/lib/cidr.ts';
import type { Nft } from '../../src/nft/nft.ts';
import { Planner, type Transaction } from '../../src/proxy/planner.ts';

/** From .0.1 on: the first of the range is the API's own. */
export const serviceRange = '10.96.0.0/15';
export const address = (index: number): string =>
  `10.${96 + ((index + 256) >> 16)}.${((index + 256) >> 8) & 255}.${index & 255}`;
export const podAddress = (index: number): string =>
  `10.${128 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
export const endpointsOf = (index: number): string[] => [podAddress(2 * index), podAddress(2 * index + 1)];

export const serviceOf = (index: number): Service => ({
  metadata: { name: `service-${index}`, namespace: 'default' },
  spec: {
    type: 'ClusterIP',
    clusterIP: address(index),
    clusterIPs: [address(index)],
    ipFamilies: ['IPv4'],
    ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }],
  },
});

export const sliceOf = (index: number, endpoints: readonly string[]): EndpointSlice => ({
  metadata: {
    name: `service-${index}-1`,
    namespace: 'default',
    labels: { 'kubernetes.io/service-name': `service-${index}` },
  },
  addressType: 'IPv4',
  ports: [{ name: '', port: 8080, protocol: 'TCP' }],
  endpoints: endpoints.map((each) => ({ addresses: [each], nodeName: 'b' })),
});

/** `special`: endpoints of Services that are to lead somewhere. */
export function plannerOf(
  count: number,
  { podCidr = '10.244.0.0/24', special = new Map<number, string[]>() } = {},
): Planner {
  const planner = new Planner({
    families: ['IPv4'],
    network: {
      node: 'a',
      nodeAddresses: ['172.30.0.2'],
      podCidrs: [parseCidr(podCidr) as Cidr],
      serviceCidrs: [parseCidr(serviceRange) as Cidr],
    },
  });
  for (let index = 0; index < count; index++) {
    const slice = sliceOf(index, special.get(index) ?? endpointsOf(index));
    planner.set(`default/service-${index}`, serviceOf(index), [slice]);
  }
  return planner;
}

export async function apply(nft: Nft, transactions: readonly Transaction[]): Promise<void> {
  for (const { table, operations } of transactions) await nft.apply(table, operations);
}
