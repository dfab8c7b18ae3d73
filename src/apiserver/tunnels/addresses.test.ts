import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalAddresses, proxyableAddress } from './addresses.ts';

const own = canonicalAddresses(['172.30.0.1', 'localhost', '2001:DB8::1']);

const cases: Record<string, { address: string; inCluster: boolean; inLoopback: boolean }> = {
  'a pod': { address: '10.244.1.5', inCluster: true, inLoopback: true },
  'a pod in IPv6': { address: 'fd00:10:244::5', inCluster: true, inLoopback: true },
  'this machine': { address: '127.0.0.1', inCluster: false, inLoopback: true },
  'any of this machine': { address: '127.244.0.5', inCluster: false, inLoopback: true },
  'this machine as IPv6 has it': { address: '::ffff:127.0.0.1', inCluster: false, inLoopback: true },
  'this machine in IPv6': { address: '::1', inCluster: false, inLoopback: false },
  'no address in particular': { address: '0.0.0.0', inCluster: false, inLoopback: false },
  'this network': { address: '0.1.2.3', inCluster: false, inLoopback: false },
  'no address in particular, in IPv6': { address: '::', inCluster: false, inLoopback: false },
  'the metadata of a cloud': { address: '169.254.169.254', inCluster: false, inLoopback: false },
  'link-local': { address: 'fe80::1', inCluster: false, inLoopback: false },
  'a group': { address: '224.0.0.1', inCluster: false, inLoopback: false },
  'a group in IPv6': { address: 'ff05::1', inCluster: false, inLoopback: false },
  everybody: { address: '255.255.255.255', inCluster: false, inLoopback: false },
  'the API server': { address: '172.30.0.1', inCluster: false, inLoopback: false },
  'the API server, written otherwise': { address: '172.030.0.1', inCluster: false, inLoopback: false },
  'the API server in IPv6': { address: '2001:db8:0::1', inCluster: false, inLoopback: false },
  'a name': { address: 'localhost', inCluster: false, inLoopback: false },
  nothing: { address: '', inCluster: false, inLoopback: false },
};

function isAllowed(address: string, allowLoopback: boolean): boolean {
  try {
    proxyableAddress(address, { own, allowLoopback });
    return true;
  } catch (error) {
    assert.deepEqual(
      [(error as { httpCode: number }).httpCode, (error as Error).message],
      [400, 'address not allowed'],
    );
    return false;
  }
}

for (const [name, { address, inCluster, inLoopback }] of Object.entries(cases))
  test(`who may be dialled: ${name}`, () =>
    assert.deepEqual([isAllowed(address, false), isAllowed(address, true)], [inCluster, inLoopback]));

test('what is dialled is the canonical form', () => {
  const rules = { own, allowLoopback: false };
  assert.equal(proxyableAddress('010.0.0.1', rules), '10.0.0.1');
  assert.equal(proxyableAddress('::ffff:10.0.0.1', rules), '10.0.0.1');
});
