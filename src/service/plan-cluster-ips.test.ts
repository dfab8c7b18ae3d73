import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceSpec } from '../kinds/generated/types.ts';
import { type Cidr, parseCidr } from '../lib/cidr.ts';
import type { IPFamily } from '../lib/ip.ts';
import { seededRandom } from '../lib/random.ts';
import { AddressSet } from './address-set.ts';
import { addressRange } from './ip-allocator.ts';
import { clusterIPsOf, type FamilyAddresses, planClusterIPs } from './plan-cluster-ips.ts';

function takeAll(family: Partial<FamilyAddresses>): string[] {
  const range = addressRange(parseCidr('10.96.0.0/29') as Cidr);
  const taken = new AddressSet();
  const addresses = new Map<IPFamily, FamilyAddresses>([['IPv4', { ranges: [range], taken, ...family }]]);
  const given: string[] = [];
  for (;;) {
    const spec: ServiceSpec = { type: 'ClusterIP', ipFamilies: ['IPv4'] };
    const failure = planClusterIPs(spec, undefined, { addresses, random: seededRandom(given.length) });
    if (failure !== undefined) {
      assert.deepEqual(failure, {
        type: 'internal',
        message: 'failed to allocate a serviceIP: range is full',
      });
      return given;
    }
    given.push(spec.clusterIP as string);
    taken.add(range.first + BigInt(Number(spec.clusterIP?.split('.')[3]) - 1));
  }
}

test('the reserved address is never given out', () => {
  const { first } = addressRange(parseCidr('10.96.0.0/29') as Cidr);
  assert.deepEqual(takeAll({ reserved: first }).sort(), [
    '10.96.0.2',
    '10.96.0.3',
    '10.96.0.4',
    '10.96.0.5',
    '10.96.0.6',
  ]);
});

test('addresses that others are about to have come last', () => {
  const { first } = addressRange(parseCidr('10.96.0.0/29') as Cidr);
  const given = takeAll({ isPending: (address) => address < first + 3n });
  assert.deepEqual(given.slice(0, 3).sort(), ['10.96.0.4', '10.96.0.5', '10.96.0.6']);
  assert.deepEqual(given.slice(3).sort(), ['10.96.0.1', '10.96.0.2', '10.96.0.3']);
});

test('what a Service holds, in canonical form', () => {
  assert.deepEqual([...clusterIPsOf({ clusterIPs: ['FD00:0::1', '10.96.0.1'] })], ['fd00::1', '10.96.0.1']);
  assert.deepEqual([...clusterIPsOf({ clusterIPs: ['None'] })], []);
  assert.deepEqual([...clusterIPsOf({ type: 'ExternalName', clusterIPs: ['10.96.0.1'] })], []);
});
