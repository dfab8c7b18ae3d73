import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IPAddress, ParentReference, ServiceCIDR } from './generated/types.ts';
import { ipAddress } from './ip-address.ts';
import { serviceCIDR } from './service-cidr.ts';

const rangeOf = (...cidrs: string[]): ServiceCIDR => ({ metadata: { name: 'extra' }, spec: { cidrs } });
const textsOf = (errors: { field: string; message: string }[] | undefined) =>
  errors?.map(({ field, message }) => `${field}: ${message}`);

test('ServiceCIDRs that are refused', () => {
  const cases: [string[], ...string[]][] = [
    [['10.97.0.0/24']],
    [['10.97.0.0/24', 'fd00::/112']],
    [[], 'spec.cidrs: Required value: at least one CIDR required'],
    [
      ['10.97.0.0'],
      'spec.cidrs[0]: Invalid value: "10.97.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ],
    [
      ['10.97.0.1/24'],
      'spec.cidrs[0]: Invalid value: "10.97.0.1/24": must not have bits set beyond the prefix length',
    ],
    [['FD00::/112'], 'spec.cidrs[0]: Invalid value: "FD00::/112": must be in canonical form ("fd00::/112")'],
    [
      ['10.97.0.0/24', '10.98.0.0/24'],
      'spec.cidrs: Invalid value: ["10.97.0.0/24","10.98.0.0/24"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ],
    [
      ['10.97.0.0/24', 'fd00::/112', '10.98.0.0/24'],
      'spec.cidrs: Invalid value: {"CIDRs":["10.97.0.0/24","fd00::/112","10.98.0.0/24"]}: may only hold up to 2 values',
    ],
  ];
  for (const [cidrs, ...expected] of cases)
    assert.deepEqual(textsOf(serviceCIDR.validate?.(rangeOf(...cidrs))), expected, cidrs.join());
});

test('a ServiceCIDR may only gain the other family', () => {
  const cases: [string[], string[], ...string[]][] = [
    [['10.97.0.0/24'], ['10.97.0.0/24']],
    [['10.97.0.0/24'], ['10.97.0.0/24', 'fd00::/112']],
    [['10.97.0.0/24'], ['10.97.0.0/23'], 'spec.cidrs[0]: Invalid value: "10.97.0.0/23": field is immutable'],
    [
      ['10.97.0.0/24'],
      ['fd00::/112', '10.97.0.0/24'],
      'spec.cidrs[0]: Invalid value: "fd00::/112": field is immutable',
    ],
    [
      ['10.97.0.0/24', 'fd00::/112'],
      ['10.97.0.0/24'],
      'spec.cidrs: Invalid value: ["10.97.0.0/24"]: field is immutable',
    ],
  ];
  for (const [old, now, ...expected] of cases)
    assert.deepEqual(
      textsOf(serviceCIDR.validateUpdate?.(rangeOf(...now), rangeOf(...old))),
      expected,
      now.join(),
    );
});

const addressOf = (parentRef: object | undefined): IPAddress => ({
  metadata: { name: '10.96.0.1' },
  spec: { parentRef: parentRef as ParentReference },
});
const parent = { resource: 'services', namespace: 'default', name: 'web' };

test('IPAddresses that are refused', () => {
  const cases: [object | undefined, ...string[]][] = [
    [parent],
    [undefined, 'spec.parentRef: Required value'],
    [{}, 'spec.parentRef.resource: Required value', 'spec.parentRef.name: Required value'],
    [{ ...parent, name: 'a/b' }, `spec.parentRef.name: Invalid value: "a/b": may not contain '/'`],
    [{ ...parent, namespace: '..' }, `spec.parentRef.namespace: Invalid value: "..": may not be '..'`],
  ];
  for (const [reference, ...expected] of cases)
    assert.deepEqual(
      textsOf(ipAddress.validate?.(addressOf(reference))),
      expected,
      JSON.stringify(reference),
    );
  assert.deepEqual(ipAddress.validateUpdate?.(addressOf({ group: '', ...parent }), addressOf(parent)), []);
  assert.deepEqual(
    textsOf(ipAddress.validateUpdate?.(addressOf({ ...parent, name: 'x' }), addressOf(parent))),
    [
      'spec.parentRef: Invalid value: {"resource":"services","namespace":"default","name":"x"}: field is immutable',
    ],
  );
});

test('the name of an IPAddress is an address in canonical form', () => {
  const cases: [string, ...string[]][] = [
    ['10.96.0.1'],
    ['fd00::1'],
    ['web', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ['010.96.0.1', 'must not have leading 0s'],
    ['::ffff:10.96.0.1', 'must not be an IPv4-mapped IPv6 address'],
    ['FD00::1', 'must be in canonical form ("fd00::1")'],
  ];
  for (const [name, ...expected] of cases)
    assert.deepEqual(ipAddress.validateName?.(name, false), expected, name);
});

test('cells', () => {
  assert.equal(
    serviceCIDR.columns?.[1]?.of(rangeOf('10.97.0.0/24', 'fd00::/112'), 0),
    '10.97.0.0/24,fd00::/112',
  );
  const cell = (reference: object | undefined) => ipAddress.columns?.[1]?.of(addressOf(reference), 0);
  assert.equal(cell(parent), 'services/default/web');
  assert.equal(
    cell({ group: 'example.com', resource: 'gateways', name: 'edge' }),
    'gateways.example.com/edge',
  );
  assert.equal(cell(undefined), '<none>');
});
