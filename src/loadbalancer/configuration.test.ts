import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IPAddressPool } from '../kinds/metallb/types.ts';
import { readConfiguration } from './configuration.ts';

const pool = (name: string, address: string, namespace = 'metallb-system'): IPAddressPool => ({
  metadata: { name, namespace },
  spec: { addresses: [address] },
});
const configMap = (config: string) => ({ metadata: { name: 'config' }, data: { config } });
const entry = (name: string, address: string) =>
  `address-pools: [{ name: ${name}, protocol: layer2, addresses: [${address}] }]`;

const cases: Record<string, [Parameters<typeof readConfiguration>, string]> = {
  'objects of MetalLB’s namespace alone': [
    [undefined, [pool('b', '10.0.0.0/24'), pool('a', '10.0.1.0/24'), pool('c', '10.0.2.0/24', 'default')]],
    'a b',
  ],
  'both, the ConfigMap’s first': [[configMap(entry('z', '10.1.0.0/24')), [pool('a', '10.0.0.0/24')]], 'z a'],
  'one of the same name: the ConfigMap’s': [
    [configMap(entry('a', '10.0.0.0/25')), [pool('a', '10.0.0.0/24')]],
    'a',
  ],
  'a ConfigMap without its key': [[{ metadata: { name: 'config' } }, [pool('a', '10.0.0.0/24')]], 'a'],
  'a ConfigMap that overlaps an object': [
    [configMap(entry('z', '10.0.0.0/25')), [pool('a', '10.0.0.0/24')]],
    'ConfigMap: pool "a" overlaps with pool "z"',
  ],
  'objects that cannot all be meant, stored before anybody looked': [
    [undefined, [pool('a', '10.0.0.0/24'), pool('b', '10.0.0.7/32')]],
    'IPAddressPool: CIDR "10.0.0.7/32" in pool "b" overlaps with already defined CIDR "10.0.0.0/24"',
  ],
};

for (const [name, [input, result]] of Object.entries(cases))
  test(name, () => {
    const { pools, problem } = readConfiguration(...input);
    const shown = problem === undefined ? pools.map((each) => each.name).join(' ') : undefined;
    assert.equal(shown ?? `${problem?.of}: ${problem?.message}`, result);
  });
