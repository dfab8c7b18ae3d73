import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diffTables } from './diff.ts';
import { elementsPerCommand } from './limits.ts';
import { renderOperations } from './render.ts';
import { firstMark, sampleTable } from './sample-table.ts';

const target = { family: 'ip', name: 'contract' } as const;

test('a whole table, as nft reads it', () => {
  const text = renderOperations(diffTables(undefined, sampleTable('ip')), target);
  assert.deepEqual(text.split('\n'), [
    'add table ip contract',
    'delete table ip contract',
    'add table ip contract',
    'add map ip contract services { type ipv4_addr . inet_proto . inet_service : verdict; }',
    'add map ip contract endpoints { type ipv4_addr . inet_proto . inet_service . mark : ipv4_addr . inet_service; }',
    'add map ip contract by-id { type ipv4_addr . inet_proto . inet_service . mark : ipv4_addr . inet_service; }',
    'add map ip contract ids { type ipv4_addr . inet_proto . inet_service . mark : mark; }',
    'add set ip contract addresses { type ipv4_addr; }',
    'add set ip contract ranges { type ipv4_addr; flags interval; }',
    'add set ip contract sources { type ipv4_addr . inet_proto . inet_service . ipv4_addr; flags interval; }',
    'add map ip contract affinity { type ipv4_addr : mark; flags dynamic,timeout; size 1024; }',
    'add chain ip contract prerouting { type nat hook prerouting priority -100; policy accept; }',
    'add chain ip contract filter { type filter hook prerouting priority -90; policy accept; }',
    'add chain ip contract postrouting { type nat hook postrouting priority 100; policy accept; }',
    'add chain ip contract service-chain',
    'add chain ip contract dispatch-2',
    'add chain ip contract affinity-2',
    'add chain ip contract reject-it',
    'flush chain ip contract prerouting',
    'add rule ip contract prerouting ip daddr @ranges jump service-chain',
    'flush chain ip contract filter',
    'add rule ip contract filter ct state new ip daddr . meta l4proto . th dport . ip saddr != @sources goto reject-it',
    'flush chain ip contract postrouting',
    'add rule ip contract postrouting meta mark & 0x40000000 == 0x40000000 ct status dnat masquerade fully-random',
    'flush chain ip contract service-chain',
    'add rule ip contract service-chain ip daddr . meta l4proto . th dport vmap @services',
    'flush chain ip contract dispatch-2',
    'add rule ip contract dispatch-2 meta mark set numgen random mod 2 offset 1073741824 dnat ip to ip daddr . meta l4proto . th dport . meta mark map @endpoints',
    'flush chain ip contract affinity-2',
    'add rule ip contract affinity-2 meta mark set ip saddr map @affinity update @affinity { ip saddr timeout 10800s : meta mark } dnat ip to ip daddr . meta l4proto . th dport . meta mark map @by-id',
    'add rule ip contract affinity-2 delete @affinity { ip saddr : meta mark }',
    'add rule ip contract affinity-2 meta mark set numgen random mod 2 offset 1073741824 meta mark set ip daddr . meta l4proto . th dport . meta mark map @ids',
    'add rule ip contract affinity-2 dnat ip to ip daddr . meta l4proto . th dport . meta mark map @by-id',
    'flush chain ip contract reject-it',
    'add rule ip contract reject-it meta l4proto tcp reject with tcp reset',
    'add rule ip contract reject-it reject',
    'add element ip contract services { 10.96.0.1 . tcp . 80 : goto dispatch-2, 10.96.0.2 . udp . 53 : drop }',
    'add element ip contract endpoints { 10.96.0.1 . tcp . 80 . 1073741824 : 10.244.0.2 . 8080, 10.96.0.1 . tcp . 80 . 1073741825 : 10.244.0.3 . 8080 }',
    'add element ip contract by-id { 10.96.0.1 . tcp . 80 . 1073742097 : 10.244.0.2 . 8080 }',
    'add element ip contract ids { 10.96.0.1 . tcp . 80 . 1073741824 : 1073742097 }',
    'add element ip contract addresses { 10.96.0.1 }',
    'add element ip contract ranges { 10.96.0.0/16 }',
    'add element ip contract sources { 10.96.0.1 . tcp . 80 . 10.96.0.0/16 }',
    '',
  ]);
});

test('what changes is as short as the change', () => {
  const next = sampleTable('ip');
  next.sets.get('endpoints')?.elements.set(`10.96.0.1 . tcp . 80 . ${firstMark + 1}`, '10.244.0.9 . 8080');
  assert.equal(
    renderOperations(diffTables(sampleTable('ip'), next), target),
    'delete element ip contract endpoints { 10.96.0.1 . tcp . 80 . 1073741825 }\n' +
      'add element ip contract endpoints { 10.96.0.1 . tcp . 80 . 1073741825 : 10.244.0.9 . 8080 }\n',
  );
});

test('many elements are several commands', () => {
  const elements = Array.from(
    { length: elementsPerCommand + 1 },
    (_, index) => [`10.0.0.${index}`, ''] as const,
  );
  const lines = renderOperations([{ type: 'addElements', set: 'a', elements }], target)
    .trimEnd()
    .split('\n');
  assert.deepEqual(
    lines.map((line) => line.split(',').length),
    [elementsPerCommand, 1],
  );
});

test('a name or an element that nft could read as something else is refused', () => {
  for (const set of ['a; flush ruleset', '', '1a', 'a b', 'a\nb', `a${'b'.repeat(200)}`])
    assert.throws(() => renderOperations([{ type: 'deleteSet', set }], target), /is no name for nft/);
  for (const key of ['10.0.0.1 }; flush ruleset', '"a"', 'a\nb', 'a,b', '{'])
    assert.throws(
      () => renderOperations([{ type: 'addElements', set: 'a', elements: [[key, '']] }], target),
      /is no element for nft/,
    );
});
