import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointSlice } from './endpoint-slice.ts';
import type { DiscoveryEndpointPort, Endpoint, EndpointSlice } from './generated/types.ts';

interface Parts {
  type?: string;
  endpoints?: Endpoint[];
  ports?: DiscoveryEndpointPort[];
}

function sliceOf({ type = 'IPv4', endpoints = [], ports = [] }: Parts): EndpointSlice {
  const slice: EndpointSlice = { metadata: { name: 'web-1' }, addressType: type, endpoints, ports };
  endpointSlice.defaults?.(slice);
  return slice;
}

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => `10.0.${index >> 8}.${index & 255 || 1}`);

test('what is refused', () => {
  const at = 'endpoints[0].addresses';
  const cases: Record<string, [Parts, ...string[]]> = {
    'nothing wrong': [{ endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 80 }] }],
    'no address type': [{ type: '' }, 'addressType: Required value'],
    'unknown address type': [
      { type: 'IP' },
      'addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"',
    ],
    'no addresses': [
      { endpoints: [{ addresses: [] }] },
      `${at}: Required value: must contain at least 1 address`,
    ],
    'too many addresses': [
      { endpoints: [{ addresses: many(101) }] },
      `${at}: Too many: 101: must have at most 100 items`,
    ],
    'too many endpoints': [
      { endpoints: many(1001).map((ip) => ({ addresses: [ip] })) },
      'endpoints: Too many: 1001: must have at most 1000 items',
    ],
    'IPv6 in a slice of IPv4': [
      { endpoints: [{ addresses: ['fd00::1'] }] },
      `${at}[0]: Invalid value: "fd00::1": must be an IPv4 address`,
    ],
    'IPv4 in a slice of IPv6': [
      { type: 'IPv6', endpoints: [{ addresses: ['10.0.0.1'] }] },
      `${at}[0]: Invalid value: "10.0.0.1": must be an IPv6 address`,
    ],
    loopback: [
      { endpoints: [{ addresses: ['127.0.0.1'] }] },
      `${at}[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)`,
    ],
    'link-local IPv6': [
      { type: 'IPv6', endpoints: [{ addresses: ['fe80::1'] }] },
      `${at}[0]: Invalid value: "fe80::1": may not be in the link-local range (169.254.0.0/16, fe80::/10)`,
    ],
    'a name of one label': [
      { type: 'FQDN', endpoints: [{ addresses: ['localhost'] }] },
      `${at}[0]: Invalid value: "localhost": should be a domain with at least two segments separated by dots`,
    ],
    'hints twice': [
      { endpoints: [{ addresses: ['10.0.0.1'], hints: { forZones: [{ name: 'a' }, { name: 'a' }] } }] },
      'endpoints[0].hints.forZones[1].name: Duplicate value: "a"',
    ],
    'too many hints': [
      {
        endpoints: [
          {
            addresses: ['10.0.0.1'],
            hints: { forNodes: many(9).map((_, index) => ({ name: `n${index}` })) },
          },
        ],
      },
      'endpoints[0].hints.forNodes: Too many: 9: must have at most 8 items',
    ],
    'ports without names': [{ ports: [{ port: 80 }, { port: 81 }] }, 'ports[1].name: Duplicate value: ""'],
    'port too high': [
      { ports: [{ port: 70_000 }] },
      'ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
    'unknown protocol': [
      { ports: [{ port: 80, protocol: 'X' }] },
      'ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
    ],
  };
  for (const [name, [parts, ...expected]] of Object.entries(cases))
    assert.deepEqual(
      endpointSlice.validate?.(sliceOf(parts)).map(({ field, message }) => `${field}: ${message}`),
      expected,
      name,
    );
});

test('the address type stays', () => {
  assert.deepEqual(endpointSlice.validateUpdate?.(sliceOf({ type: 'IPv6' }), sliceOf({})), [
    { type: 'invalid', field: 'addressType', message: 'Invalid value: "IPv6": field is immutable' },
  ]);
});

test('cells of the table', () => {
  const cells = (parts: Parts) =>
    endpointSlice.columns?.slice(1, 4).map((column) => column.of(sliceOf(parts), 0));
  assert.deepEqual(
    [
      {},
      { endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 80 }] },
      {
        endpoints: many(5).map((ip) => ({ addresses: [ip] })),
        ports: [{ name: 'any' }, { name: 'b', port: 2 }, { name: 'c', port: 3 }, { name: 'd', port: 4 }],
      },
    ].map(cells),
    [
      ['IPv4', '<unset>', '<unset>'],
      ['IPv4', '80', '10.0.0.1'],
      ['IPv4', 'any,2,3 + 1 more...', '10.0.0.1,10.0.0.1,10.0.0.2 + 2 more...'],
    ],
  );
});

test('warnings', () => {
  assert.deepEqual(endpointSlice.warnings?.(sliceOf({ type: 'FQDN', endpoints: [{ addresses: ['a.b'] }] })), [
    'spec.addressType: FQDN endpoints are deprecated',
  ]);
  const odd = sliceOf({ type: 'IPv6', endpoints: [{ addresses: ['FD00::1'] }] });
  assert.deepEqual(endpointSlice.warnings?.(odd), [
    'endpoints[0].addresses[0]: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
  ]);
  odd.metadata.labels = { 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' };
  assert.deepEqual(endpointSlice.warnings?.(odd), []);
});

test('the labels of v1beta1 are not written', () => {
  const slice = sliceOf({ endpoints: [{ addresses: ['10.0.0.1'], deprecatedTopology: { zone: 'a' } }] });
  endpointSlice.prepareCreate?.(slice);
  assert.deepEqual(slice.endpoints, [{ addresses: ['10.0.0.1'] }]);
});
