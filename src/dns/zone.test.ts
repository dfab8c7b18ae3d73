import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DnsRecord } from './records.ts';
import { recordTypes, wireName } from './wire.ts';
import { Zone } from './zone.ts';

const makeZone = () => new Zone({ zone: 'cluster.local', seconds: 5 });
const find = (zone: Zone, name: string, type: keyof typeof recordTypes = 'A') =>
  zone.find(wireName(name)!, recordTypes[type]);

test('a name exists while something is at it or below it', () => {
  const zone = makeZone();
  zone.replace('a', [{ name: 'x.y.local', type: 'A', address: '10.0.0.1' }]);
  zone.replace('b', [{ name: 'y.local', type: 'A', address: '10.0.0.2' }]);
  assert.equal(find(zone, 'local').exists, true);
  assert.equal(find(zone, 'z.local').exists, false);
  zone.replace('b', []);
  assert.deepEqual(find(zone, 'y.local'), { exists: true });
  zone.replace('a', []);
  assert.deepEqual([find(zone, 'y.local').exists, find(zone, 'local').exists, zone.size], [false, false, 0]);
});

test('two owners of one name are both in its answer, and one that goes takes only his own', () => {
  const zone = makeZone();
  zone.replace('a', [{ name: 'p.arpa', type: 'PTR', target: 'a.local' }]);
  zone.replace('b', [{ name: 'p.arpa', type: 'PTR', target: 'b.local' }]);
  assert.equal(find(zone, 'p.arpa', 'PTR').answer?.ends.length, 2);
  zone.replace('a', []);
  assert.equal(find(zone, 'p.arpa', 'PTR').answer?.ends.length, 1);
});

test('records that cannot be said on the wire are left out, the others stay', () => {
  const zone = makeZone();
  zone.replace('a', [
    { name: `${'x'.repeat(64)}.local`, type: 'A', address: '10.0.0.1' },
    { name: 'a.local', type: 'A', address: 'nonsense' },
    { name: 'a.local', type: 'AAAA', address: 'fd00::1' },
    { name: 'a.local', type: 'TXT', text: 'x'.repeat(300) },
  ]);
  assert.deepEqual(find(zone, 'a.local'), { exists: true });
  assert.equal(find(zone, 'a.local', 'AAAA').answer?.ends.length, 1);
});

test('over any history the zone is what its owners say last', () => {
  const name = fc.constantFrom('a.local', 'b.a.local', 'c.b.a.local', 'local', 'd.local');
  const record: fc.Arbitrary<DnsRecord> = fc.oneof(
    fc.record({ name, type: fc.constant('A' as const), address: fc.constantFrom('10.0.0.1', '10.0.0.2') }),
    fc.record({ name, type: fc.constant('SRV' as const), port: fc.nat(9), target: name }),
    fc.record({ name, type: fc.constant('CNAME' as const), target: name }),
  );
  const step = fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.array(record, { maxLength: 5 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const zone = makeZone();
      for (const [owner, records] of steps) zone.replace(owner, records);
      const last = new Map(steps);
      const fresh = makeZone();
      // In the order in which the names came to be, which the answers keep.
      for (const [owner, records] of steps) if (last.get(owner) === records) fresh.replace(owner, records);
      for (const each of ['a.local', 'b.a.local', 'c.b.a.local', 'local', 'd.local'])
        for (const type of ['A', 'CNAME'] as const) {
          const [one, other] = [find(zone, each, type), find(fresh, each, type)];
          assert.equal(one.exists, other.exists, each);
          assert.equal(one.answer?.ends.length, other.answer?.ends.length);
        }
      assert.equal(zone.size, fresh.size);
      for (const owner of last.keys()) zone.replace(owner, []);
      assert.deepEqual([zone.size, find(zone, 'local').exists], [0, false]);
    }),
    { numRuns: 300, interruptAfterTimeLimit: 3000 },
  );
});
