import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoints } from './endpoints.ts';
import type { EndpointSubset, Endpoints } from './generated/types.ts';

function objectOf(subsets: EndpointSubset[], labels?: Record<string, string>): Endpoints {
  const object: Endpoints = { metadata: { name: 'web', labels }, subsets };
  endpoints.defaults?.(object);
  return object;
}

const address = (ip: string) => [{ addresses: [{ ip }], ports: [{ port: 80 }] }];

test('what is refused', () => {
  const at = 'subsets[0].addresses[0].ip';
  const bad = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
  const cases: Record<string, [EndpointSubset[], ...string[]]> = {
    'nothing wrong': [address('10.244.0.5')],
    'no addresses': [
      [{ ports: [{ port: 80 }] }],
      'subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`',
    ],
    'a name for an address': [
      address('example.com'),
      `${at}: Invalid value: "example.com": ${bad}`,
      `${at}: Invalid value: "example.com": must be a valid IP address`,
    ],
    loopback: [
      address('127.0.0.1'),
      `${at}: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)`,
    ],
    'loopback in IPv6': [
      address('::1'),
      `${at}: Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128)`,
    ],
    'the metadata service': [
      address('169.254.169.254'),
      `${at}: Invalid value: "169.254.169.254": may not be in the link-local range (169.254.0.0/16, fe80::/10)`,
    ],
    'link-local multicast': [
      address('224.0.0.1'),
      `${at}: Invalid value: "224.0.0.1": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)`,
    ],
    unspecified: [address('0.0.0.0'), `${at}: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)`],
    'an unready loopback': [
      [{ notReadyAddresses: [{ ip: '127.0.0.2' }] }],
      'subsets[0].notReadyAddresses[0].ip: Invalid value: "127.0.0.2": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ],
    'bad ports': [
      [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 0 }, { name: 'b', port: 70_000, protocol: 'X' }] }],
      'subsets[0].ports[0].name: Required value',
      'subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
      'subsets[0].ports[1].port: Invalid value: 70000: must be between 1 and 65535, inclusive',
      'subsets[0].ports[1].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
    ],
  };
  for (const [name, [subsets, ...expected]] of Object.entries(cases))
    assert.deepEqual(
      endpoints.validate?.(objectOf(subsets)).map(({ field, message }) => `${field}: ${message}`),
      expected,
      name,
    );
});

test('a write is brought into the canonical form', () => {
  const object = objectOf([
    { addresses: [{ ip: '10.0.0.2' }, { ip: '10.0.0.1' }], ports: [{ name: 'b', port: 81 }] },
    { addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }], ports: [{ name: 'a', port: 80 }] },
    { addresses: [{ ip: '10.0.0.3' }], ports: [{ name: 'a', port: 80 }] },
    { notReadyAddresses: [{ ip: '10.0.0.3' }], ports: [{ name: 'a', port: 80 }] },
    { addresses: [{ ip: '10.0.0.9' }] },
  ]);
  endpoints.prepareCreate?.(object);
  const [a, b] = [
    { name: 'a', port: 80, protocol: 'TCP' },
    { name: 'b', port: 81, protocol: 'TCP' },
  ];
  assert.deepEqual(object.subsets, [
    {
      addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }],
      notReadyAddresses: [{ ip: '10.0.0.3' }],
      ports: [a],
    },
    { addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }], ports: [b] },
    { addresses: [{ ip: '10.0.0.9' }] },
  ]);
  const again = structuredClone(object);
  endpoints.prepareUpdate?.(again, object);
  assert.deepEqual(again, object);
});

test('the cell of the table', () => {
  const cell = (subsets: EndpointSubset[]) => endpoints.columns?.[1]?.of(objectOf(subsets), 0);
  const four = ['1', '2', '3', '4'].map((last) => ({ ip: `10.0.0.${last}` }));
  assert.deepEqual(
    [
      [],
      [{ addresses: four.slice(0, 3), ports: [{ port: 80 }] }],
      [{ addresses: four, ports: [{ port: 80 }] }],
      [
        {
          addresses: four.slice(0, 2),
          ports: [
            { name: 'a', port: 80 },
            { name: 'b', port: 81 },
          ],
        },
      ],
      [{ addresses: four }],
      [{ addresses: [{ ip: 'fd00::1' }], ports: [{ port: 80 }] }],
      [{ notReadyAddresses: four, ports: [{ port: 80 }] }],
    ].map(cell),
    [
      '<none>',
      '10.0.0.1:80,10.0.0.2:80,10.0.0.3:80',
      '10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 1 more...',
      '10.0.0.1:80,10.0.0.2:80,10.0.0.1:81 + 1 more...',
      '10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...',
      '[fd00::1]:80',
      '',
    ],
  );
});

test('warnings about the form of addresses, but not to the controller', () => {
  const subsets = address('FD00::1');
  assert.deepEqual(endpoints.warnings?.(objectOf(subsets)), [
    'subsets[0].addresses[0].ip: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
  ]);
  const managed = { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' };
  assert.deepEqual(endpoints.warnings?.(objectOf(subsets, managed)), []);
});
