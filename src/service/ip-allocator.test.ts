import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Cidr, parseCidr } from '../lib/cidr.ts';
import { formatAddress } from '../lib/ip.ts';
import { seededRandom } from '../lib/random.ts';
import { AddressSet } from './address-set.ts';
import { type AddressRange, addressRange, nextAddress, rangeContains } from './ip-allocator.ts';

const rangeOf = (text: string): AddressRange => addressRange(parseCidr(text) as Cidr);

test('the bands of ranges of every size', () => {
  const bands = (text: string) => {
    const { family, first, dynamicFirst, last } = rangeOf(text);
    return [first, dynamicFirst, last].map((value) => formatAddress(family, value)).join(' ');
  };
  const cases: Record<string, string> = {
    '10.96.0.0/12': '10.96.0.1 10.96.1.1 10.111.255.254',
    '10.96.0.0/16': '10.96.0.1 10.96.1.1 10.96.255.254',
    '10.96.0.0/20': '10.96.0.1 10.96.1.1 10.96.15.254',
    '10.96.0.0/22': '10.96.0.1 10.96.0.65 10.96.3.254',
    '10.96.0.0/24': '10.96.0.1 10.96.0.17 10.96.0.254',
    '10.96.0.0/27': '10.96.0.1 10.96.0.17 10.96.0.30',
    '10.96.0.0/28': '10.96.0.1 10.96.0.1 10.96.0.14',
    'fd00:10:96::/112': 'fd00:10:96::1 fd00:10:96::101 fd00:10:96::ffff',
    'fd00:10:96::/64': 'fd00:10:96::1 fd00:10:96::101 fd00:10:96:0:ffff:ffff:ffff:ffff',
    'fd00:10:96::/124': 'fd00:10:96::1 fd00:10:96::1 fd00:10:96::f',
  };
  const actual = Object.fromEntries(Object.keys(cases).map((text) => [text, bands(text)]));
  assert.deepEqual(actual, cases);
});

test('a /27 is given out whole: first the upper band, then the lower, each address once', () => {
  const range = rangeOf('10.96.0.0/27');
  const taken = new AddressSet();
  const random = seededRandom(1);
  const given: bigint[] = [];
  for (;;) {
    const address = nextAddress([range], { taken, random });
    if (address === undefined) break;
    taken.add(address);
    given.push(address);
  }
  assert.equal(given.length, 30);
  assert.equal(new Set(given).size, 30);
  assert.ok(given.slice(0, 14).every((address) => address >= range.dynamicFirst));
  assert.ok(given.slice(14).every((address) => address < range.dynamicFirst));
});

test('a /28 is given out whole but for the reserved first address', () => {
  const range = rangeOf('10.96.0.0/28');
  const taken = new AddressSet();
  const random = seededRandom(2);
  const given: string[] = [];
  for (;;) {
    const address = nextAddress([range], {
      taken,
      random,
      isReserved: (each) => each === range.first,
    });
    if (address === undefined) break;
    taken.add(address);
    given.push(formatAddress('IPv4', address));
  }
  const expected = Array.from({ length: 13 }, (_, index) => `10.96.0.${index + 2}`);
  assert.deepEqual(given.sort(), expected.sort());
});

test('the second range serves when the first is full', () => {
  const [first, second] = [rangeOf('10.96.0.0/29'), rangeOf('10.97.0.0/29')];
  const taken = new AddressSet();
  const random = seededRandom(3);
  const given: string[] = [];
  for (let count = 0; count < 12; count++) {
    const address = nextAddress([first, second], { taken, random }) ?? assert.fail();
    taken.add(address);
    given.push(formatAddress('IPv4', address));
  }
  assert.ok(given.slice(0, 6).every((address) => address.startsWith('10.96.')));
  assert.ok(given.slice(6).every((address) => address.startsWith('10.97.')));
  assert.equal(nextAddress([first, second], { taken, random }), undefined);
});

test('over any history: never an address twice, never outside, always from the upper band while it lasts', () => {
  const cidr = fc.constantFrom('10.96.0.0/26', '10.96.0.0/24', 'fd00::/120', 'fd00::/64');
  fc.assert(
    fc.property(
      cidr,
      fc.integer(),
      fc.array(fc.nat(3), { maxLength: 300, size: 'max' }),
      (text, seed, steps) => {
        const range = rangeOf(text);
        const random = seededRandom(seed);
        const taken = new AddressSet();
        const held: bigint[] = [];
        for (const step of steps) {
          if (step === 0 && held.length > 0) {
            taken.delete(held.splice(Math.floor(random.next() * held.length), 1)[0] as bigint);
            continue;
          }
          const upperFree = taken.nextFree(range.dynamicFirst, range.last) !== undefined;
          const address = nextAddress([range], { taken, random });
          if (address === undefined) {
            assert.equal(taken.nextFree(range.first, range.last), undefined);
            continue;
          }
          assert.ok(rangeContains(range, address) && !taken.has(address));
          assert.equal(address >= range.dynamicFirst, upperFree);
          taken.add(address);
          held.push(address);
        }
      },
    ),
    { numRuns: 60, interruptAfterTimeLimit: 4000 },
  );
});

test('addresses are spread over the whole upper band', () => {
  const range = rangeOf('10.96.0.0/16');
  const random = seededRandom(4);
  const quarters = new Set<bigint>();
  const taken = new AddressSet();
  for (let count = 0; count < 64; count++)
    quarters.add((nextAddress([range], { taken, random }) as bigint) >> 14n);
  assert.equal(quarters.size, 4);
});
