import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EndpointSubset } from '../generated/types.ts';
import { repackSubsets } from './repack.ts';

/** Every pair of address and port, with its readiness: what the subsets mean. Not ready wins. */
function meaningOf(subsets: readonly EndpointSubset[]): Map<string, boolean> {
  const meaning = new Map<string, boolean>();
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets)
    for (const { port } of ports) {
      for (const { ip } of addresses) meaning.set(`${ip} ${port}`, meaning.get(`${ip} ${port}`) ?? true);
      for (const { ip } of notReadyAddresses) meaning.set(`${ip} ${port}`, false);
    }
  return meaning;
}

const sorted = (map: Map<string, boolean>) => [...map].sort();
const ips = fc.array(
  fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3').map((ip) => ({ ip })),
  { maxLength: 3 },
);
const subset = fc.record({
  addresses: ips,
  notReadyAddresses: ips,
  ports: fc
    .uniqueArray(fc.constantFrom(80, 81), { minLength: 1, maxLength: 2 })
    .map((list) => list.map((port) => ({ port }))),
});

test('means the same, twice changes nothing, and no two subsets have the same addresses', () => {
  fc.assert(
    fc.property(fc.array(subset, { maxLength: 5 }), (subsets) => {
      const packed = repackSubsets(subsets);
      assert.deepEqual(sorted(meaningOf(packed)), sorted(meaningOf(subsets)));
      assert.deepEqual(repackSubsets(packed), packed);
      const groups = packed.map(({ addresses, notReadyAddresses }) =>
        JSON.stringify([addresses, notReadyAddresses]),
      );
      assert.equal(new Set(groups).size, groups.length);
    }),
  );
});

test('two pods that share an address stay two', () => {
  const addresses = ['a', 'b'].map((uid) => ({ ip: '10.0.0.1', targetRef: { uid } }));
  assert.deepEqual(repackSubsets([{ addresses, ports: [{ port: 80 }] }]), [
    { addresses, ports: [{ port: 80 }] },
  ]);
});

test('addresses without ports stay so, unless just these have ports elsewhere', () => {
  const [one, two] = [[{ ip: '10.0.0.1' }], [{ ip: '10.0.0.2' }]];
  const ports = [{ port: 80 }];
  assert.deepEqual(repackSubsets([{ addresses: one }, { addresses: two, ports }]), [
    { addresses: one },
    { addresses: two, ports },
  ]);
  assert.deepEqual(repackSubsets([{ addresses: one }, { addresses: one, ports }]), [
    { addresses: one, ports },
  ]);
});
