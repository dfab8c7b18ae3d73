import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EndpointSlice, Service, ServiceSpec } from '../kinds/generated/types.ts';
import { type Cidr, parseCidr } from '../lib/cidr.ts';
import { createManualClock } from '../lib/manual-clock.ts';
import { seededRandom } from '../lib/random.ts';
import { FakeHost } from '../nft/fake-host.ts';
import { at, http, serviceOf, sliceOf, unready } from '../service/resolve-fixture.ts';
import { Planner } from './planner.ts';
import { type Connection, missingInKernel, traceConnection } from './trace.ts';

const network = {
  node: 'a',
  nodeAddresses: ['172.30.0.2'],
  podCidrs: [parseCidr('10.244.0.0/24') as Cidr],
  serviceCidrs: [parseCidr('10.96.0.0/16') as Cidr],
};

function plannerOf(...services: [string, ServiceSpec, EndpointSlice[]][]): Planner {
  const planner = new Planner({ network, families: ['IPv4'] });
  for (const [name, spec, slices] of services) {
    const service: Service = { ...serviceOf(spec), metadata: { name, namespace: 'default' } };
    service.status = { loadBalancer: { ingress: [{ ip: '172.30.0.200' }] } };
    planner.set(`default/${name}`, service, slices);
  }
  return planner;
}

const near = [sliceOf([at('10.244.0.2', 'a')])];
const far = [sliceOf([at('10.244.1.2', 'b')])];
const options = { network, clock: createManualClock(), random: seededRandom(1) };

const from = (source: string, destination: string, port = 80): Connection => ({
  protocol: 'tcp',
  source,
  destination,
  port,
  origin: 'network',
});

const pod = '10.244.0.9';
const outside = '203.0.113.9';
const local: ServiceSpec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' };

describe('one sentence says why', () => {
  const cases: [string, ServiceSpec, EndpointSlice[], Connection, string][] = [
    [
      'it arrives',
      {},
      near,
      from(pod, '10.96.0.20'),
      'forward: service default/web:80 sends it to 10.244.0.2:8080',
    ],
    [
      'nobody is there',
      {},
      [],
      from(pod, '10.96.0.20'),
      'reject: service default/web:80 has no endpoints (NoEndpoints)',
    ],
    [
      'nobody is ready',
      {},
      [sliceOf([at('10.244.0.2', 'a', { conditions: unready })])],
      from(pod, '10.96.0.20'),
      'reject: service default/web:80 has no endpoints (NoReadyEndpoints: 10.244.0.2 NotReady)',
    ],
    [
      'no pod has the port',
      {},
      [sliceOf([at('10.244.0.2', 'a')], { ports: [] })],
      from(pod, '10.96.0.20'),
      'reject: service default/web:80 has endpoints, but none of them has the port that targetPort names (NoEndpointPort)',
    ],
    [
      'policy Local, and nobody here',
      local,
      far,
      from(outside, '172.30.0.200'),
      'drop: service default/web:80 has endpoints, but none on this node, and its policy is Local (NoLocalEndpoints)',
    ],
    [
      'policy Local, from near',
      local,
      far,
      from(pod, '172.30.0.200'),
      'forward: service default/web:80 sends it to 10.244.1.2:8080',
    ],
    [
      'a source that may not come',
      { ...local, loadBalancerSourceRanges: ['10.0.0.0/8'] },
      near,
      from(outside, '172.30.0.200'),
      'drop: service default/web lets nobody in from 203.0.113.9 (loadBalancerSourceRanges)',
    ],
    ['another port', {}, near, from(pod, '10.96.0.20', 81), 'reject: service default/web has no port 81/tcp'],
    [
      "nobody's address",
      {},
      near,
      from(pod, '10.96.9.9'),
      'drop: 10.96.9.9 is in the range of services, but no service has it',
    ],
    [
      'not a Service',
      {},
      near,
      from(pod, '198.51.100.1'),
      'no rule: 198.51.100.1:80/tcp is no address of a service',
    ],
    [
      'a node port',
      { type: 'NodePort', ports: [{ ...http, nodePort: 30_080 }] },
      far,
      from(outside, '172.30.0.2', 30_080),
      'forward: service default/web:80 sends it to 10.244.1.2:8080',
    ],
  ];
  for (const [name, spec, slices, connection, sentence] of cases)
    test(name, async () => {
      const trace = await traceConnection(plannerOf(['web', spec, slices]), connection, options);
      assert.equal(trace.sentence, sentence);
    });
});

test('all of a trace', async () => {
  const trace = await traceConnection(plannerOf(['web', {}, far]), from(outside, '10.96.0.20'), options);
  assert.deepEqual(trace, {
    delivery: 'forward',
    endpoint: '10.244.1.2:8080',
    source: '172.30.0.2',
    service: 'default/web',
    reason: 'AllReady',
    sentence: 'forward: service default/web:80 sends it to 10.244.1.2:8080',
    rules: [
      'prerouting: jump far',
      'far: ip daddr . meta l4proto . th dport vmap @vip-services',
      'vip-dispatch-1: meta mark set numgen random mod 1 offset 3221225472 dnat ip to ip daddr . meta l4proto . th dport . meta mark map @vip-endpoints',
      'refuse-prerouting: meta mark & 0xc0000000 == 0xc0000000 meta mark set 0x40000000',
      'refuse-prerouting: ct state new jump refuse',
      'postrouting: meta mark & 0x40000000 == 0x40000000 ip saddr != @local-pods ip daddr != @local-endpoints masquerade fully-random',
    ],
  });
});

test('what the kernel lacks of a Service', async () => {
  const planner = plannerOf(['web', {}, near]);
  const wanted = planner.get('default/web')?.contributions.IPv4;
  assert.ok(wanted !== undefined);
  const host = new FakeHost({ ...options, addresses: [], addressToward: () => '' });
  const name = { family: 'ip', name: 'wherry' } as const;
  assert.equal(missingInKernel(wanted, await host.read(name)).length, 6);
  for (const { table, operations } of planner.takeAll()) await host.apply(table, operations);
  assert.deepEqual(missingInKernel(wanted, await host.read(name)), []);
  await host.apply(name, [{ type: 'deleteElements', set: 'cluster-ips', elements: [['10.96.0.20', '']] }]);
  assert.deepEqual(missingInKernel(wanted, await host.read(name)), ['cluster-ips: 10.96.0.20']);
});
