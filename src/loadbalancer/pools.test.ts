import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PoolError, parseRange } from '../kinds/metallb/ranges.ts';
import { formatAddress } from '../lib/ip.ts';
import { configurationCharactersMax } from './limits.ts';
import { checkPools, holds, joinPools, makePool, type Pool, parseConfiguration, poolsFor } from './pools.ts';

const shown = ({ name, ranges, autoAssign, avoidBuggyIPs }: Pool): string =>
  [
    `${name}:`,
    ...ranges.map(
      ({ family, first, last }) => `${formatAddress(family, first)}-${formatAddress(family, last)}`,
    ),
    ...(autoAssign ? [] : ['only by name']),
    ...(avoidBuggyIPs ? ['avoiding buggy'] : []),
  ].join(' ');

test('the configuration of old', () => {
  const text = `address-pools:
- name: default
  protocol: layer2
  addresses:
  - 10.8.8.93-10.8.8.103
- name: special
  protocol: layer2
  auto-assign: false
  avoid-buggy-ips: true
  addresses: ['10.9.0.0/30', 'fd00::10 - fd00::20']
`;
  assert.deepEqual(parseConfiguration(text).map(shown), [
    'default: 10.8.8.93-10.8.8.103',
    'special: 10.9.0.0-10.9.0.3 fd00::10-fd00::20 only by name avoiding buggy',
  ]);
  assert.deepEqual(parseConfiguration('{}'), []);
});

const pool = (rest: string) => `address-pools: [{ name: a, protocol: layer2, ${rest} }]`;
const refused: [string, string, RegExp][] = [
  ['no YAML', 'a: [', /^could not parse config: /],
  ['a list', '[]', /it is no mapping/],
  ['pools that are no list', 'address-pools: 5', /address-pools is no list/],
  ['a pool that is no mapping', 'address-pools: [5]', /address pool #1 is no mapping/],
  ['no name', 'address-pools: [{ protocol: layer2 }]', /missing pool name/],
  [
    'another protocol',
    'address-pools: [{ name: a, protocol: bgp }]',
    /unknown protocol "bgp"; wanted is layer2/,
  ],
  ['no addresses', pool(''), /addresses is no list of ranges/],
  ['an empty list', pool('addresses: []'), /pool "a" has no prefixes defined/],
  ['numbers for addresses', pool('addresses: [5]'), /addresses is no list of ranges/],
  ['nonsense', pool('addresses: [x]'), /invalid CIDR "x"/],
  ['half a range', pool('addresses: ["10.0.0.1-"]'), /invalid IP range "10.0.0.1-"/],
  [
    'backwards',
    pool('addresses: ["10.0.0.9-10.0.0.1"]'),
    /start IP "10.0.0.9" is after the end IP "10.0.0.1"/,
  ],
  [
    'two families',
    pool('addresses: ["10.0.0.9-fd00::1"]'),
    /start IP "10.0.0.9" is after the end IP "fd00::1"/,
  ],
  ['overlapping', pool('addresses: ["10.0.0.0/24", "10.0.0.7/32"]'), /pool "a" overlaps with pool "a"/],
  ['a bomb of aliases', 'a: &a [1]\nb: [*a, *a, *a]', /could not parse config/],
  ['too long', ' '.repeat(configurationCharactersMax + 1), /longer than/],
];
for (const [name, text, message] of refused)
  test(`refused: ${name}`, () => {
    assert.throws(
      () => parseConfiguration(text),
      (error: Error) => error instanceof PoolError && message.test(error.message),
    );
  });

test('a name twice', () => {
  const [one, two] = [makePool('a', ['10.0.0.0/24']), makePool('a', ['10.0.1.0/24'])];
  assert.throws(() => checkPools([one, two]), /duplicate definition of pool "a"/);
});

test('what a pool gives out', () => {
  const buggy = { ...makePool('a', ['10.0.0.0/24']), avoidBuggyIPs: true };
  const { first, last } = parseRange('10.0.0.0/24');
  assert.deepEqual(
    [first, first + 1n, last, last + 1n].map((value) => holds(buggy, 'IPv4', value)),
    [false, true, false, false],
  );
  assert.equal(holds(buggy, 'IPv6', first + 1n), false);
});

test('a pool of the ConfigMap takes the place of the object of its name, and is asked first', () => {
  const objects = [makePool('a', ['10.0.0.0/24']), makePool('default', ['10.0.1.0/24'])];
  const configured = parseConfiguration(
    'address-pools: [{ name: default, protocol: layer2, addresses: [10.0.2.0/24] }]',
  );
  assert.deepEqual(joinPools(configured, objects).map(shown), [
    'default: 10.0.2.0-10.0.2.255',
    'a: 10.0.0.0-10.0.0.255',
  ]);
});

test('which pools a Service is served from, in order', () => {
  const allocation = (priority: number, namespaces: string[], more = {}) => ({
    allocation: {
      priority,
      namespaces: new Set(namespaces),
      namespaceMatchers: [],
      serviceMatchers: [],
      ...more,
    },
  });
  const pools: Pool[] = [
    makePool('everybody', ['10.0.0.0/24']),
    { ...makePool('unranked', ['10.0.1.0/24']), ...allocation(0, ['shop']) },
    { ...makePool('second', ['10.0.2.0/24']), ...allocation(50, ['shop']) },
    { ...makePool('first', ['10.0.3.0/24']), ...allocation(20, ['shop', 'bank']) },
    { ...makePool('by name', ['10.0.4.0/24']), ...allocation(1, ['shop']), autoAssign: false },
    {
      ...makePool('by labels', ['10.0.5.0/24']),
      ...allocation(30, [], {
        namespaceMatchers: [(labels: Record<string, string> = {}) => labels.tier === 'gold'],
        serviceMatchers: [(labels: Record<string, string> = {}) => labels.public === 'yes'],
      }),
    },
  ];
  const namesFor = (namespace: string, namespaceLabels = {}, labels = {}) =>
    poolsFor(pools, { namespace, namespaceLabels, labels }).map(({ name }) => name);
  assert.deepEqual(namesFor('default'), ['everybody']);
  assert.deepEqual(namesFor('shop'), ['first', 'second', 'unranked', 'everybody']);
  assert.deepEqual(namesFor('bank', { tier: 'gold' }, { public: 'yes' }), [
    'first',
    'by labels',
    'everybody',
  ]);
  assert.deepEqual(namesFor('default', { tier: 'gold' }), ['everybody']);
});
