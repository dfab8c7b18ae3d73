import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cidrLast, cidrSize, formatCidr } from '../../lib/cidr.ts';
import { type AddressRange, buggyAddresses, isBuggyAddress, parseRange, prefixesOf } from './ranges.ts';

const prefixes: Record<string, string[]> = {
  '10.0.0.200-10.0.0.250': [
    '10.0.0.200/29',
    '10.0.0.208/28',
    '10.0.0.224/28',
    '10.0.0.240/29',
    '10.0.0.248/31',
    '10.0.0.250/32',
  ],
  '10.0.0.0/24': ['10.0.0.0/24'],
  '10.0.0.7/24': ['10.0.0.0/24'],
  '0.0.0.0-255.255.255.255': ['0.0.0.0/0'],
  'fd00::1 - fd00::4': ['fd00::1/128', 'fd00::2/127', 'fd00::4/128'],
};

test('ranges are prefixes together', () => {
  for (const [text, expected] of Object.entries(prefixes))
    assert.deepEqual(prefixesOf(parseRange(text)).map(formatCidr), expected);
});

const refused: Record<string, string> = {
  nonsense: 'invalid CIDR "nonsense"',
  '10.0.0.1': 'invalid CIDR "10.0.0.1"',
  'x-10.0.0.1': 'invalid IP range "x-10.0.0.1": invalid start IP "x"',
  '10.0.0.1-10.0.0.2-10.0.0.3':
    'invalid IP range "10.0.0.1-10.0.0.2-10.0.0.3": invalid end IP "10.0.0.2-10.0.0.3"',
  '10.0.0.1-fd00::1':
    'invalid IP range "10.0.0.1-fd00::1": start IP "10.0.0.1" is after the end IP "fd00::1"',
};

test('what is no range is refused in words', () => {
  for (const [text, message] of Object.entries(refused)) assert.throws(() => parseRange(text), { message });
});

test('any range: its prefixes follow one another from its first to its last address', () => {
  const address = fc.bigInt({ min: 0n, max: (1n << 32n) - 1n });
  fc.assert(
    fc.property(address, address, (...ends) => {
      const [first, last] = ends.sort((one, other) => (one < other ? -1 : 1)) as [bigint, bigint];
      const range: AddressRange = { family: 'IPv4', first, last };
      let next = range.first;
      for (const prefix of prefixesOf(range)) {
        assert.equal(prefix.base, next);
        assert.equal(prefix.base % cidrSize(prefix), 0n);
        next = cidrLast(prefix) + 1n;
      }
      assert.equal(next, range.last + 1n);
    }),
    { numRuns: 500, interruptAfterTimeLimit: 2000 },
  );
});

test('addresses that some routers drop are counted', () => {
  const small = fc.bigInt({ min: 0n, max: 2000n });
  fc.assert(
    fc.property(small, small, (first, length) => {
      const range: AddressRange = { family: 'IPv4', first, last: first + length };
      let count = 0n;
      for (let value = range.first; value <= range.last; value++) if (isBuggyAddress('IPv4', value)) count++;
      assert.equal(buggyAddresses(range), count);
    }),
    { numRuns: 50, interruptAfterTimeLimit: 2000 },
  );
});
