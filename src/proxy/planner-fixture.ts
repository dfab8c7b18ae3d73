/** Random Services and what becomes of them, for tests of planning. */
import fc from 'fast-check';
import type { EndpointSlice, Service } from '../kinds/generated/types.ts';
import { at, draining, http, sliceOf, unready, up } from '../service/resolve-fixture.ts';
import type { Planner } from './planner.ts';

const anyService = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  address: fc.constantFrom('10.96.0.1', '10.96.0.2', '10.96.0.3', 'None'),
  endpoints: fc.array(
    fc.record({
      address: fc.constantFrom('10.244.0.2', '10.244.0.3', '10.244.1.2', '10.244.1.3'),
      node: fc.constantFrom('a', 'b'),
      conditions: fc.constantFrom(up, up, draining, unready),
    }),
    { maxLength: 4 },
  ),
  sticky: fc.boolean(),
  policy: fc.constantFrom('Cluster', 'Local'),
  isBalanced: fc.boolean(),
  isGone: fc.boolean(),
});

export type AnyService = typeof anyService extends fc.Arbitrary<infer Type> ? Type : never;

function objectsOf(each: AnyService): { service: Service; slices: EndpointSlice[] } {
  const { name, address, sticky, policy, isBalanced, endpoints } = each;
  const index = 'abcd'.indexOf(name);
  const service: Service = {
    metadata: { name, namespace: 'default' },
    spec: {
      type: isBalanced ? 'LoadBalancer' : 'ClusterIP',
      clusterIP: address,
      clusterIPs: [address],
      ipFamilies: ['IPv4'],
      externalTrafficPolicy: policy,
      sessionAffinity: sticky ? 'ClientIP' : 'None',
      loadBalancerSourceRanges: sticky ? ['10.0.0.0/8'] : [],
      ports: [{ ...http, ...(isBalanced ? { nodePort: 30_000 + index } : {}) }],
    },
    status: { loadBalancer: { ingress: [{ ip: `172.30.0.20${index}` }] } },
  };
  const placed = endpoints.map(({ address: ip, node, conditions }) => at(ip, node, { conditions }));
  return { service, slices: [sliceOf(placed)] };
}

/** Changes that come together. */
export const anyBatch = fc.array(anyService, { maxLength: 3 });

export function change(planner: Planner, each: AnyService): void {
  const { service, slices } = objectsOf(each);
  planner.set(`default/${each.name}`, each.isGone ? undefined : service, slices);
}
