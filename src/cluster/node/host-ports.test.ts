import assert from 'node:assert/strict';
import { test } from 'node:test';
import { removalOfSharedChains } from './host-ports.ts';

const chains = [
  '-P PREROUTING ACCEPT',
  '-N CNI-HOSTPORT-DNAT',
  '-N CNI-HOSTPORT-MASQ',
  '-N CNI-HOSTPORT-SETMARK',
  '-N SOMEBODY',
  '-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
  '-A PREROUTING -j SOMEBODY',
  '-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ',
  '-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE',
];

test('the chains go with the last port, and what is of others stays', () => {
  assert.deepEqual(removalOfSharedChains(chains.join('\n')), [
    ['-D', 'PREROUTING', '-m', 'addrtype', '--dst-type', 'LOCAL', '-j', 'CNI-HOSTPORT-DNAT'],
    [
      ...['-D', 'POSTROUTING', '-m', 'comment', '--comment', 'CNI portfwd requiring masquerade'],
      ...['-j', 'CNI-HOSTPORT-MASQ'],
    ],
    ['-F', 'CNI-HOSTPORT-DNAT'],
    ['-F', 'CNI-HOSTPORT-MASQ'],
    ['-F', 'CNI-HOSTPORT-SETMARK'],
    ['-X', 'CNI-HOSTPORT-DNAT'],
    ['-X', 'CNI-HOSTPORT-MASQ'],
    ['-X', 'CNI-HOSTPORT-SETMARK'],
  ]);
  const used = [...chains, '-A CNI-HOSTPORT-DNAT -p tcp -m multiport --dports 8080 -j CNI-DN-1'];
  assert.deepEqual(removalOfSharedChains(used.join('\n')), []);
  assert.deepEqual(removalOfSharedChains('-P PREROUTING ACCEPT\n'), []);
});
