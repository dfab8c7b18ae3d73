import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planLinks } from './plan-links.ts';

const state = [
  {
    name: 'eth0',
    addresses: ['172.30.0.2', '10.0.0.1', '10.0.0.2', '10.0.0.3'],
    announced: ['10.0.0.1', '10.0.0.2', '10.0.0.3'],
  },
  { name: 'eth1', addresses: [], announced: [] },
];
const at = (link: string, address: string) => ({ link, address });

test('what comes, what goes, what is another’s, what has no place', () => {
  const plan = planLinks({
    wanted: [
      { key: 'default/stays', addresses: ['10.0.0.1'], interfaces: undefined },
      { key: 'default/comes', addresses: ['10.0.0.4', 'fd00::4'], interfaces: ['eth1', 'bond0'] },
      { key: 'default/lost', addresses: ['10.0.0.5'], interfaces: ['bond0'] },
      { key: 'default/own', addresses: ['172.30.0.2'], interfaces: undefined },
    ],
    elsewhere: new Set(['10.0.0.2']),
    state,
    nodeAddresses: ['172.30.0.2'],
  });
  assert.deepEqual(plan, {
    add: [at('eth1', '10.0.0.4'), at('eth1', 'fd00::4')],
    gone: [at('eth0', '10.0.0.3')],
    leaving: [at('eth0', '10.0.0.2')],
    present: [at('eth0', '10.0.0.1'), at('eth1', '10.0.0.4'), at('eth1', 'fd00::4')],
    unplaced: new Map([['default/lost', '10.0.0.5']]),
  });
});
