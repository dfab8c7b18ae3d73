import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceSpec } from '../generated/types.ts';
import { effectivePolicy } from './validate-cluster-ips.ts';
import { base, createErrors } from './validate-fixture.ts';

const ipAddress = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

const addressCases: Record<string, [ServiceSpec, ...string[]]> = {
  'an octet above 255': [
    { ...base, clusterIP: '10.96.0.300' },
    `spec.clusterIPs[0]: Invalid value: "10.96.0.300": ${ipAddress}`,
  ],
  'no address at all': [
    { ...base, clusterIP: 'none' },
    `spec.clusterIPs[0]: Invalid value: "none": ${ipAddress}`,
  ],
  'leading zeros': [
    { ...base, clusterIP: '010.0.0.1' },
    'spec.clusterIPs[0]: Invalid value: "010.0.0.1": must not have leading 0s',
  ],
  'IPv4 in IPv6': [
    { ...base, clusterIP: '::ffff:10.0.0.1' },
    'spec.clusterIPs[0]: Invalid value: "::ffff:10.0.0.1": must not be an IPv4-mapped IPv6 address',
  ],
  'clusterIPs alone': [
    { ...base, clusterIPs: ['10.0.0.1'] },
    'spec.clusterIPs: Invalid value: ["10.0.0.1"]: must be empty when `clusterIP` is not specified',
  ],
  'clusterIP and clusterIPs differ': [
    { ...base, clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.2'] },
    'spec.clusterIPs: Invalid value: ["10.0.0.2"]: first value must match `clusterIP`',
  ],
  'None and more': [
    { ...base, clusterIP: 'None', clusterIPs: ['None', '10.0.0.1'] },
    `spec.clusterIPs: Invalid value: ["None","10.0.0.1"]: 'None' must be the first and only value`,
  ],
  'two of one family': [
    { ...base, clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', '10.0.0.2'] },
    'spec.clusterIPs: Invalid value: ["10.0.0.1","10.0.0.2"]: may specify no more than one IP for each IP family',
  ],
  three: [
    { ...base, clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', 'fd00::1', '10.0.0.2'] },
    'spec.clusterIPs: Invalid value: ["10.0.0.1","fd00::1","10.0.0.2"]: may only hold up to 2 values',
  ],
  'IPv6 address where IPv4 is said': [
    { ...base, clusterIP: 'fd00::1', ipFamilies: ['IPv4'] },
    'spec.clusterIPs[0]: Invalid value: "fd00::1": expected an IPv4 value as indicated by `ipFamilies[0]`',
  ],
  'IPv4 address where IPv6 is said': [
    { ...base, clusterIP: '10.0.0.1', ipFamilies: ['IPv6'] },
    'spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`',
  ],
  'unknown family': [
    { ...base, ipFamilies: ['IPX'] },
    'spec.ipFamilies[0]: Unsupported value: "IPX": supported values: "IPv4", "IPv6"',
  ],
  'a family twice': [
    { ...base, ipFamilies: ['IPv4', 'IPv4'] },
    'spec.ipFamilies[1]: Duplicate value: "IPv4"',
  ],
  'unknown policy': [
    { ...base, ipFamilyPolicy: 'Dual' },
    'spec.ipFamilyPolicy: Unsupported value: "Dual": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"',
  ],
  'a bad address hides everything else': [
    { ports: [{ port: 0 }], clusterIP: 'x' },
    `spec.clusterIPs[0]: Invalid value: "x": ${ipAddress}`,
  ],
  'external IP that is none': [
    { ...base, externalIPs: ['example.com'] },
    `spec.externalIPs[0]: Invalid value: "example.com": ${ipAddress}`,
  ],
  'external IP of the loopback': [
    { ...base, externalIPs: ['127.0.0.1'] },
    'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
  ],
  'external IP of the metadata service': [
    { ...base, externalIPs: ['192.0.2.1', '169.254.169.254'] },
    'spec.externalIPs[1]: Invalid value: "169.254.169.254": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
  ],
  'unspecified external IP': [
    { ...base, externalIPs: ['::'] },
    'spec.externalIPs[0]: Invalid value: "::": may not be unspecified (::)',
  ],
};

test('addresses that are refused', () => {
  for (const [name, [spec, ...expected]] of Object.entries(addressCases))
    assert.deepEqual(createErrors(spec), expected, name);
});

test('the policy of a Service that says none', () => {
  assert.equal(effectivePolicy({}), 'SingleStack');
  assert.equal(effectivePolicy({ clusterIP: 'None' }), 'RequireDualStack');
  assert.equal(effectivePolicy({ clusterIP: 'None', selector: { app: 'web' } }), 'SingleStack');
  assert.equal(effectivePolicy({}, { ipFamilyPolicy: 'PreferDualStack' }), 'PreferDualStack');
  assert.equal(
    effectivePolicy({ ipFamilyPolicy: 'SingleStack' }, { ipFamilyPolicy: 'PreferDualStack' }),
    'SingleStack',
  );
});
