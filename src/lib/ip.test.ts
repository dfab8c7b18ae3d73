import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressScope, canonicalAddress, formatAddress, parseAddress } from './ip.ts';

test('texts that are addresses, their canonical form and what is wrong with them', () => {
  const cases: Record<string, [canonical: string, flaw?: string]> = {
    '10.96.0.1': ['10.96.0.1'],
    '0.0.0.0': ['0.0.0.0'],
    '255.255.255.255': ['255.255.255.255'],
    '010.000.0.08': ['10.0.0.8', 'leadingZeros'],
    '::': ['::'],
    '::1': ['::1'],
    '2001:DB8:0:0:0:0:0:1': ['2001:db8::1'],
    '2001:db8::0:1': ['2001:db8::1'],
    'fe80::1': ['fe80::1'],
    '2001:db8:0:1:1:1:1:1': ['2001:db8:0:1:1:1:1:1'],
    '::ffff:10.0.0.1': ['10.0.0.1', 'mapped'],
    '::ffff:a00:1': ['10.0.0.1', 'mapped'],
    '64:ff9b::10.0.0.1': ['64:ff9b::a00:1'],
    '64:ff9b::10.0.0.01': ['64:ff9b::a00:1', 'leadingZeros'],
  };
  for (const [text, [canonical, flaw]] of Object.entries(cases)) {
    assert.equal(canonicalAddress(text), canonical, text);
    assert.equal(parseAddress(text)?.flaw, flaw, text);
  }
});

test('texts that are no addresses', () => {
  const texts = [
    '',
    'None',
    '10.96.0',
    '10.96.0.256',
    '10.96.0.1.2',
    '10.96.0.1 ',
    ' 10.96.0.1',
    '0x0a.0.0.1',
    '167772161',
    '1.2.3.-4',
    ':::',
    '1::2::3',
    '2001:db8::12345',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7',
    'fe80::1%eth0',
    '[::1]',
    '::1.2.3',
    '::1.2.3.400',
    'g::1',
    `::${'0'.repeat(200)}1`,
  ];
  assert.deepEqual(
    texts.filter((text) => parseAddress(text) !== undefined),
    [],
  );
});

test('special ranges, at their borders', () => {
  const cases: Record<string, string> = {
    '0.0.0.0': 'unspecified',
    '::': 'unspecified',
    '0.0.0.1': 'other',
    '127.0.0.1': 'loopback',
    '127.255.255.255': 'loopback',
    '128.0.0.0': 'other',
    '::1': 'loopback',
    '::2': 'other',
    '169.253.255.255': 'other',
    '169.254.169.254': 'linkLocalUnicast',
    '169.255.0.0': 'other',
    'fe80::1': 'linkLocalUnicast',
    'febf:ffff::1': 'linkLocalUnicast',
    'fec0::1': 'other',
    '224.0.0.251': 'linkLocalMulticast',
    '224.0.1.0': 'other',
    'ff02::1': 'linkLocalMulticast',
    'ff12::1': 'linkLocalMulticast',
    'ff05::1': 'other',
    '::ffff:127.0.0.1': 'loopback',
    '10.96.0.10': 'other',
  };
  for (const [text, scope] of Object.entries(cases))
    assert.equal(addressScope(parseAddress(text) ?? assert.fail(text)), scope, text);
});

test('every number is formatted to a text that parses to it', () => {
  const mapped = (value: bigint) => value >> 32n === 0xffffn;
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }), (value) => {
      assert.deepEqual(parseAddress(formatAddress('IPv4', value)), { family: 'IPv4', value });
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), fc.nat(128), (bits, zeros) => {
      const value = (bits >> BigInt(zeros)) << BigInt(zeros);
      if (mapped(value)) return;
      assert.deepEqual(parseAddress(formatAddress('IPv6', value)), { family: 'IPv6', value });
    }),
  );
});

test('no text makes the parser throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcf:./% ') }), (text) => {
      parseAddress(text);
    }),
  );
});
