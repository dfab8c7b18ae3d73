import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AddressSet } from './address-set.ts';

test('behaves as a set does, and finds the least gap', () => {
  const address = fc.bigInt({ min: 0n, max: 40n });
  const step = fc.tuple(fc.boolean(), address);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), address, address, (steps, from, to) => {
      const set = new AddressSet();
      const model = new Set<bigint>();
      for (const [adds, value] of steps) {
        if (adds) {
          set.add(value);
          model.add(value);
        } else {
          set.delete(value);
          model.delete(value);
        }
      }
      assert.equal(set.size, model.size);
      let expected: bigint | undefined;
      for (let value = from; value <= to && expected === undefined; value++)
        if (!model.has(value)) expected = value;
      assert.equal(set.nextFree(from, to), expected);
      for (let value = 0n; value <= 40n; value++) assert.equal(set.has(value), model.has(value));
    }),
  );
});

test('steps over what is full without looking at each address', () => {
  const set = new AddressSet();
  for (let address = 0n; address < 200_000n; address++) set.add(address);
  let looks = 0;
  const accept = () => {
    looks++;
    return true;
  };
  assert.equal(set.nextFree(0n, 2n ** 64n, accept), 200_000n);
  assert.equal(looks, 1);
});

test('an address beyond 2^64 is an address like any other', () => {
  const set = new AddressSet();
  const address = 0x20010db8n << 96n;
  set.add(address);
  assert.equal(set.nextFree(address, address + 1n), address + 1n);
  set.delete(address);
  assert.equal(set.nextFree(address, address), address);
});
