import assert from 'node:assert/strict';
import { test } from 'node:test';
import { path } from './field.ts';
import {
  cidrWarnings,
  ipWarnings,
  validateCanonicalCIDR,
  validateCIDR,
  validateIP,
  validateNonSpecialIP,
} from './ip-rules.ts';

const at = path('spec', 'ip');
const messages = (errors: { message: string }[]) => errors.map(({ message }) => message);
const address = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const range = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

test('addresses', () => {
  assert.deepEqual(messages(validateIP('FD00::1', at)), []);
  assert.deepEqual(messages(validateIP('x', at)), [`Invalid value: "x": ${address}`]);
  assert.deepEqual(messages(validateNonSpecialIP('192.0.2.1', at)), []);
  assert.deepEqual(messages(validateNonSpecialIP('x', at)), [
    'Invalid value: "x": must be a valid IP address',
  ]);
});

test('ranges, in any form and in canonical form', () => {
  const cases: [string, string[], string[]][] = [
    ['10.0.0.0/8', [], []],
    ['FD00::/64', [], ['must be in canonical form ("fd00::/64")']],
    ['x', [range], [range]],
    ...(
      [
        ['010.0.0.0/8', 'must not have leading 0s in IP or prefix length'],
        ['10.0.0.0/08', 'must not have leading 0s in IP or prefix length'],
        ['::ffff:10.0.0.0/104', 'must not have an IPv4-mapped IPv6 address'],
        ['10.0.0.1/8', 'must not have bits set beyond the prefix length'],
      ] as const
    ).map(([text, message]): [string, string[], string[]] => [text, [message], [message]]),
  ];
  const shown = (text: string, texts: string[]) =>
    texts.map((each) => `Invalid value: ${JSON.stringify(text)}: ${each}`);
  for (const [text, any, canonical] of cases) {
    assert.deepEqual(messages(validateCIDR(text, at)), shown(text, any), text);
    assert.deepEqual(messages(validateCanonicalCIDR(text, at)), shown(text, canonical), text);
  }
});

test('warnings', () => {
  const future = 'will be considered invalid in a future Kubernetes release: use';
  const cases: [string[], ...string[]][] = [
    [ipWarnings('10.0.0.1', at)],
    [ipWarnings('x', at)],
    [ipWarnings('010.0.0.1', at), `spec.ip: non-standard IP address "010.0.0.1" ${future} "10.0.0.1"`],
    [
      ipWarnings('FD00::1', at),
      'spec.ip: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
    ],
    [cidrWarnings('10.0.0.0/8', at)],
    [cidrWarnings('x', at)],
    [
      cidrWarnings('010.0.0.0/8', at),
      `spec.ip: non-standard CIDR value "010.0.0.0/8" ${future} "10.0.0.0/8"`,
    ],
    [
      cidrWarnings('010.0.0.1/8', at),
      'spec.ip: CIDR value "010.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
      `spec.ip: non-standard CIDR value "010.0.0.1/8" ${future} "10.0.0.0/8"`,
    ],
  ];
  for (const [actual, ...expected] of cases) assert.deepEqual(actual, expected);
});
