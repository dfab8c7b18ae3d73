import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Cidr, parseCidr } from '../lib/cidr.ts';
import { PodAddresses } from './pod-addresses.ts';

const range = parseCidr('10.244.3.0/28') as Cidr;

test('addresses are given out in turn, and a freed one is not taken again at once', () => {
  const addresses = new PodAddresses(range);
  assert.deepEqual(
    ['a', 'b', 'a'].map((uid) => addresses.take(uid)),
    ['10.244.3.2', '10.244.3.3', '10.244.3.2'],
  );
  addresses.free('a');
  assert.equal(addresses.take('c'), '10.244.3.4');
  assert.equal(addresses.reserve('d', '10.244.3.4'), false);
  assert.equal(addresses.reserve('d', '10.244.3.2'), true);
  assert.equal(addresses.take('d'), '10.244.3.2');
});

test('no address is given twice at a time, and the range is used up to its end', () => {
  const step = fc.record({ uid: fc.integer({ min: 0, max: 19 }).map(String), take: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const addresses = new PodAddresses(range);
      const held = new Map<string, string>();
      for (const { uid, take } of steps) {
        if (!take) {
          addresses.free(uid);
          held.delete(uid);
          continue;
        }
        const ip = addresses.take(uid);
        if (ip === undefined) assert.equal(held.size, 13);
        else {
          for (const [other, taken] of held) assert.ok(other === uid || taken !== ip, `${other} has ${ip}`);
          held.set(uid, ip);
        }
        assert.equal(addresses.size, held.size);
      }
    }),
    { interruptAfterTimeLimit: 2000 },
  );
});
