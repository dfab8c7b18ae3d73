import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cidrContains, cidrLast, cidrSize, formatCidr, parseCidr } from './cidr.ts';
import { formatAddress, parseAddress } from './ip.ts';

test('texts that are ranges, their canonical form and what is wrong with them', () => {
  const cases: Record<string, [canonical: string, flaw?: string]> = {
    '10.96.0.0/16': ['10.96.0.0/16'],
    '0.0.0.0/0': ['0.0.0.0/0'],
    '10.0.0.1/32': ['10.0.0.1/32'],
    '10.0.0.1/24': ['10.0.0.0/24', 'hostBits'],
    '010.0.0.0/8': ['10.0.0.0/8', 'leadingZeros'],
    '10.0.0.0/08': ['10.0.0.0/8', 'leadingZeros'],
    '2001:DB8::/64': ['2001:db8::/64'],
    '2001:db8::1/64': ['2001:db8::/64', 'hostBits'],
    '::ffff:10.0.0.0/104': ['10.0.0.0/8', 'mapped'],
    '::/0': ['::/0'],
  };
  for (const [text, [canonical, flaw]] of Object.entries(cases)) {
    const cidr = parseCidr(text) ?? assert.fail(text);
    assert.equal(formatCidr(cidr), canonical, text);
    assert.equal(cidr.flaw, flaw, text);
  }
});

test('texts that are no ranges', () => {
  const texts = [
    '',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '::/129',
    '/8',
    'a/8',
  ];
  assert.deepEqual(
    texts.filter((text) => parseCidr(text) !== undefined),
    [],
  );
});

test('first, last and size', () => {
  const cidr = parseCidr('10.96.0.0/28') ?? assert.fail();
  assert.equal(cidrSize(cidr), 16n);
  assert.equal(formatAddress('IPv4', cidrLast(cidr)), '10.96.0.15');
  const all = parseCidr('::/0') ?? assert.fail();
  assert.equal(cidrSize(all), 2n ** 128n);
});

test('a range contains exactly what lies between its first and its last address', () => {
  const outside = parseAddress('10.96.1.0') ?? assert.fail();
  const cidr = parseCidr('10.96.0.0/24') ?? assert.fail();
  assert.equal(cidrContains(cidr, 'IPv4', outside.value), false);
  assert.equal(cidrContains(cidr, 'IPv6', cidr.base), false);
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }), fc.nat(32), (value, prefix) => {
      const range = parseCidr(`${formatAddress('IPv4', value)}/${prefix}`) ?? assert.fail();
      assert.equal(cidrContains(range, 'IPv4', value), true);
      assert.equal(cidrContains(range, 'IPv4', range.base - 1n), false);
      assert.equal(cidrContains(range, 'IPv4', cidrLast(range) + 1n), false);
    }),
  );
});
