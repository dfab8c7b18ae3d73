import assert from 'node:assert/strict';
import { test } from 'node:test';
import { make, verdict } from '../rest/testing.ts';
import { startTestServer } from '../test-server.ts';
import { metallbPools } from './metallb.ts';

const namespaced = (namespace: string, plural: string) =>
  `/apis/metallb.io/v1beta1/namespaces/${namespace}/${plural}`;
const pools = namespaced('metallb-system', 'ipaddresspools');
const advertisements = namespaced('metallb-system', 'l2advertisements');

const pool = (name: string, spec: object) => ({ metadata: { name }, spec });
const denied = (kind: string, why: string) =>
  `admission webhook "${kind}validationwebhook.metallb.io" denied the request: ${why}`;
const ofPools = (why: string) => denied('ipaddresspool', why);
const ofAdvertisements = (why: string) => denied('l2advertisement', why);

const cases: { name: string; path: string; body: object; why: string }[] = [
  {
    name: 'another namespace',
    path: namespaced('default', 'ipaddresspools'),
    body: pool('x', { addresses: ['10.1.0.0/24'] }),
    why: ofPools('resource must be created in metallb-system namespace'),
  },
  {
    name: 'no range at all',
    path: pools,
    body: pool('x', { addresses: [] }),
    why: ofPools('parsing address pool x: pool has no prefixes defined'),
  },
  {
    name: 'no prefix',
    path: pools,
    body: pool('x', { addresses: ['10.1.0.0/33'] }),
    why: ofPools(
      'parsing address pool x: invalid CIDR "10.1.0.0/33" in pool "x": invalid CIDR "10.1.0.0/33"',
    ),
  },
  {
    name: 'a range that runs backwards',
    path: pools,
    body: pool('x', { addresses: ['10.1.0.9-10.1.0.3'] }),
    why: ofPools(
      'parsing address pool x: invalid CIDR "10.1.0.9-10.1.0.3" in pool "x": invalid IP range "10.1.0.9-10.1.0.3": start IP "10.1.0.9" is after the end IP "10.1.0.3"',
    ),
  },
  {
    name: 'addresses of another pool',
    path: pools,
    body: pool('x', { addresses: ['10.0.0.248-10.0.1.5'] }),
    why: ofPools('CIDR "10.0.0.248/29" in pool "x" overlaps with already defined CIDR "10.0.0.248/31"'),
  },
  {
    name: 'an address twice',
    path: pools,
    body: pool('x', { addresses: ['fd00::/120', 'fd00::4-fd00::4'] }),
    why: ofPools('CIDR "fd00::4/128" in pool "x" overlaps with already defined CIDR "fd00::/120"'),
  },
  {
    name: 'a namespace twice',
    path: pools,
    body: pool('x', { addresses: ['10.1.0.0/24'], serviceAllocation: { namespaces: ['a', 'a'] } }),
    why: ofPools('parsing address pool x: duplicate definition in namespaces field'),
  },
  {
    name: 'a pool twice',
    path: advertisements,
    body: { metadata: { name: 'x' }, spec: { ipAddressPools: ['a', 'a'] } },
    why: ofAdvertisements('duplicate definition of ipAddressPools "a"'),
  },
];

test(`${metallbPools.name} refuses`, async (context) => {
  const server = await startTestServer();
  context.after(() => server.close());
  await make(server, '/api/v1/namespaces', { metadata: { name: 'metallb-system' } });
  await make(server, pools, pool('first', { addresses: ['10.0.0.200-10.0.0.250'] }));
  for (const { name, path, body, why } of cases)
    await context.test(name, async () => {
      const answer = await server.call('POST', path, { body });
      assert.deepEqual(verdict(answer), [403, 'Forbidden', why]);
    });
  await context.test('and takes what is the same pool again', async () => {
    const answer = await server.call('GET', `${pools}/first`);
    const { status } = await server.call('PUT', `${pools}/first`, { body: JSON.parse(answer.text) });
    assert.equal(status, 200);
  });
});
